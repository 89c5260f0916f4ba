"""A trace in blocks of time: what must be done within each, by the prices of its tokens, whatever is done before it.

Counted in a block is only what cannot be done in another: a whole request that comes and must have ended within it, or
the prompt of one whose first token is due within it. All else is free.
"""

from array import array
from bisect import bisect_right
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
    """Of the first none, one, two, … of them."""

    @classmethod
    def of(cls, seconds: float, works: Sequence[float]) -> "DemandBlock":
        """In order of their works."""
        ordered = tuple(sorted(works))
        return cls(seconds, ordered, tuple(accumulate(ordered, initial=0.0)))

    @property
    def total(self) -> float:
        """Engine seconds of all."""
        return self.sums[-1]

    def missed(self, engine_seconds: float) -> float:
        """Requests that are left over at the least, parts of one too."""
        served = bisect_right(self.sums, engine_seconds) - 1
        if served >= len(self.works):
            return 0.0
        return len(self.works) - served - (engine_seconds - self.sums[served]) / self.works[served]

    def worth_serving(self, most_seconds: float) -> tuple[float, float]:
        """Engine seconds for all requests that cost at most so much, and how many are left over."""
        served = bisect_right(self.works, most_seconds)
        return self.sums[served], float(len(self.works) - served)


class PricedTrace:
    """What every block of it is made of."""

    def __init__(self, demand: Demand, prices: StepPrices, deadlines: Deadlines, seconds: float) -> None:
        self._seconds = seconds
        """From the first request to the last: what is paid for."""
        self._arrived = demand.arrived
        self._first_s = deadlines.first_s
        self._last = array(
            "d", (one + deadlines.last_s(gaps) for one, gaps in zip(demand.arrived, demand.gaps, strict=True))
        )
        """Until when the last token is due."""
        self._prompts = array("d", prices.prefills(demand))
        self._replies = array("d", prices.decodes(demand))

    def blocks(self, length: float) -> Iterator[DemandBlock]:
        """Blocks of this length, the last one shorter."""
        count = int(max(-(-self._seconds // length), 1))
        works: list[list[float]] = [[] for _ in range(count)]
        ends_of, first_s = [min((number + 1) * length, self._seconds) for number in range(count)], self._first_s
        for arrived, last, prompt, reply in zip(self._arrived, self._last, self._prompts, self._replies, strict=True):
            number = int(arrived // length)
            if not 0 <= number < count:
                continue
            ends = ends_of[number]
            if arrived + first_s > ends:
                continue
            work = prompt + reply if last <= ends else prompt
            if work > 0:
                works[number].append(work)
        for number, found in enumerate(works):
            yield DemandBlock.of(min(length, self._seconds - number * length), found)
