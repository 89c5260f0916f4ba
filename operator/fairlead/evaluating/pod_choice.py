"""Chooses the pod for the next item, so that an evaluation hardly slows users of the same engines. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

BESIDE_USERS: Final = 1
"""Our concurrent requests on a pod that serves users. In bench.evaluation_cost one raises the p95 of users' time to
first token by 2 % at most, two by 5 %, and eight, as 16 in turn over two pods are, by 15 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLoad:
    """One serving pod, by its last scrape."""

    ours: int
    """The evaluation's requests in flight there."""
    running: float | None = None
    """Running requests, ours included; None: not reported."""
    waiting: float | None = None

    @property
    def has_room(self) -> bool:
        """False if a request waits, as it may be a user's. If no user's request runs, any number of ours may."""
        if self.waiting:
            return False
        return self.ours < BESIDE_USERS or (self.running is not None and self.running <= self.ours)


def choose(loads: Sequence[PodLoad], tried: Collection[int] = ()) -> int | None:
    """Choose the pod with the fewest requests of ours, then of all; None if none has room.

    Pods that this request came back from, or that do not report, are last. A pod has no room if users' requests wait
    there, or ours have reached the limit.
    """
    free = [number for number, one in enumerate(loads) if one.has_room]
    return min(free, key=lambda number: _order(loads[number], number in tried), default=None)


def _order(load: PodLoad, tried: bool) -> tuple[bool, bool, int, float]:
    return tried, load.running is None, load.ours, load.running or 0.0
