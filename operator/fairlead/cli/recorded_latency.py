"""Compares recorded latencies with the model's for the same requests, so that its error is stated first.

Requests that were refused, cut or answered by a cache say nothing about engines, and are left out.
"""

import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, isfinite
from typing import Final

from fairlead.backtest.repeats import Repeated
from fairlead.cli.simulate_traffic import ReadTrace
from fairlead.documents import json_document
from fairlead.simulator.traffic import access_lines

FEWEST: Final = 20
"""Fewest streams for a meaningful percentile."""
OTHER_TRAFFIC: Final = (
    "model error unknown: --speed-up, --longest-gap and --sample simulate other traffic than was "
    "recorded; leave them out"
)
INTERRUPTED: Final = "model error unknown: the simulation of what runs was interrupted"
_ROUNDING_SECONDS: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedLatency:
    """Percentiles over streams, in seconds."""

    streams: int
    ttft_p50: float
    ttft_p95: float
    tpot_p50: float


def words(lines: Iterable[bytes], trace: ReadTrace, *, sampled: bool, played: Repeated | None) -> str:
    """State the model's error on the part of the lines that was played; `played` is the deployment that wrote them."""
    if trace.began is None or sampled:
        return OTHER_TRAFFIC
    if played is None:
        return INTERRUPTED
    return beside(of_lines(lines, trace.began, trace.began + trace.seconds), played)


def of_lines(lines: Iterable[bytes], since: float = -inf, until: float = inf) -> RecordedLatency | None:
    """Compute from access lines of requests that came in this time; None if too few streams were answered."""
    first, between = [], []
    for line in lines:
        entry = json_document.read(line)
        answered = entry.get("status") == access_lines.ANSWERED and not entry.get("cut")
        own = entry.get("cache") not in access_lines.CACHED
        if answered and own and "ttft_ms" in entry and "tpot_ms" in entry and _came(entry["time"], since, until):
            first.append(entry["ttft_ms"] / 1000)
            between.append(entry["tpot_ms"] / 1000)
    if len(first) < FEWEST:
        return None
    return RecordedLatency(
        streams=len(first),
        ttft_p50=statistics.median(first),
        ttft_p95=statistics.quantiles(first, n=20, method="inclusive")[-1],
        tpot_p50=statistics.median(between),
    )


def _came(written: str, since: float, until: float) -> bool:
    moment = datetime.fromisoformat(written)
    seconds = moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()
    return since - _ROUNDING_SECONDS <= seconds <= until + _ROUNDING_SECONDS


def beside(recorded: RecordedLatency | None, played: Repeated) -> str:
    """Format one line: measured, played, and the difference."""
    if recorded is None:
        return f"model error unknown: fewer than {FEWEST} streams were answered in the recorded time"
    pairs = (
        ("TTFT p50", recorded.ttft_p50, played.figure("ttftP50Seconds"), 1.0, "s"),
        ("TTFT p95", recorded.ttft_p95, played.figure("ttftP95Seconds"), 1.0, "s"),
        ("TPOT p50", recorded.tpot_p50, played.figure("tpotP50Seconds"), 1000.0, "ms"),
    )
    found = [
        f"{name} {real * unit:.4g} {word}, simulated {model.mean * unit:.4g} {word} ({model.mean / real - 1:+.0%})"
        for name, real, model, unit, word in pairs
        if model is not None and isfinite(model.mean) and real > 0
    ]
    if not found:
        return f"model error unknown: no request is answered in the simulation of {played.name}"
    return f"model error, {played.name} against {recorded.streams:,} recorded streams: {'; '.join(found)}"
