"""Bounded history of each deployment's figures over the last hour, for its timelines."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from fairlead.scaling.explain import decision_summary
from fairlead.scaling.explain.decision_record import DecisionRecord

EACH_S: Final = 15.0
"""Seconds between two points of one deployment."""
MAX_POINTS: Final = 240
"""Points of one deployment: an hour."""

Key = tuple[str, str]


class HistoryPoint(NamedTuple):
    """One deployment at one moment; unknown figures are None."""

    at: float
    ready: int
    wanted: int | None = None
    waiting: float | None = None
    kv_usage: float | None = None
    demand: float | None = None
    supply: float | None = None


class History:
    """The points of every deployment since this process became the leader."""

    def __init__(self) -> None:
        self._points: dict[Key, deque[HistoryPoint]] = {}

    def add(self, points: Iterable[tuple[Key, HistoryPoint]]) -> None:
        """Add one point for every existing deployment, and drop the others."""
        previous, self._points = self._points, {}
        for key, one in points:
            held = previous.get(key) or deque[HistoryPoint](maxlen=MAX_POINTS)
            held.append(one)
            self._points[key] = held

    def of(self, namespace: str, name: str) -> Sequence[HistoryPoint]:
        """The points of one deployment, oldest first."""
        return tuple(self._points.get((namespace, name), ()))


def point(document: Mapping[str, Any], record: DecisionRecord | None, now: float) -> HistoryPoint:
    """Build the current point of one deployment."""
    status = document.get("status") or {}
    bare = HistoryPoint(at=now, ready=status.get("readyReplicas") or 0, wanted=status.get("desiredReplicas"))
    if record is None:
        return bare
    summary = decision_summary.summarize(record)
    return bare._replace(
        waiting=summary.waiting, kv_usage=summary.kv_usage, demand=summary.demand, supply=summary.supply
    )
