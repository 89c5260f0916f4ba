"""A trace in blocks of time: what must be done within each, at its tokens' prices, whatever is done before.

A block counts only what cannot be done in another: a whole request that arrives and must end within it, or the prompt
of one whose first token is due within it. Everything else is free. A request may also be missed, unless the block lasts
so much longer that it must be answered within it all the same.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import inf
from typing import Final

from fairlead.backtest.demand import Deadlines, Demand
from fairlead.backtest.step_prices import StepPrices

ROUNDED: Final = 1 - 1e-9
"""Share of the engine seconds that suffices: sums are rounded."""


@dataclass(frozen=True, slots=True)
class DemandBlock:
    """One block: its length, and the engine seconds of the requests that may be missed in it, the cheapest first."""

    seconds: float
    works: tuple[float, ...]
    sums: tuple[float, ...]
    """Cumulative sums: of the first 0, 1, 2, … of them."""
    certain: float = 0.0
    """Engine seconds of requests that are answered within the block even if they miss their objectives."""

    @classmethod
    def of(cls, seconds: float, works: Sequence[float], certain: float = 0.0) -> "DemandBlock":
        """Sort works into a block."""
        ordered = tuple(sorted(works))
        return cls(seconds, ordered, tuple(accumulate(ordered, initial=0.0)), certain)

    @property
    def total(self) -> float:
        """Engine seconds of all requests."""
        return self.certain + self.sums[-1]

    def missed(self, engine_seconds: float) -> float:
        """Return the fewest requests left over, fractions included; infinity if not even the certain work fits."""
        if engine_seconds < ROUNDED * self.certain:
            return inf
        engine_seconds = max(engine_seconds - self.certain, 0.0)
        served = bisect_right(self.sums, engine_seconds) - 1
        if served >= len(self.works):
            return 0.0
        return len(self.works) - served - (engine_seconds - self.sums[served]) / self.works[served]

    def worth_serving(self, most_seconds: float) -> tuple[float, float]:
        """Return the engine seconds of all requests that cost at most this much, and how many are left."""
        served = bisect_right(self.works, most_seconds)
        return self.certain + self.sums[served], float(len(self.works) - served)


class PricedTrace:
    """The source of a trace's blocks."""

    def __init__(self, demand: Demand, prices: StepPrices, deadlines: Deadlines, seconds: float) -> None:
        self._seconds = seconds
        """From the first request to the last: the paid time."""
        self._arrived = demand.arrived
        self._first_s = deadlines.first_s
        last_s = deadlines.last_s
        self._last = array("d", [one + last_s(gaps) for one, gaps in zip(demand.arrived, demand.gaps, strict=True)])
        """When each request's last token is due."""
        self._prompts = array("d", prices.prefills(demand))
        self._replies = array("d", prices.decodes(demand))

    def blocks(self, length: float, answered_s: float = inf) -> Iterator[DemandBlock]:
        """Yield blocks of this length, the last one shorter: parts of the trace, which is in order of arrival.

        Within `answered_s` after its arrival a request is answered even if that misses its objectives.
        """
        arrived = self._arrived
        begin = bisect_left(arrived, 0.0)
        for number in range(int(max(-(-self._seconds // length), 1))):
            ends = min((number + 1) * length, self._seconds)
            end = bisect_right(arrived, float(number), begin, key=lambda moment: moment // length)
            due = bisect_right(arrived, ends, begin, end, key=lambda moment: moment + self._first_s)
            part = slice(begin, due)
            columns = zip(arrived[part], self._last[part], self._prompts[part], self._replies[part], strict=True)
            certain, works = 0.0, []
            for moment, last, prompt, reply in columns:
                work = prompt + reply if last <= ends else prompt
                if max(moment + answered_s, last) <= ends:
                    certain += work
                elif work > 0:
                    works.append(work)
            yield DemandBlock.of(min(length, self._seconds - number * length), works, certain)
            begin = end
