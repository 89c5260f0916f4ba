"""The sample of one pod, from any source: the last valid figures, and the problem with the last scrape.

What the figures mean for replicas is decided in `scaling`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import RouterFigures, SampleProblem

Figures = TypeVar("Figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSample(Generic[Figures]):
    """One pod after the last scrape."""

    figures: Figures | None = None
    """The last valid figures."""
    at: float | None = None
    """When these figures were true."""
    problem: SampleProblem | None = SampleProblem.NO_ANSWER
    """Why the last scrape gave no valid figures; None if it did."""
    because: str = "it was not scraped yet"
    """The problem, for people."""
    unmoved_since: float | None = None
    """Since when no counter has moved; None while they move."""
    unmoved_scrapes: int = 0
    """Scrapes since then that found no counter moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """One endpoint, as one router reports it."""

    state: EndpointState
    reason: str
    busy_since: float | None
    """Since when each scrape of the router found its requests in flight there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterView:
    """One router's page."""

    figures: RouterFigures
    endpoints: Mapping[str, EndpointView]
    """By pod."""
