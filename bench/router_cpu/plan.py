"""The plan: four kinds of requests, how many of each, and what is promised of ours."""

from dataclasses import dataclass, replace
from typing import Final

from bench.router_cpu.mock_engines import Load

STREAM_S: Final = 0.64
"""64 chunks, 10 ms apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table."""

    name: str
    load: Load
    most: float
    """Ours may cost at most this share of the better peer's CPU."""
    paced: bool = False
    """Chunks are paced by the clock."""

    def load_of(self, share: float, seed: int) -> Load:
        """The load of one round: the same requests for each router, other ones in each round."""
        return replace(self.load, requests=max(100, int(self.load.requests * share)), seed=seed)


LINES: Final = (
    Line(name="100-word prompt", load=Load(requests=30_000), most=0.70),
    Line(name="3,000-word prompt", load=Load(words=3000, shared=2000, requests=15_000), most=0.70),
    Line(name="64 chunks, coalesced", load=Load(streams=True, requests=10_000), most=0.70),
    Line(
        name="64 chunks, 10 ms apart",
        load=Load(streams=True, requests=1500, connections=100, ramp=STREAM_S),
        most=0.85,
        paced=True,
    ),
)
OPEN_CONNECTIONS: Final = 256
"""Of clients that send at a rate: more than are ever in flight at half load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of the run."""

    rounds: int = 3
    share: float = 1.0
    """Of the requests of each line."""
    latency_seconds: float = 8.0


QUICK: Final = Plan(rounds=1, share=0.1, latency_seconds=2.0)
