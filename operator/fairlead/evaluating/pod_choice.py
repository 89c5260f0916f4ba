"""Which pod gets the next item, so that an evaluation takes little from the users of the same engines. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

BESIDE_USERS: Final = 1
"""Requests of ours at once on a pod that serves users. In bench.evaluation_cost one moves the p95 of users' time to the
first token by 2 % at most, two by 5 %, and eight, as 16 in turn over two pods are, by 15 %."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodLoad:
    """One pod that serves, by its last scrape."""

    ours: int
    """Requests of the evaluation in flight there."""
    running: float | None = None
    """With ours; None: it does not say."""
    waiting: float | None = None

    @property
    def has_room(self) -> bool:
        """None where a request waits: it may be a user's. Where no user's request runs, ours may be many."""
        if self.waiting:
            return False
        return self.ours < BESIDE_USERS or (self.running is not None and self.running <= self.ours)


def choose(loads: Sequence[PodLoad], tried: Collection[int] = ()) -> int | None:
    """The pod with the fewest requests of ours, then with the fewest in all; last those that this request came back
    from, or that do not report. None: users' requests wait at all of them, or ours are as many as may be."""
    free = [number for number, one in enumerate(loads) if one.has_room]
    return min(free, key=lambda number: _order(loads[number], number in tried), default=None)


def _order(load: PodLoad, tried: bool) -> tuple[bool, bool, int, float]:
    return tried, load.running is None, load.ours, load.running or 0.0
