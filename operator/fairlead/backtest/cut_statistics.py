"""Statistics of a run that report its progress, and end it once the rest cannot change the verdict."""

from collections.abc import Callable
from math import inf

from fairlead.backtest.windows import WindowedStatistics
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot


class MissedTooMany(Exception):
    """The rest of the traffic cannot change the verdict."""


class CutStatistics(WindowedStatistics):
    """Windowed statistics of a run that may be cut."""

    __slots__ = ("_may_miss", "_report")

    def __init__(
        self, objectives: LatencyObjectives, since: float, report: Callable[[float], None], may_miss: float
    ) -> None:
        super().__init__(objectives, since or -inf)
        self._report, self._may_miss = report, may_miss

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        """Add a row, report progress, and end the run once too many requests missed."""
        super().snapshot_taken(snapshot)
        self._report(snapshot.at)
        counts = self.counts
        if counts.answered - counts.kept + counts.refused > self._may_miss:
            raise MissedTooMany
