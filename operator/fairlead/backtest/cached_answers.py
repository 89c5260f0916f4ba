"""Requests that a response cache answers: they reach no engine, and users get their answers all the same."""

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.traffic.arrivals import RequestArrival


@dataclass(slots=True)
class CachedAnswers:
    """Draws which requests a response cache answers, and counts them."""

    share: float
    randomness: RandomSource
    since: float = 0.0
    """Earlier requests are not counted."""
    requests: int = 0
    output_tokens: int = 0

    def others(self, arrivals: Iterator[RequestArrival]) -> Iterator[RequestArrival]:
        """Yield the requests that engines have to answer."""
        for one in arrivals:
            if self.randomness.random() >= self.share:
                yield one
            elif one.time >= self.since:
                self.requests += 1
                self.output_tokens += one.output_tokens
