"""vLLM's whole exposition: every family of vLLM 0.32 in its order, and three of our own about the emulation's lag."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, cast

from fairlead.emulator.engine.metrics import lag_metrics, process_metrics
from fairlead.emulator.engine.metrics.page import PageFacts, RankMetrics
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.emulator.vllm.http_metrics import HttpMetrics
from fairlead.emulator.vllm.tally import VllmTally
from fairlead.telemetry import client_exposition
from fairlead.telemetry import engine_families as families
from fairlead.telemetry.client_exposition import Series
from fairlead.telemetry.metric_family import MetricFamily


class EngineMetrics:
    """Everything a scrape reads; `FaultyExposition` may corrupt the result."""

    family_prefix: Final = "vllm:"

    def __init__(self, facts: PageFacts) -> None:
        self.model = facts.serve_arguments.names[0]
        self.engines = facts.engines
        self.cache = facts.cache
        self.adapter_slots = facts.settings.adapter_slots
        self.guesses = facts.settings.speculation is not None
        """Whether speculative decoding is on; without it vLLM exposes no families for it."""
        self.load_s = facts.settings.load_s
        self.block_bytes = _block_bytes(facts)
        """Bytes of one block in main memory; 0 without any there."""
        self.born = facts.born
        self.lag = facts.lag
        self.rejected = facts.rejected
        self.sleep_level = 0
        self._web = HttpMetrics()

    def text(self) -> str:
        """Return the exposition without faults."""
        own = lag_metrics.lines(self.lag, self.born)
        return "\n".join((*process_metrics.lines(), *self.engine_lines(), *own, *self._web.lines(self.born))) + "\n"

    def without_engine(self) -> str:
        """Return the process's families alone."""
        return "\n".join(process_metrics.lines()) + "\n"

    def observed(self, observation: RequestObservation) -> None:
        """Count one HTTP request that got its response."""
        self._web.observed(observation)

    def engine_lines(self) -> Iterator[str]:
        """Yield the families whose names begin with `vllm:`."""
        for family in families.ESTIMATES:
            yield from self._each(family, lambda _: [0])
        yield from self._gauges()
        if self.guesses:
            yield from self._guessed()
        yield from self._counters()
        yield from self._finished()
        for family in families.HISTOGRAMS:
            spread = [(self._labels(one), _histograms(one).of(family)) for one in self.engines]
            yield from self._written(family, spread)
        caches = [({**self.cache, "engine": str(one.number)}, 1.0) for one in self.engines]
        yield from self._written(families.CACHE, caches)
        if self.adapter_slots:
            yield from self._written(families.ADAPTERS, self._adapters())

    def _gauges(self) -> Iterator[str]:
        def waiting(one: RankMetrics) -> list[float]:
            gauges = one.tally.gauges
            return [gauges.waiting - gauges.deferred, gauges.deferred]

        yield from self._each(families.RUNNING, lambda one: [one.tally.gauges.running])
        yield from self._each(families.WAITING, lambda one: [one.tally.gauges.waiting])
        yield from self._each(families.WAITING_BY_REASON, waiting)
        yield from self._each(families.ASLEEP, lambda _: [float(level == self.sleep_level) for level in range(3)])
        yield from self._each(families.USAGE, lambda one: [one.tally.gauges.usage])

    def _guessed(self) -> Iterator[str]:
        yield from self._each(families.DRAFTS, lambda one: [one.counts().drafts])
        yield from self._each(families.DRAFT_TOKENS, lambda one: [one.counts().draft_tokens])
        yield from self._each(families.ACCEPTED, lambda one: [one.counts().accepted])
        places = tuple(str(place) for place in range(len(self.engines[0].counts().accepted_per_position)))
        at = replace(families.ACCEPTED_AT, children=places)
        yield from self._each(at, lambda one: one.counts().accepted_per_position)

    def _counters(self) -> Iterator[str]:
        def sources(one: RankMetrics) -> list[float]:
            tally = one.tally
            return [tally.prompt_tokens - tally.cached_tokens, *held(one)[:2]]

        def held(one: RankMetrics) -> list[float]:
            loaded = one.tally.loaded_tokens
            return [one.tally.cached_tokens - loaded, loaded, 0, 0, 0]

        yield from self._each(families.QUERIES, lambda one: [one.counts().queries])
        yield from self._each(families.HITS, lambda one: [one.counts().hits])
        yield from self._each(families.BEYOND_QUERIES, lambda one: [one.counts().host_queries])
        yield from self._each(families.BEYOND_HITS, lambda one: [one.counts().host_hits])
        for family in families.UNUSED_CACHES:
            yield from self._each(family, lambda _: [0])
        yield from self._each(families.PREEMPTED, lambda one: [one.counts().preemptions])
        yield from self._each(families.PROMPT, lambda one: [one.tally.prompt_tokens])
        yield from self._each(families.PROMPT_FROM, sources)
        yield from self._each(families.CACHED, lambda one: [one.tally.cached_tokens])
        yield from self._each(families.CACHED_FROM, held)
        yield from self._each(families.GENERATED, lambda one: [one.tally.generation_tokens])
        if self.block_bytes:
            yield from self._offloaded()

    def _offloaded(self) -> Iterator[str]:
        size, seconds = self.block_bytes, self.load_s
        yield from self._each(families.LOADED_BYTES, lambda one: [one.counts().loaded_blocks * size])
        yield from self._each(families.LOADED_SECONDS, lambda one: [one.counts().loaded_blocks * seconds])
        yield from self._each(families.STORED_BYTES, lambda one: [one.counts().stored_blocks * size])
        yield from self._each(families.STORED_SECONDS, lambda one: [one.counts().stored_blocks * seconds])

    def _finished(self) -> Iterator[str]:
        yield from self._each(families.SUCCESS, lambda one: list(one.tally.finished.values()))
        rejected = (({"model_name": self.model, "reason": reason}, count) for reason, count in self.rejected.items())
        yield from self._written(families.REFUSALS, rejected)

    def _adapters(self) -> list[Series]:
        most = str(self.adapter_slots)
        seen = {names: when for one in self.engines for names, when in one.tally.adapters.items()}
        return [
            ({"max_lora": most, "running_lora_adapters": names, "waiting_lora_adapters": names}, when)
            for names, when in seen.items()
        ]

    def _each(self, family: MetricFamily, values: Callable[[RankMetrics], Sequence[float]]) -> Iterator[str]:
        """Yield one child for each rank, or one for each value of the family's label."""
        samples = [
            (self._labels(one) | more, value)
            for one in self.engines
            for more, value in zip(self._more(family), values(one), strict=True)
        ]
        yield from self._written(family, samples)

    def _more(self, family: MetricFamily) -> list[dict[str, str]]:
        return [{family.labels[-1]: child} for child in family.children] if family.labels else [{}]

    def _labels(self, one: RankMetrics) -> dict[str, str]:
        return {"engine": str(one.number), "model_name": self.model}

    def _written(self, family: MetricFamily, children: Iterable[Series]) -> Iterator[str]:
        return client_exposition.family_lines(family, children, self.born)


def _block_bytes(facts: PageFacts) -> float:
    """Over all GPUs of a rank."""
    held, blocks = facts.serve_arguments.memory, facts.settings.host_blocks
    return held.host_cache.replica_bytes / held.parallelism.data / blocks if blocks else 0.0


def _histograms(one: RankMetrics) -> VllmTally:
    """Return the counts of this kind's dialect."""
    return cast("VllmTally", one.tally)
