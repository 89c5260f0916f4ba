"""Targets by weight: chosen by chance, or always the same one for a session.

A session belongs to the target that wins an exponential race with the weights as rates; each target's time is drawn
from a hash of session and target, so all routers agree, and a changed weight moves only its share of sessions.
"""

from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from math import log

from fairlead.fleet.model_routes import WeightedTarget
from fairlead.routing import rendezvous
from fairlead.routing.models.route_choice import RouteChoice


class WeightedTargets:
    """The choices of one route, with their weights; targets of weight 0 get nothing."""

    __slots__ = ("_bounds", "_choices", "_places", "_rates", "_total")

    def __init__(self, weighted: Iterable[tuple[WeightedTarget, RouteChoice]]) -> None:
        kept = [(one, choice) for one, choice in weighted if one.weight > 0]
        self._choices = tuple(choice for _, choice in kept)
        self._bounds = tuple(accumulate(one.weight for one, _ in kept))
        self._total = self._bounds[-1] if kept else 0
        self._places = tuple(rendezvous.number(one.target) for one, _ in kept)
        self._rates = tuple(one.weight for one, _ in kept)

    def __bool__(self) -> bool:
        return bool(self._choices)

    def by_chance(self, chance: float) -> RouteChoice:
        """Return the choice at a number from 0 up to 1."""
        return self._choices[min(bisect_right(self._bounds, chance * self._total), len(self._choices) - 1)]

    def by_session(self, session: int) -> RouteChoice:
        """Return the choice that this session stays with."""
        key = rendezvous.mixed(session)
        times = [
            -log((rendezvous.mixed(key ^ place) + 0.5) / 2.0**64) / rate
            for place, rate in zip(self._places, self._rates, strict=True)
        ]
        return self._choices[times.index(min(times))]
