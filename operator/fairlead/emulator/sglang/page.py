"""SGLang 0.5.23's metrics page, as its two collectors write it through files that its processes share.

So no series has a creation time, the process families of client libraries are missing, and a series appears with its
first sample. The scheduler's families have rank labels, the server's have none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from fairlead.emulator.engine.metrics import lag_metrics
from fairlead.emulator.engine.metrics.page import PageFacts, RankMetrics
from fairlead.emulator.engine.metrics.tally import StepGauges
from fairlead.emulator.sglang.tally import SglangTally
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.simulator.engine.settings import SchedulingPolicy
from fairlead.telemetry import client_exposition, histogram
from fairlead.telemetry import sglang_families as families
from fairlead.telemetry.client_exposition import Series
from fairlead.telemetry.metric_family import MetricFamily

_GAUGES: Final[tuple[tuple[MetricFamily, Callable[[StepGauges], float]], ...]] = (
    (families.RUNNING, lambda now: now.running),
    (families.WAITING, lambda now: now.waiting),
    (families.COMPILING, lambda _: 0),
    (families.USAGE, lambda now: round(now.usage, 2)),
    (families.FULL_USAGE, lambda now: round(now.usage, 2)),
)
_ANSWERED: Final = (families.FIRST_TOKEN, families.PER_TOKEN, families.END_TO_END)
_ENDED: Final = (
    families.INTER_TOKEN,
    families.QUEUE,
    families.PROMPT_SIZE,
    families.COMPUTED,
    families.REPLY_SIZE,
)
_PID: Final = "77"
"""The scheduler's process id, a label of one gauge."""


class SglangPage:
    """Everything a scrape reads; `FaultyExposition` may corrupt the result."""

    family_prefix: Final = "sglang:"

    def __init__(self, facts: PageFacts) -> None:
        self._facts = facts
        self._pool = facts.serve_arguments.pool_tokens or 0
        self._copies = len(facts.engines) > 1
        self._banded = facts.settings.policy is SchedulingPolicy.PRIORITY
        self._model = {"model_name": facts.serve_arguments.names[0], "engine_type": "unified"}
        self.sleep_level = 0
        self._requests: dict[tuple[str, str], int] = {}
        self._responses: dict[tuple[str, str, str], int] = {}

    def text(self) -> str:
        """Return the exposition without faults."""
        lines = (*self._scheduler(), *self._totals(), *self._histograms(), *self._web())
        return "\n".join((*lines, *lag_metrics.lines(self._facts.lag, self._facts.born))) + "\n"

    def without_engine(self) -> str:
        """Return only how far the emulation lags behind."""
        return "\n".join(lag_metrics.lines(self._facts.lag, self._facts.born)) + "\n"

    def observed(self, observation: RequestObservation) -> None:
        """Count one HTTP request that got its response."""
        request, response = (
            (observation.route, observation.method),
            (observation.route, str(observation.status), observation.method),
        )
        self._requests[request] = self._requests.get(request, 0) + 1
        self._responses[response] = self._responses.get(response, 0) + 1

    def _scheduler(self) -> Iterator[str]:
        for family, value in _GAUGES:
            yield from self._each(family, lambda one, value=value: value(_shown(one)))  # type: ignore[misc]
        yield from self._each(families.USED, lambda one: round(_shown(one).usage * self._pool))
        yield from self._each(families.CAPACITY, lambda _: self._pool)
        yield from self._each(families.PAGE, lambda _: float(self._facts.cache["page_size"]))
        yield from self._each(families.CONTEXT, lambda _: self._facts.settings.context_tokens)
        yield from self._each(families.HIT_RATE, _hit_rate)
        yield from self._each(families.RETRACTED_NOW, lambda _: 0, pid=_PID)
        if self._facts.settings.adapter_slots:
            yield from self._each(families.SLOTS_USED, lambda one: _loaded(_tally(one)))
            yield from self._each(families.SLOTS, lambda _: self._facts.settings.adapter_slots + 1)
        yield from self._written(families.TOKENS, self._modes(families.MODES, _tokens))
        yield from self._written(families.EFFECTIVE, self._modes(families.HITS, _hits))
        retracted = [(self._of_rank(one), float(one.counts().preemptions)) for one in self._facts.engines]
        yield from self._written(families.RETRACTED, [one for one in retracted if one[1]])

    def _totals(self) -> Iterator[str]:
        """Sum ended requests over the ranks, since one server counts them."""
        for family, name in (
            (families.REQUESTS, "requests"),
            (families.PROMPT, "prompt_tokens"),
            (families.GENERATED, "generation_tokens"),
        ):
            totals: dict[str, float] = {}
            for one in self._facts.engines:
                for streaming, counts in _tally(one).totals.items():
                    totals[streaming] = totals.get(streaming, 0) + getattr(counts, name)
            yield from self._written(
                family, [({**self._model, "is_streaming": key}, value) for key, value in totals.items()]
            )
        loaded = sum(one.tally.loaded_tokens for one in self._facts.engines)
        cached = sum(one.tally.cached_tokens for one in self._facts.engines) - loaded
        sources = (("device", cached), ("host", loaded))
        held = [({**self._model, "cache_source": name}, float(tokens)) for name, tokens in sources if tokens]
        yield from self._written(families.CACHED, held)
        aborted = sum(_tally(one).aborts for one in self._facts.engines)
        yield from self._written(families.ABORTED, [(self._model, float(aborted))] if aborted else [])

    def _histograms(self) -> Iterator[str]:
        """Yield histograms of all ranks together."""
        for family in (*_ANSWERED, *_ENDED):
            series: list[Series] = []
            for streaming in ("true", "false", ""):
                label = {"is_streaming": streaming} if streaming else {}
                key = (family.name, streaming)
                found = [_tally(one).histograms[key] for one in self._facts.engines if key in _tally(one).histograms]
                series += [({**self._model, **label}, histogram.together(found))] if found else []
            yield from self._written(family, series)
        read = [(one, _tally(one).histogram) for one in self._facts.engines]
        stages = [({**self._of_rank(one), "stage": families.PREFILL}, found) for one, found in read if found.up_to[-1]]
        yield from self._written(families.STAGE, stages)

    def _web(self) -> Iterator[str]:
        requests: list[Series] = [
            ({"endpoint": route, "method": method}, float(count)) for (route, method), count in self._requests.items()
        ]
        yield from self._written(families.HTTP_REQUESTS, requests)
        answered: list[Series] = [
            ({"endpoint": route, "status_code": status, "method": method}, float(count))
            for (route, status, method), count in self._responses.items()
        ]
        yield from self._written(families.HTTP_RESPONSES, answered)

    def _each(self, family: MetricFamily, value: Callable[[RankMetrics], float], **more: str) -> Iterator[str]:
        """Yield one series per rank."""
        yield from self._written(family, [({**self._of_rank(one), **more}, value(one)) for one in self._facts.engines])

    def _modes(
        self, modes: Sequence[str], counts: Callable[[SglangTally], Sequence[int]]
    ) -> list[tuple[Mapping[str, str], float]]:
        return [
            ({**self._of_rank(one), "mode": mode}, float(value))
            for one in self._facts.engines
            for mode, value in zip(modes, counts(_tally(one)), strict=True)
        ]

    def _of_rank(self, one: RankMetrics) -> dict[str, str]:
        """Return the scheduler families' labels; with priorities, the sum has an empty one."""
        ranks = {"tp_rank": "0", "pp_rank": "0", "moe_ep_rank": "0"}
        ranks |= {"dp_rank": str(one.number)} if self._copies else {}
        return self._model | ranks | ({"priority": ""} if self._banded else {})

    def _written(self, family: MetricFamily, series: Sequence[Series]) -> Iterator[str]:
        """Yield a family only once it has a series."""
        return client_exposition.family_lines(family, series, None) if series else iter(())


def _tally(one: RankMetrics) -> SglangTally:
    """Return the counts of this kind's dialect."""
    return cast("SglangTally", one.tally)


def _shown(one: RankMetrics) -> StepGauges:
    """Return the last update's gauges; an idle scheduler updates by itself."""
    tally = _tally(one)
    if not tally.gauges.running and not tally.gauges.waiting:
        tally.update()
    return tally.shown


def _hit_rate(one: RankMetrics) -> float:
    totals = _tally(one).published
    return round(totals.cached / (totals.cached + totals.computed), 4) if totals.cached else 0.0


def _loaded(tally: SglangTally) -> float:
    """Count the adapters of the last batch."""
    last = max(tally.adapters.items(), key=lambda one: one[1], default=("", 0.0))[0]
    return float(len(last.split(","))) if last else 0.0


def _tokens(tally: SglangTally) -> tuple[int, int, int]:
    return tally.published.computed, tally.published.cached, tally.published.decoded


def _hits(tally: SglangTally) -> tuple[int, int, int, int]:
    return tally.published.computed, tally.published.cached, 0, 0
