"""The whole page: every family of vLLM 0.32 in its order, and three of our own that say how far the pretence holds."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from fairlead.simulator.live.lag import Lag
from fairlead.simulator.live.metrics import exposition, families, own_process
from fairlead.simulator.live.metrics.exposition import Child, Sample, Spread
from fairlead.simulator.live.metrics.families import Family, Kind
from fairlead.simulator.live.metrics.tally import HISTOGRAMS, Tally
from fairlead.simulator.live.metrics.web import Web

CACHE: Final = Family("vllm:cache_config_info", Kind.GAUGE, "How the KV cache is laid out.")
ADAPTERS: Final = Family("vllm:lora_requests_info", Kind.GAUGE, "Adapters in work, and when they were.")
LAG: Final = Family("fairlead_engine_lag_seconds", Kind.GAUGE, "How late things were noticed, over three seconds.")
BEHIND: Final = Family("fairlead_engine_behind", Kind.GAUGE, "1 while its times are not the model's.")
LATE: Final = Family("fairlead_engine_late_steps", Kind.COUNTER, "Steps whose end was noticed too late.")


@dataclass(slots=True)
class Engine:
    """One data-parallel engine, as far as its metrics go."""

    number: int
    tally: Tally
    counts: Callable[[], "Counted"]
    """What the scheduler itself counts, read at a scrape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The scheduler's own counts."""

    queries: int
    hits: int
    preemptions: int
    drafts: int = 0
    draft_tokens: int = 0
    accepted: int = 0
    accepted_at: tuple[int, ...] = ()


@dataclass(slots=True, kw_only=True)
class Page:
    """Everything a scrape reads; faults may spoil what it prints."""

    model: str
    engines: Sequence[Engine]
    cache: Mapping[str, str]
    """Labels of `cache_config_info`."""
    adapter_slots: int
    guesses: bool
    """Whether tokens are guessed at all: without, vLLM has no families for it."""
    born: float
    lag: Lag
    web: Web
    rejected: dict[str, int]
    sleep_level: int = 0

    def text(self) -> str:
        """The page as it should be."""
        return "\n".join((*own_process.lines(), *self.engine_lines(), *self._own(), *self.web.lines(self.born))) + "\n"

    def engine_lines(self) -> Iterator[str]:
        """The families whose names begin with `vllm:`."""
        for family in families.BEFORE:
            yield from self._each(family, lambda _: [0])
        yield from self._gauges()
        if self.guesses:
            yield from self._guessed()
        yield from self._counters()
        yield from self._finished()
        for family in HISTOGRAMS:
            spread = [Spread(self._labels(one), one.tally.of(family)) for one in self.engines]
            yield from self._written(family, spread)
        caches = [Sample({**self.cache, "engine": str(one.number)}, 1.0) for one in self.engines]
        yield from self._written(CACHE, caches)
        if self.adapter_slots:
            yield from self._written(ADAPTERS, self._adapters())

    def _gauges(self) -> Iterator[str]:
        def waiting(one: Engine) -> list[float]:
            standing = one.tally.standing
            return [standing.waiting - standing.deferred, standing.deferred]

        yield from self._each(families.RUNNING, lambda one: [one.tally.standing.running])
        yield from self._each(families.WAITING, lambda one: [one.tally.standing.waiting])
        yield from self._each(families.WAITING_WHY, waiting)
        yield from self._each(families.ASLEEP, lambda _: [float(level == self.sleep_level) for level in range(3)])
        yield from self._each(families.USAGE, lambda one: [one.tally.standing.usage])

    def _guessed(self) -> Iterator[str]:
        yield from self._each(families.DRAFTS, lambda one: [one.counts().drafts])
        yield from self._each(families.DRAFT_TOKENS, lambda one: [one.counts().draft_tokens])
        yield from self._each(families.ACCEPTED, lambda one: [one.counts().accepted])
        places = tuple(str(place) for place in range(len(self.engines[0].counts().accepted_at)))
        at = Family(families.ACCEPTED_AT, Kind.COUNTER, "Guessed tokens that held, by place.", "position", places)
        yield from self._each(at, lambda one: one.counts().accepted_at)

    def _counters(self) -> Iterator[str]:
        def sources(one: Engine) -> list[float]:
            return [one.tally.prompt_tokens - one.tally.cached_tokens, one.tally.cached_tokens, 0]

        yield from self._each(families.QUERIES, lambda one: [one.counts().queries])
        yield from self._each(families.HITS, lambda one: [one.counts().hits])
        for family in families.NEVER:
            yield from self._each(family, lambda _: [0])
        yield from self._each(families.PREEMPTED, lambda one: [one.counts().preemptions])
        yield from self._each(families.PROMPT, lambda one: [one.tally.prompt_tokens])
        yield from self._each(families.PROMPT_FROM, sources)
        yield from self._each(families.CACHED, lambda one: [one.tally.cached_tokens])
        yield from self._each(families.CACHED_FROM, lambda one: [one.tally.cached_tokens, 0, 0, 0, 0])
        yield from self._each(families.GENERATED, lambda one: [one.tally.generation_tokens])

    def _finished(self) -> Iterator[str]:
        yield from self._each(families.SUCCESS, lambda one: list(one.tally.finished.values()))
        rejected = (
            Sample({"model_name": self.model, "reason": reason}, count) for reason, count in self.rejected.items()
        )
        yield from self._written(families.REJECTIONS, rejected)

    def _adapters(self) -> list[Child]:
        most = str(self.adapter_slots)
        seen = {names: when for one in self.engines for names, when in one.tally.adapters.items()}
        return [
            Sample({"max_lora": most, "running_lora_adapters": names, "waiting_lora_adapters": names}, when)
            for names, when in seen.items()
        ]

    def _own(self) -> Iterator[str]:
        yield from self._written(LAG, [Sample({}, self.lag.mean)])
        yield from self._written(BEHIND, [Sample({}, float(self.lag.slipping))])
        yield from self._written(LATE, [Sample({}, self.lag.steps_late)])

    def _each(self, family: Family, values: Callable[[Engine], Sequence[float]]) -> Iterator[str]:
        """One child an engine, or one for each value of the family's label."""
        samples = [
            Sample(self._labels(one) | more, value)
            for one in self.engines
            for more, value in zip(self._more(family), values(one), strict=True)
        ]
        yield from self._written(family, samples)

    def _more(self, family: Family) -> list[dict[str, str]]:
        return [{family.label: child} for child in family.children] if family.label else [{}]

    def _labels(self, one: Engine) -> dict[str, str]:
        return {"engine": str(one.number), "model_name": self.model}

    def _written(self, family: Family, children: Iterable[Child]) -> Iterator[str]:
        return exposition.written(family, children, self.born)
