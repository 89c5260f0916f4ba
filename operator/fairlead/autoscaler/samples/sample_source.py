"""The interface of a source of samples, pods or a Prometheus: the loop does not know which."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.fleet.engine_load import EngineLoad
from fairlead.scaling.facts import SampleProblem


@dataclass(slots=True, kw_only=True)
class SourceCounters:
    """Counters of scrapes since the start, for the autoscaler's own metrics."""

    scrapes: int = 0
    """Samples requested, of engines and routers."""
    bytes_read: int = 0
    connections: int = 0
    failures: dict[SampleProblem, int] = field(default_factory=lambda: dict.fromkeys(SampleProblem, 0))
    late: int = 0
    """Scrapes that began more than one round late: the process is too busy for so many pods."""

    def add(self, more: "SourceCounters") -> None:
        """Add the counts of another source."""
        self.scrapes += more.scrapes
        self.bytes_read += more.bytes_read
        self.connections += more.connections
        self.late += more.late
        for problem, count in more.failures.items():
            self.failures[problem] += count


class SampleSource(Protocol):
    """Where samples come from."""

    tallies: SourceCounters

    def start(self) -> None:
        """Start scraping, within the running event loop."""

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        """Follow exactly these pods; the samples of others are dropped."""

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        """Return the sample of one engine."""

    def router(self, uid: str) -> PodSample[RouterView]:
        """Return the sample of one router."""

    async def close(self) -> None:
        """Stop scraping."""
