"""Statistics of a run by window, with the worst ten minutes: a day's mean hides the hour that caused a page."""

from collections import Counter
from math import inf
from typing import Final

from fairlead.backtest.window import Window
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics

WINDOW_SECONDS: Final = 600.0
FEWEST: Final = 20
"""With fewer requests a window says nothing about one in twenty of them."""


class WindowedStatistics(RunStatistics):
    """Counts windows from the first request of the traffic, by arrival times."""

    __slots__ = ("_arrived", "_kept", "last_end")

    def __init__(self, objectives: LatencyObjectives, since: float = -inf, until: float = inf) -> None:
        super().__init__(objectives, since, until)
        self._arrived: Counter[int] = Counter()
        self._kept: Counter[int] = Counter()
        self.last_end = 0.0
        """When the last request ended that was answered."""

    def arrived(self, arrival: RequestArrival) -> None:
        """Count an arrival in its window too."""
        if self._since <= arrival.time < self._until:
            self.counts.arrived += 1
            self._arrived[int(arrival.time // WINDOW_SECONDS)] += 1

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Add an ended request to its window too."""
        counts = self.counts
        before = counts.kept
        super().ended(arrival, request, replica)
        self.last_end = max(self.last_end, request.ended or 0.0)
        if counts.kept != before:
            self._kept[int(arrival.time // WINDOW_SECONDS)] += 1

    def worst(self, fewest: int = FEWEST) -> Window | None:
        """Return the window with the smallest share kept; None if no window had this many requests."""
        windows = (
            Window(since=at * WINDOW_SECONDS, arrived=arrived, kept=self._kept[at] / arrived)
            for at, arrived in sorted(self._arrived.items())
            if arrived >= fewest
        )
        return min(windows, key=lambda one: one.kept, default=None)
