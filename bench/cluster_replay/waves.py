"""Recorded requests, thinned by a wave: a fleet must grow and shrink several times within minutes.

Sizes and the order of requests are the recording's own; only how many of them come is made up.
"""

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from fairlead.simulator.traffic.arrivals import RequestArrival

LONGEST: Final = 4000
"""Tokens of a prompt: twenty minutes have room for no request that alone takes one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """How much of a recording is asked."""

    since: float
    """Seconds of the recording that are passed over."""
    seconds: float
    period: float
    least: float
    """Share of the requests at the wave's foot."""
    most: float
    seed: int

    def share(self, at: float) -> float:
        """Of the requests at one moment; it begins at the foot."""
        height = (1 - math.cos(2 * math.pi * at / self.period)) / 2
        return self.least + (self.most - self.least) * height

    def of(self, recorded: Iterable[RequestArrival]) -> Iterator[RequestArrival]:
        """Those that are asked, the first at 0 seconds."""
        chance, first = random.Random(self.seed), None  # noqa: S311  # traffic, no secret
        for one in recorded:
            at = one.time - self.since
            if at >= self.seconds:
                return
            drawn = chance.random()
            if at >= 0 and drawn < self.share(at) and one.prompt_tokens <= LONGEST:
                first = at if first is None else first
                yield replace(one, time=at - first)
