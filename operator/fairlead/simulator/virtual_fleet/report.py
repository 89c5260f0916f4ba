"""The result of a run as figures, which print as a table or become JSON."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from fairlead.fleet.plurals import count
from fairlead.simulator.virtual_fleet.quantile_sketch import QuantileSketch
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

PARTS: Final = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyFigures:
    """Latencies in seconds; NaN without requests."""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, spread: QuantileSketch) -> "LatencyFigures":
        """Return a sketch's figures: percentiles within 0.25 %, mean and maximum exact."""
        parts = {name: spread.percentile(part) for name, part in PARTS.items()}
        return cls(mean=spread.mean, most=spread.most if spread.count else math.nan, **parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetGauges:
    """The fleet over time, one value per snapshot."""

    at: tuple[float, ...]
    ready: tuple[int, ...]
    starting: tuple[int, ...]
    held: tuple[int, ...]
    waiting: tuple[int, ...]
    running: tuple[int, ...]
    usage: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationReport:
    """Figures of the requests in the measured span."""

    seconds: float
    """Length of the measured span."""
    arrived: int
    answered: int
    refused: int
    left: int
    ttft: LatencyFigures
    tpot: LatencyFigures
    e2e: LatencyFigures
    kept_first: float
    """Share of arrived requests that were answered within the TTFT objective; the next two fields likewise."""
    kept_pace: float
    kept: float
    requests_per_second: float
    prompt_tokens_per_second: float
    output_tokens_per_second: float
    cached_share: float
    """Share of prompt tokens that were cached."""
    preemptions: int
    gpu_hours: float
    gauges: FleetGauges

    def as_document(self) -> dict[str, Any]:
        """Return the report for JSON, with null in place of `nan`, which JSON lacks."""
        return _plain(asdict(self))

    def as_text(self) -> str:
        """Return the report as a text table."""
        rows = [f"{'':<6} {'mean':>9} {'p50':>9} {'p90':>9} {'p95':>9} {'p99':>9} {'most':>9}"]
        for name, times in (("TTFT s", self.ttft), ("TPOT s", self.tpot), ("E2E s", self.e2e)):
            figures = (times.mean, times.p50, times.p90, times.p95, times.p99, times.most)
            rows.append(f"{name:<6} " + " ".join(f"{figure:>9.4g}" for figure in figures))
        return "\n".join((*self._head(), *rows, *self._foot()))

    def _head(self) -> tuple[str, ...]:
        over = f"{self.answered:,} answered, {self.refused:,} refused, {self.left:,} left"
        return (f"{count(self.arrived, 'request')} in {self.seconds:,.0f} s: {over}",)

    def _foot(self) -> tuple[str, ...]:
        kept = f"first token {self.kept_first:.2%}, pace {self.kept_pace:.2%}, both {self.kept:.2%}"
        tokens = f"{self.prompt_tokens_per_second:,.0f} prompt and {self.output_tokens_per_second:,.0f} output tokens"
        return (
            f"objectives kept: {kept}",
            f"a second: {self.requests_per_second:.2f} requests, {tokens}; {self.cached_share:.1%} of prompts cached",
            f"{self.gpu_hours:.2f} GPU hours, {count(self.preemptions, 'preemption')}",
        )


def report(statistics: RunStatistics, seconds: float, gpu_seconds: float) -> SimulationReport:
    """Report a run's statistics; the simulation provides span and GPU seconds."""
    counts = statistics.counts
    arrived, lasted = max(counts.arrived, 1), seconds or math.nan
    return SimulationReport(
        seconds=seconds,
        arrived=counts.arrived,
        answered=counts.answered,
        refused=counts.refused,
        left=counts.left,
        ttft=LatencyFigures.of(statistics.ttft),
        tpot=LatencyFigures.of(statistics.tpot),
        e2e=LatencyFigures.of(statistics.e2e),
        kept_first=counts.kept_first / arrived,
        kept_pace=counts.kept_pace / arrived,
        kept=counts.kept / arrived,
        requests_per_second=counts.answered / lasted,
        prompt_tokens_per_second=counts.prompt_tokens / lasted,
        output_tokens_per_second=counts.output_tokens / lasted,
        cached_share=counts.cached_tokens / max(counts.prompt_tokens, 1),
        preemptions=counts.preemptions,
        gpu_hours=gpu_seconds / 3600,
        gauges=_gauges(statistics),
    )


def _gauges(statistics: RunStatistics) -> FleetGauges:
    series = statistics.series
    return FleetGauges(
        at=tuple(series.at),
        ready=tuple(series.ready),
        starting=tuple(series.starting),
        held=tuple(series.held),
        waiting=tuple(series.waiting),
        running=tuple(series.running),
        usage=tuple(series.usage),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(one) if isinstance(one, Mapping) else _finite(one) for name, one in values.items()}


def _finite(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
