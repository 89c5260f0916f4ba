"""The face of whoever brings figures, asked directly or through Prometheus: the loop does not see which."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.autoscaler.sample import PodSample, RouterView
from fairlead.autoscaler.scrape_targets import ScrapeTarget
from fairlead.fleet.engine_load import EngineLoad
from fairlead.scaling.facts import SampleProblem


@dataclass(slots=True, kw_only=True)
class SourceCounters:
    """What asking costs and brings, since the start; for the autoscaler's own metrics."""

    looks: int = 0
    """Answers that were waited for, of engines and routers."""
    bytes_read: int = 0
    connections: int = 0
    failures: dict[SampleProblem, int] = field(default_factory=lambda: dict.fromkeys(SampleProblem, 0))
    late: int = 0
    """Looks that began more than one round late: the process is too busy for as many pods."""


class SampleSource(Protocol):
    """Where figures come from."""

    tallies: SourceCounters

    def start(self) -> None:
        """Begin to ask; within the loop that is to carry it."""

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """These pods and no others; what was known of the others is forgotten."""

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        """What is known of one engine."""

    def router(self, uid: str) -> PodSample[RouterView]:
        """What is known of one router."""

    async def close(self) -> None:
        """Ask nobody any more."""
