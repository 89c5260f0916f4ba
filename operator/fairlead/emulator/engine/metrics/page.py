"""The inputs of a metrics page, and its interface for the rest of the engine."""

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
    """Returns the scheduler's counters at a scrape."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Everything about one server that a page may show."""

    serve_arguments: ServeArguments
    settings: EngineSettings
    engines: Sequence[RankMetrics]
    cache: Mapping[str, str]
    """Facts of the cache's layout, under the names of this kind of engine."""
    born: float
    lag: StepLag
    rejected: Mapping[str, int]
    """Refused requests by the limit that refused them."""


class EnginePage(Protocol):
    """The metrics page of one server."""

    sleep_level: int

    @property
    def family_prefix(self) -> str:
        """The prefix of the engine's own family names."""

    def text(self) -> str:
        """Return the exposition without faults."""

    def without_engine(self) -> str:
        """Return the rest of the page when the engine's families are missing."""

    def observed(self, observation: RequestObservation) -> None:
        """Count one HTTP request that got its response."""
