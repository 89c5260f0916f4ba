"""One engine on its way through virtual time, and what the world asks of it.

The engine answers for its own steps; here is only when they are run. Stretches that show nothing are left to the
engine to jump over, so an engine that did not get a request costs nothing until one of its own ends.
"""

from math import inf
from typing import Protocol

from fairlead.simulator.engine.requests import EngineRequest
from fairlead.simulator.engine.steps import AdvanceResult, Emission, SchedulerRefusal


class SimulatedEngine(Protocol):
    """What the world asks of an engine: `simulator.engine.core.EngineCore`, or a smaller one in a test."""

    @property
    def running(self) -> int:
        """Requests in the batch."""

    @property
    def waiting(self) -> int:
        """Requests not yet in it."""

    @property
    def usage(self) -> float:
        """Share of the cache in use."""

    def add(self, request: EngineRequest) -> SchedulerRefusal | None:
        """Nothing when taken, else why not."""

    @property
    def horizon(self) -> float:
        """Nothing shows before this moment if nobody comes or goes; infinite when it has nothing to do."""

    def advance(self, now: float, until: float, *, stopping: bool) -> AdvanceResult:
        """Run all steps that end by then and stay in the one that lies across it."""


class EngineTimeline:
    """One engine, how far it was run, and which event stands for it."""

    __slots__ = ("at", "due", "engine", "event")

    def __init__(self, engine: SimulatedEngine, at: float) -> None:
        self.engine = engine
        self.at = at
        """Before this moment everything has happened."""
        self.due = inf
        """When it shows something next."""
        self.event = 0
        """Number of the event for that moment in the queue; an older one is passed over, and 0 is none."""

    def run_to(self, now: float) -> list[Emission]:
        """All steps that end by now; answers what showed."""
        advanced = self.engine.advance(self.at, now, stopping=False)
        self.at = now
        return advanced.emissions
