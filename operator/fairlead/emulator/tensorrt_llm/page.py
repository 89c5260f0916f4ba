"""TensorRT-LLM's metrics page, as its collector writes it through files that its processes share.

So no series has a creation time, gauges have the process among their labels, and a series appears with its first
sample: before the first request has ended, the page has only settings.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, cast

from fairlead.emulator.engine.metrics import lag_metrics
from fairlead.emulator.engine.metrics.page import PageFacts
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.emulator.tensorrt_llm.iterations import IterationStatistics
from fairlead.emulator.tensorrt_llm.tally import TensorRtTally
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.telemetry import client_exposition
from fairlead.telemetry import tensorrt_families as families
from fairlead.telemetry.client_exposition import Series
from fairlead.telemetry.metric_family import MetricFamily

_GAUGES: Final[tuple[tuple[MetricFamily, Callable[[IterationStatistics], float]], ...]] = (
    (families.RUNNING, lambda last: last.running),
    (families.WAITING, lambda last: last.waiting),
    (families.MAX_RUNNING, lambda last: last.max_running),
    (families.READING, lambda last: last.prompts),
    (families.WRITING, lambda last: last.decodes),
    (families.PAUSED, lambda _: 0),
    (families.USAGE, lambda last: last.used / last.blocks),
    (families.BLOCKS, lambda last: last.blocks),
    (families.FREE, lambda last: last.blocks - last.used),
    (families.USED, lambda last: last.used),
    (families.BLOCK_TOKENS, lambda last: last.block_tokens),
)
_TOTALS: Final[tuple[tuple[MetricFamily, Callable[[TensorRtTally], int]], ...]] = (
    (families.PROMPT, lambda tally: tally.prompts),
    (families.CACHED, lambda tally: tally.cached),
    (families.GENERATED, lambda tally: tally.outputs),
)
_PID: Final = "77"
_WRONG: Final = 400


class TensorRtPage:
    """Everything a scrape reads; `FaultyExposition` may corrupt the result."""

    family_prefix: Final = "trtllm_"

    def __init__(self, facts: PageFacts) -> None:
        self._facts = facts
        (self._rank,) = facts.engines
        self._labels = {"model_name": facts.serve_arguments.names[0], "engine_type": "pytorch"}
        self._errors: dict[str, int] = {}
        self._drafted: dict[int, tuple[int, int]] = {}
        """Drafted and accepted tokens, by how many requests had ended when they were read."""
        self.sleep_level = 0

    def text(self) -> str:
        """Return the exposition without faults."""
        lines = [*self._settings(), *self._requests()]
        if self._facts.serve_arguments.metrics.of_steps:
            lines += self._steps()
        return "\n".join((*lines, *lag_metrics.lines(self._facts.lag, self._facts.born))) + "\n"

    def without_engine(self) -> str:
        """Return only how far the emulation lags behind."""
        return "\n".join(lag_metrics.lines(self._facts.lag, self._facts.born)) + "\n"

    def observed(self, observation: RequestObservation) -> None:
        """Count one HTTP request that got an error."""
        if observation.status >= _WRONG:
            self._errors[str(observation.status)] = self._errors.get(str(observation.status), 0) + 1

    def _settings(self) -> Iterator[str]:
        serve_arguments, cache = self._facts.serve_arguments, self._facts.cache
        degrees = serve_arguments.memory.parallelism
        yield from self._gauge(
            families.MODEL, 1, {"model": serve_arguments.model, "dtype": serve_arguments.memory.dtype}
        )
        yield from self._gauge(families.PARALLEL, 1, {"tp_size": str(degrees.tensor), "pp_size": str(degrees.pipeline)})
        yield from self._gauge(families.CACHE, 1, cache)

    def _requests(self) -> Iterator[str]:
        tally = self._tally
        finished = [({"finished_reason": reason}, float(times)) for reason, times in tally.finished.items() if times]
        yield from self._written(families.SUCCESS, finished)
        yield from self._written(families.ERRORS, [({"http_code": code}, n) for code, n in self._errors.items()])
        for family, count in _TOTALS:
            yield from self._written(family, [({}, float(count(tally)))] if count(tally) else [])
        for family in families.HISTOGRAMS:
            found = tally.histograms.get(family.name)
            yield from self._written(family, [] if found is None else [({}, found)])

    def _steps(self) -> Iterator[str]:
        last = self._tally.iterations.last
        if last is None:
            return
        for family, value in _GAUGES:
            yield from self._gauge(family, value(last), {})
        yield from self._written(families.COMPLETED, [({}, float(self._tally.completed))])
        drafted, accepted = self._drafts(self._rank.counts())
        if drafted:
            yield from self._written(families.DRAFTED, [({}, float(drafted))])
            yield from self._written(families.ACCEPTED, [({}, float(accepted))])

    def _drafts(self, counts: EngineCounts) -> tuple[int, int]:
        """Return the counts of the first scrape after the last request ended."""
        ended = self._tally.completed
        if ended not in self._drafted:
            self._drafted = {ended: (counts.draft_tokens, counts.accepted)}
        return self._drafted[ended]

    @property
    def _tally(self) -> TensorRtTally:
        """The counts, which this kind's dialect created."""
        return cast("TensorRtTally", self._rank.tally)

    def _gauge(self, family: MetricFamily, value: float, more: Mapping[str, str]) -> Iterator[str]:
        yield from self._written(family, [({**more, "pid": _PID}, value)])

    def _written(self, family: MetricFamily, series: Sequence[Series]) -> Iterator[str]:
        """Yield a family only once it has a series."""
        labelled = [({**self._labels, **more}, value) for more, value in series]
        return client_exposition.family_lines(family, labelled, None) if labelled else iter(())
