"""The two services of docs/levers.md: recorded traffic, users' expectations, and the naive fleet to start from.

`chat`: the Azure hour. `coding`: recorded Claude Code sessions, started by a seed; sessions whose prompts outgrow the
context are left out. Both start with one large model in 16 bits for everything, no prefix cache, requests sent to
replicas in turn, and constantly as many replicas as the busiest minutes need.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bench import sessions
from bench.simulated_fleets import streams, traces
from fairlead.backtest.play import PlayedTraffic
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.traffic import request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival

LARGE: Final = "hf://meta-llama/Llama-3.1-70B-Instruct"
SMALL: Final = "hf://meta-llama/Llama-3.1-8B-Instruct"
H100: Final = "NVIDIA-H100-80GB-HBM3"
CODING_CONTEXT: Final = 131_072
LONGEST: Final = 100_000
"""Tokens of a session's longest prompt: one longer than the context could not be answered at all."""
CHATS: Final = 3
"""Concurrent copies of the hour: with one or two replicas, a tenth of the cost would not show."""
APART_S: Final = 20.0
"""Between two copies, so that no request arrives three times at once; the load per minute stays the same."""
SESSION_EVERY_S: Final = 30.0
CODING_SECONDS: Final = 2400.0
SESSIONS: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Its traffic, its objectives, and the deployment that serves it."""

    name: str
    words: str
    objectives: LatencyObjectives
    traffic: PlayedTraffic
    naive: dict[str, Any]
    """The InferenceDeployment that the levers change."""
    cards: tuple[str, ...]
    """`--what-if` arguments for other GPUs with the same model."""
    batches: tuple[str, ...]
    easy: float = 0.0
    """Share of requests that a small model answers as well: an assumption, which only an evaluation can settle."""
    repeated: float = 0.0
    """Share of exact repetitions of earlier requests: an assumption, too."""


def chat() -> Service:
    """The hour of a production chat service."""
    with gzip.open(traces() / "azure-llm-2023-conv.csv.gz", "rt", encoding="utf-8") as text:
        every = list(request_traces.azure(text))
    merged = sorted(
        ((one.time + APART_S * copy, one) for copy in range(CHATS) for one in every), key=lambda each: each[0]
    )

    def arrivals(_: int) -> Iterator[RequestArrival]:
        for at, one in merged:
            yield RequestArrival(time=at, prompt_tokens=one.prompt_tokens, output_tokens=one.output_tokens)

    return Service(
        name="chat",
        words=f"{CHATS} copies of Azure's conversation hour of 2023, {APART_S:g} s apart: {len(merged):,} requests, "
        f"{len(merged) / merged[-1][0]:.0f} a second, 1,155 prompt and 211 output tokens each; the trace does not show "
        "shared prefixes",
        objectives=LatencyObjectives(ttft_p95_s=2.0, tpot_p95_s=0.1),
        traffic=PlayedTraffic(arrivals=arrivals, seconds=merged[-1][0]),
        naive=_naive(8192),
        cards=(
            "gpu=NVIDIA-H200,tensorParallel=1",
            "gpu=NVIDIA-L40S,tensorParallel=4",
            "gpu=NVIDIA-A100-SXM4-80GB,tensorParallel=2",
            "gpu=NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition,tensorParallel=1",
        ),
        batches=("maxBatchedTokens=2048", "maxBatchedTokens=4096", "maxBatchedTokens=16384"),
        easy=0.6,
        repeated=0.1,
    )


def coding() -> Service:
    """Coding agents, each with a long, growing context."""
    with gzip.open(traces() / "claude-code-sessions-even.jsonl.gz", "rt", encoding="utf-8") as text:
        lines = [line for line in text if _longest(json.loads(line)) < LONGEST]
    randomness = streams("levers")
    lines.sort(key=lambda _: randomness.random())

    def arrivals(page_tokens: int) -> Iterator[RequestArrival]:
        yield from sessions.claude_code(lines[:SESSIONS], _starts(), page_tokens, share_system=True)

    return Service(
        name="coding",
        words=f"Claude Code sessions, one started every {SESSION_EVERY_S:g} s on average, for {CODING_SECONDS / 60:g} "
        "min; a turn repeats the conversation so far and is sent once the previous one was answered",
        objectives=LatencyObjectives(ttft_p95_s=15.0, tpot_p95_s=0.1),
        traffic=PlayedTraffic(arrivals=arrivals, seconds=CODING_SECONDS),
        naive=_naive(CODING_CONTEXT),
        cards=(
            "gpu=NVIDIA-H200,tensorParallel=1",
            "gpu=NVIDIA-H200,tensorParallel=2",
            "gpu=NVIDIA-A100-SXM4-80GB,tensorParallel=4",
            "gpu=NVIDIA-RTX-PRO-6000-Blackwell-Server-Edition,tensorParallel=2",
        ),
        batches=("maxBatchedTokens=2048", "maxBatchedTokens=4096", "maxBatchedTokens=16384"),
    )


SERVICES: Final[dict[str, Callable[[], Service]]] = {"chat": chat, "coding": coding}


def _naive(context: int) -> dict[str, Any]:
    return {
        "apiVersion": "fairlead.dev/v1alpha1",
        "kind": "InferenceDeployment",
        "metadata": {"name": "service", "namespace": "default"},
        "spec": {
            "model": {"source": LARGE},
            "engine": {"context": {"maxTokens": context}, "prefixCaching": {"enabled": False}},
            "accelerator": {"product": H100},
            "parallelism": {"tensor": 4},
            "replicas": 1,
        },
    }


def _starts() -> Iterator[float]:
    randomness, at = streams("levers/starts"), 0.0
    while True:
        yield at
        at += randomness.expovariate(1 / SESSION_EVERY_S)


def _longest(session: dict[str, Any]) -> int:
    return max((_size(one) for one in session["requests"]), default=0)


def _size(request: dict[str, Any]) -> int:
    return _longest(request) if request["type"] == "subagent" else int(request["in"]) + int(request["out"])
