"""The metrics of a recorded run each second, as in `timeseries.csv` of the vLLM runs in
../shared/traces/vllm-0.19-rtx4090."""

import csv
import io
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSecond:
    """What the engine reported at the end of a second."""

    prompt_tokens: float
    """Prompt tokens computed in the second."""
    generation_tokens: float
    running: int
    waiting: int
    usage: float
    """KV cache usage: the share of the blocks that is held."""


def read_seconds(timeline: str) -> tuple[RecordedSecond, ...]:
    """Read the timeline; `ValueError` names a column that is missing or not a number."""
    try:
        return tuple(_second(row) for row in csv.DictReader(io.StringIO(timeline)))
    except (KeyError, TypeError, ValueError) as problem:
        columns = "t,prompt_throughput,gen_throughput,running,waiting,kv_cache_pct"
        raise ValueError(f"the timeline is no table of {columns}: {problem}") from problem


def _second(row: dict[str, str]) -> RecordedSecond:
    return RecordedSecond(
        prompt_tokens=float(row["prompt_throughput"]),
        generation_tokens=float(row["gen_throughput"]),
        running=int(row["running"]),
        waiting=int(row["waiting"]),
        usage=float(row["kv_cache_pct"]) / 100,
    )
