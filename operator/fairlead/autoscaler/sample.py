"""What is known of a pod after some looks at it, whoever looked: the last figures that were believed, and the doubt.

Never judges what the figures mean for replicas; that is for `scaling`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from fairlead.fleet.endpoints import EndpointState
from fairlead.scaling.facts import RouterFigures, SampleProblem

Figures = TypeVar("Figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSample(Generic[Figures]):
    """One pod after the last look."""

    figures: Figures | None = None
    """The last ones that were believed."""
    at: float | None = None
    """When they were true."""
    doubt: SampleProblem | None = SampleProblem.NO_ANSWER
    """Why the last look brought none; nothing: it did."""
    because: str = "it was not scraped yet"
    """The doubt, for people."""
    unmoved_since: float | None = None
    """Since when its counters stand still, where they do."""
    unmoved_looks: int = 0
    """Looks since then that found them so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """One engine, as one router sees it."""

    state: EndpointState
    inflight: int
    reason: str
    busy_since: float | None
    """Since when each look at the router found requests of its on the way there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterView:
    """One router's page."""

    figures: RouterFigures
    endpoints: Mapping[str, EndpointView]
    """By pod."""
