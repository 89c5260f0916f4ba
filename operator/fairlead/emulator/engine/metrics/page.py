"""What a page of metrics is made from, and what the rest of the engine may ask of one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.emulator.engine.lag import StepLag
from fairlead.emulator.engine.metrics.tally import RankTally
from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.simulator.engine.counts import EngineCounts
from fairlead.simulator.engine.settings import EngineSettings


@dataclass(slots=True)
class RankMetrics:
    """The metrics of one data-parallel rank."""

    number: int
    tally: RankTally
    counts: Callable[[], EngineCounts]
    """The scheduler's counters, read at a scrape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Everything of one server that a page may tell."""

    served: ServeArguments
    settings: EngineSettings
    engines: Sequence[RankMetrics]
    cache: Mapping[str, str]
    """Facts of the cache's layout, as the kind of engine names them."""
    born: float
    lag: StepLag
    rejected: Mapping[str, int]
    """Refused requests by the limit that refused them."""


class EnginePage(Protocol):
    """The page of one server."""

    sleep_level: int

    @property
    def family_prefix(self) -> str:
        """What the names of the engine's own families begin with."""

    def text(self) -> str:
        """The correct exposition, without faults."""

    def without_engine(self) -> str:
        """What is left of it where the engine's families are missing."""

    def observed(self, seen: RequestObservation) -> None:
        """Count one HTTP request that got its response."""
