"""Recorded requests, thinned by a wave: a fleet must grow and shrink several times within minutes.

Sizes and the order of requests are the recording's; only how many are sent is synthetic.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival

LONGEST: Final = 4000
"""Tokens of a prompt: twenty minutes have no room for a request that takes one alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """How much of a recording is sent."""

    since: float
    """Seconds of the recording to skip."""
    seconds: float
    period: float
    least: float
    """Share of the requests at the wave's trough."""
    most: float
    seed: int

    def share(self, at: float) -> float:
        """The share at this moment; it begins at the trough."""
        height = (1 - math.cos(2 * math.pi * at / self.period)) / 2
        return self.least + (self.most - self.least) * height

    def of(self, recorded: Iterable[RequestArrival]) -> Iterator[RequestArrival]:
        """The requests to send, the first at 0 seconds."""
        chance, first = random.Random(self.seed), None  # noqa: S311  # traffic, no secret
        for one in recorded:
            at = one.time - self.since
            if at >= self.seconds:
                return
            drawn = chance.random()
            if at >= 0 and drawn < self.share(at) and one.prompt_tokens <= LONGEST:
                first = at if first is None else first
                yield replace(one, time=at - first)
