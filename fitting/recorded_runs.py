"""A recorded run as text: its requests with their arrival and token times, and the engine's metrics each second.

The format is that of the vLLM runs in ../shared/traces/vllm-0.19-rtx4090: `requests.jsonl` on the engine's clock,
`timeseries.csv`, and the workload with its chains of block hashes.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.replay import recordings
from fairlead.simulator.replay.recordings import RecordedSecond


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
    """Read the texts of the three files; requests and workload are in the same order."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in requests]
    chains = [_chain(json.loads(line)["hash_runs"]) for line in workload]
    if len(rows) != len(chains):
        raise ValueError(f"{len(rows)} requests but {len(chains)} rows of workload; take the workload of this run")
    start = min(row["queued_ts"] for row in rows)
    return Recording(
        tuple(_recorded_request(row, chain, start) for row, chain in zip(rows, chains, strict=True)),
        recordings.read_seconds(timeline),
    )


def _chain(runs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(page for first, count in runs for page in range(first, first + count))


def _recorded_request(row: dict[str, Any], chain: tuple[int, ...], start: float) -> RecordedRequest:
    return RecordedRequest(
        prompt_tokens=row["input_toks"],
        output_tokens=row["output_toks"],
        arrived=row["queued_ts"] - start,
        first_token=row["first_token_ts"] - start,
        last_token=row["last_token_ts"] - start,
        prefix=chain,
    )
