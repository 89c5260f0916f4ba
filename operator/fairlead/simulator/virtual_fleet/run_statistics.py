"""Statistics of a run in bounded memory: latencies, requests within objectives, the fleet over time.

Only requests that arrived in the measured span count, so warm-up and cool-down are simulated but not counted. The size
depends on the span's length, not on the traffic.
"""

from array import array
from dataclasses import dataclass, fields
from math import inf
from typing import Final

from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.quantile_sketch import QuantileSketch
from fairlead.simulator.virtual_fleet.replica import SimulatedReplica

NO_OBJECTIVES: Final = LatencyObjectives()


@dataclass(slots=True)
class RequestCounts:
    """Counts of the requests that arrived in the span."""

    arrived: int = 0
    answered: int = 0
    refused: int = 0
    left: int = 0
    prompt_tokens: int = 0
    """Prompt tokens of answered requests; the next two fields likewise."""
    cached_tokens: int = 0
    output_tokens: int = 0
    preemptions: int = 0
    kept_first: int = 0
    """Answered within the TTFT objective."""
    kept_pace: int = 0
    """Answered within the TPOT objective; always for a reply of one token."""
    kept: int = 0
    """Answered within both objectives."""


class GaugeSeries:
    """One column per gauge, one row per snapshot."""

    __slots__ = ("at", "held", "ready", "running", "starting", "usage", "waiting")

    def __init__(self) -> None:
        self.at, self.usage = array("d"), array("d")
        self.ready, self.starting, self.held, self.waiting, self.running = (array("q") for _ in range(5))

    def add(self, snapshot: FleetSnapshot) -> None:
        """Add a row."""
        self.at.append(snapshot.at)
        self.usage.append(snapshot.usage)
        self.ready.append(snapshot.ready)
        self.starting.append(snapshot.starting)
        self.held.append(snapshot.held)
        self.waiting.append(snapshot.waiting)
        self.running.append(snapshot.running)


class RunStatistics:
    """An observer that keeps statistics, never requests."""

    __slots__ = ("_first_s", "_pace_s", "_since", "_until", "counts", "e2e", "series", "tpot", "ttft")

    def __init__(self, objectives: LatencyObjectives = NO_OBJECTIVES, since: float = -inf, until: float = inf) -> None:
        self._since, self._until = since, until
        self._first_s = inf if objectives.ttft_p95_s is None else objectives.ttft_p95_s
        self._pace_s = inf if objectives.tpot_p95_s is None else objectives.tpot_p95_s
        self.counts = RequestCounts()
        self.ttft, self.tpot, self.e2e = QuantileSketch(), QuantileSketch(), QuantileSketch()
        self.series = GaugeSeries()

    def arrived(self, arrival: RequestArrival) -> None:
        """Count an arrival."""
        if self._in_span(arrival):
            self.counts.arrived += 1

    def refused(self, arrival: RequestArrival, because: str) -> None:  # noqa: ARG002  # every refusal counts the same
        """Count a refusal, which is within no objective."""
        if self._in_span(arrival):
            self.counts.refused += 1

    def left(self, arrival: RequestArrival, request: EngineRequest | None) -> None:  # noqa: ARG002  # as above
        """Count an unfinished request, whose latencies are unknown."""
        if self._in_span(arrival):
            self.counts.left += 1

    def ended(self, arrival: RequestArrival, request: EngineRequest, replica: SimulatedReplica) -> None:  # noqa: ARG002
        """Add an ended request; its times start at its arrival, so they include holding."""
        if not self._since <= arrival.time < self._until:
            return
        counts, ended, first = self.counts, request.ended, request.first_token
        if ended is None or first is None:
            raise AssertionError(f"request {request.serial} ended without times")
        counts.answered += 1
        counts.prompt_tokens += request.prompt_tokens
        counts.cached_tokens += request.cached_tokens
        counts.output_tokens += request.emitted
        counts.preemptions += request.preemptions
        until_first, pace, emitted = first - arrival.time, 0.0, request.emitted
        self.ttft.add(until_first)
        self.e2e.add(ended - arrival.time)
        if emitted > 1:
            pace = (ended - first) / (emitted - 1)
            self.tpot.add(pace)
        in_time, in_pace = until_first <= self._first_s, pace <= self._pace_s
        counts.kept_first += in_time
        counts.kept_pace += in_pace
        counts.kept += in_time and in_pace

    def add_all(self, other: "RunStatistics") -> None:
        """Add another run's statistics except its gauges, since two runs have no common time."""
        for one in fields(RequestCounts):
            setattr(self.counts, one.name, getattr(self.counts, one.name) + getattr(other.counts, one.name))
        for mine, theirs in ((self.ttft, other.ttft), (self.tpot, other.tpot), (self.e2e, other.e2e)):
            mine.add_all(theirs)

    def snapshot_taken(self, snapshot: FleetSnapshot) -> None:
        """Add a row if the snapshot is in the span."""
        if self._since <= snapshot.at < self._until:
            self.series.add(snapshot)

    def _in_span(self, arrival: RequestArrival) -> bool:
        return self._since <= arrival.time < self._until
