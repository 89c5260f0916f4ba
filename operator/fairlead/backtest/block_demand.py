"""A trace in blocks of time: what must be done within each, at its tokens' prices, whatever is done before.

A block counts only what cannot be done in another: a whole request that arrives and must end within it, or the prompt
of one whose first token is due within it. Everything else is free.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from fairlead.backtest.demand import Deadlines, Demand
from fairlead.backtest.step_prices import StepPrices


@dataclass(frozen=True, slots=True)
class DemandBlock:
    """One block: its length, and the engine seconds of its requests, the cheapest first."""

    seconds: float
    works: tuple[float, ...]
    sums: tuple[float, ...]
    """Cumulative sums: of the first 0, 1, 2, … of them."""

    @classmethod
    def of(cls, seconds: float, works: Sequence[float]) -> "DemandBlock":
        """Sort works into a block."""
        ordered = tuple(sorted(works))
        return cls(seconds, ordered, tuple(accumulate(ordered, initial=0.0)))

    @property
    def total(self) -> float:
        """Engine seconds of all requests."""
        return self.sums[-1]

    def missed(self, engine_seconds: float) -> float:
        """Return the fewest requests left over, fractions included."""
        served = bisect_right(self.sums, engine_seconds) - 1
        if served >= len(self.works):
            return 0.0
        return len(self.works) - served - (engine_seconds - self.sums[served]) / self.works[served]

    def worth_serving(self, most_seconds: float) -> tuple[float, float]:
        """Return the engine seconds of all requests that cost at most this much, and how many are left."""
        served = bisect_right(self.works, most_seconds)
        return self.sums[served], float(len(self.works) - served)


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

    def blocks(self, length: float) -> Iterator[DemandBlock]:
        """Yield blocks of this length, the last one shorter: parts of the trace, which is in order of arrival."""
        arrived = self._arrived
        begin = bisect_left(arrived, 0.0)
        for number in range(int(max(-(-self._seconds // length), 1))):
            ends = min((number + 1) * length, self._seconds)
            end = bisect_right(arrived, float(number), begin, key=lambda moment: moment // length)
            due = bisect_right(arrived, ends, begin, end, key=lambda moment: moment + self._first_s)
            part = slice(begin, due)
            columns = zip(self._last[part], self._prompts[part], self._replies[part], strict=True)
            works = [prompt + reply if last <= ends else prompt for last, prompt, reply in columns]
            yield DemandBlock.of(min(length, self._seconds - number * length), [work for work in works if work > 0])
            begin = end
