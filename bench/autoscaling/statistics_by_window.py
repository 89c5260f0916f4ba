"""The tale of a run that also knows its worst ten minutes: a mean over half a day hides the hour that woke somebody."""

from collections import Counter
from math import inf
from typing import Final

from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

WINDOW_S: Final = 600.0
FEWEST: Final = 100
"""Requests in a window that says anything about a twentieth of them."""


class StatisticsByWindow(RunStatistics):
    """Windows are counted from midnight of the traffic, by when requests came."""

    __slots__ = ("_came", "_kept")

    def __init__(self, objectives: LatencyObjectives, since: float = -inf, until: float = inf) -> None:
        super().__init__(objectives, since, until)
        self._came: Counter[int] = Counter()
        self._kept: Counter[int] = Counter()

    def arrived(self, arrival: RequestArrival) -> None:
        """Counted, in its window too."""
        before = self.counts.arrived
        super().arrived(arrival)
        self._came[int(arrival.time // WINDOW_S)] += self.counts.arrived - before

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Timed, and kept in its window or not."""
        before = self.counts.kept
        super().ended(arrival, request, replica)
        self._kept[int(arrival.time // WINDOW_S)] += self.counts.kept - before

    @property
    def worst(self) -> float:
        """The lowest share that kept both objectives; 1 where no window had enough."""
        return min((self._kept[at] / count for at, count in self._came.items() if count >= FEWEST), default=1.0)
