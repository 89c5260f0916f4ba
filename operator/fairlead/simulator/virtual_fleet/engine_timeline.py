"""One engine on virtual time, and the interface that the simulation needs of an engine.

The engine computes its own steps; this only decides when they are run. The engine skips stretches without visible
output, so an engine that gets no request costs no time until one of its own requests ends.
"""

from math import inf
from typing import Protocol

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.steps import Emission, SchedulerRefusal


class SimulatedEngine(Protocol):
    """What the simulation needs of an engine: `simulator.engine.core.EngineCore`, or a test's fake."""

    @property
    def running(self) -> int:
        """Running requests."""

    @property
    def waiting(self) -> int:
        """Waiting requests."""

    @property
    def usage(self) -> float:
        """KV cache usage."""

    def add(self, request: EngineRequest) -> SchedulerRefusal | None:
        """Add a request; return why it is refused, or None."""

    @property
    def horizon(self) -> float:
        """No first or last token before this time unless a request is added or ends; infinite for an idle engine."""

    def run(self, now: float, until: float) -> list[Emission]:
        """Run all steps that end by `until` and return their first and last tokens; later ones stay in flight."""


class EngineTimeline:
    """One engine, the time until which it was run, and its queued event."""

    __slots__ = ("at", "due", "engine", "event", "order")

    def __init__(self, engine: SimulatedEngine, at: float, order: tuple[int, int]) -> None:
        self.engine = engine
        self.order = order
        """The replica's ordinal and the engine's rank: the order of engines whose tokens come at the same time, however
        many steps each had to compute until then."""
        self.at = at
        """The time until which the engine was run."""
        self.due = inf
        """When its next first or last token may come."""
        self.event = 0
        """Number of the queued event for that time; events with other numbers are ignored, and 0 is none."""

    def run_to(self, now: float) -> list[Emission]:
        """Run all steps that end by now; return their emissions."""
        before, self.at = self.at, now
        return self.engine.run(before, now)
