"""The metrics of a recorded run each second, as in `timeseries.csv` of the vLLM runs in
../shared/traces/vllm-0.19-rtx4090."""

import io
from dataclasses import dataclass
from typing import Final

from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import MeasuredFields


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSecond:
    """What the engine reported at the end of a second."""

    prompt_tokens: float
    """Prompt tokens computed in the second."""
    generation_tokens: float
    running: int
    waiting: int
    usage: float
    """KV cache usage: the share of the blocks that requests hold."""


_COLUMNS: Final = ("prompt_throughput", "gen_throughput", "running", "waiting", "kv_cache_pct")


def read_seconds(timeline: str) -> tuple[RecordedSecond, ...]:
    """Read the timeline; `BadMeasurement` names the line and the invalid column."""
    return tuple(map(_second, measured_rows.csv_rows(io.StringIO(timeline, newline=""), _COLUMNS)))


def _second(row: MeasuredFields) -> RecordedSecond:
    return RecordedSecond(
        prompt_tokens=row.number("prompt_throughput"),
        generation_tokens=row.number("gen_throughput"),
        running=row.count("running"),
        waiting=row.count("waiting"),
        usage=row.number("kv_cache_pct", most=100.0) / 100,
    )
