"""One run whose requests are counted over several spans of time, so that it need not be played once for each."""

from collections.abc import Sequence

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics


class MeasuredSpans:
    """One observer for several statistics, each with its own span of time."""

    def __init__(self, statistics: Sequence[RunStatistics]) -> None:
        self._all = statistics

    def arrived(self, arrival: RequestArrival) -> None:
        """Passed to each."""
        for one in self._all:
            one.arrived(arrival)

    def refused(self, arrival: RequestArrival, because: str) -> None:
        """Passed to each."""
        for one in self._all:
            one.refused(arrival, because)

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:
        """Passed to each."""
        for one in self._all:
            one.ended(arrival, request, replica)

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:
        """Passed to each."""
        for one in self._all:
            one.left(arrival, request)

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        """Passed to each."""
        for one in self._all:
            one.snapshot_taken(snapshot)
