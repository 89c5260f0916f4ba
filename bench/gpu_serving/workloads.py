"""Requests with batches, contexts and mixtures that no sweep point has: random arrivals of random lengths."""

import random
from collections.abc import Mapping
from typing import Final

from bench.simulated_workload import WorkloadRequest


def drawn(seed: int, rate: float, prompts: tuple[int, int], replies: tuple[int, int]) -> tuple[WorkloadRequest, ...]:
    """Some twelve seconds of requests."""
    chance = random.Random(seed)  # noqa: S311  # requests, not secrets
    at, found = 0.0, []
    while at < SECONDS:
        at += chance.expovariate(rate)
        found.append(WorkloadRequest(at, chance.randint(*prompts), chance.randint(*replies)))
    return tuple(found)


SECONDS: Final = 12.0
WORKLOADS: Final[Mapping[str, tuple[WorkloadRequest, ...]]] = {
    "chat": drawn(1, 8.0, (50, 1500), (50, 400)),
    "long prompts": drawn(2, 4.0, (1000, 8000), (50, 300)),
    "busy": drawn(3, 24.0, (50, 1500), (50, 300)),
}
