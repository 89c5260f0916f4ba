"""A recorded run as text: its requests with their arrival and token times, and the engine's metrics each second.

The format is that of the vLLM runs in ../shared/traces/vllm-0.19-rtx4090: `requests.jsonl` on the engine's clock,
`timeseries.csv`, and the workload with its chains of block hashes.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.replay import recordings
from fairlead.simulator.replay.recordings import RecordedSecond
from fairlead.simulator.traffic.prefix_blocks import expanded_runs
from fairlead.sizing import measured_rows
from fairlead.sizing.measured_rows import BadMeasurement, MeasuredFields
from fairlead.sizing.recorded_requests import block_runs

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request of the run; seconds from the first arrival."""

    prompt_tokens: int
    output_tokens: int
    arrived: float
    first_token: float
    last_token: float
    prefix: tuple[int, ...]

    @property
    def ttft(self) -> float:
        """From arrival to the first token."""
        return self.first_token - self.arrived

    @property
    def tpot(self) -> float:
        """Mean time from the first token to the last, per token."""
        return (self.last_token - self.first_token) / max(1, self.output_tokens - 1)

    @property
    def latency(self) -> float:
        """From arrival to the last token."""
        return self.last_token - self.arrived

    def engine_request(self, serial: int) -> EngineRequest:
        """The same request for the simulated engine."""
        return EngineRequest(
            serial=serial,
            prompt_tokens=self.prompt_tokens,
            output_tokens=self.output_tokens,
            arrived=self.arrived,
            prefix=self.prefix,
        )


@dataclass(frozen=True, slots=True)
class Recording:
    """One recorded run."""

    answered: tuple[RecordedRequest, ...]
    seconds: tuple[RecordedSecond, ...]


def read(requests: Iterable[str], timeline: str, workload: Iterable[str]) -> Recording:
    """Read the texts of the three files; requests and workload are in the same order.

    `BadMeasurement` names the line and the problem; the file's name precedes it.
    """
    rows = _of("requests.jsonl", lambda: [_times(row) for row in measured_rows.json_rows(requests)])
    chains = _of("workload", lambda: [expanded_runs(block_runs(row)) for row in measured_rows.json_rows(workload)])
    if len(rows) != len(chains) or not rows:
        raise ValueError(f"{len(rows)} requests but {len(chains)} rows of workload; take the workload of this run")
    start = min(arrived for _, (arrived, _, _) in rows)
    return Recording(
        tuple(_recorded_request(row, chain, start) for row, chain in zip(rows, chains, strict=True)),
        _of("timeseries.csv", lambda: recordings.read_seconds(timeline)),
    )


def _of(file: str, reading: Callable[[], Found]) -> Found:
    try:
        return reading()
    except BadMeasurement as problem:
        raise ValueError(f"{file} {problem}") from problem


_Times = tuple[tuple[int, int], tuple[float, float, float]]
"""Tokens of prompt and reply; on the engine's clock: queued, first token, last token."""


def _times(row: MeasuredFields) -> _Times:
    queued = row.number("queued_ts")
    first = row.number("first_token_ts", least=queued)
    return (row.count("input_toks", 1), row.count("output_toks", 1)), (
        queued,
        first,
        row.number("last_token_ts", least=first),
    )


def _recorded_request(row: _Times, chain: list[int], start: float) -> RecordedRequest:
    (prompt, output), (queued, first, last) = row
    return RecordedRequest(
        prompt_tokens=prompt,
        output_tokens=output,
        arrived=queued - start,
        first_token=first - start,
        last_token=last - start,
        prefix=tuple(chain),
    )
