"""The requests that a clairvoyant order serves on the replicas that a run had, and what it keeps with them.

It knows every arrival, the length of every reply, and when each replica is ready. Requests are planned by deadline, one
after the other in the engine time of all ready replicas. When one would begin too late, those with the most work are
left out, of those planned since the fleet was last idle, until it is in time (Moore's rule). The others go through the
same dispatcher to the same engines, and replicas come and go as in the run. Steps are not always full, so only a part
of the engine time is of use; and a burst may end before its replies do, so replies count for less than their time. The
best of `TRIED` counts, found in hindsight. It is a feasible order, not a proven bound.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf
from typing import Final, NamedTuple

from bench.autoscaling import queued
from bench.autoscaling.playing import Stage
from bench.autoscaling.queued import Queued, Repeated
from bench.overload import bounds
from fairlead.simulator.virtual_fleet.replicas import ScalingHook


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """How requests are planned."""

    useful: float
    """Part of the engine time that is of use."""
    reply: float
    """Part of a reply's time that counts."""


TRIED: Final = (
    Planning(useful=0.7, reply=0.5),
    Planning(useful=0.9, reply=0.5),
    Planning(useful=0.9, reply=1.0),
)
"""On the step and the flash crowd, replies that count in full or not at all, and parts of 0.5 to 1.3, keep fewer."""


class Planned(NamedTuple):
    """A request in the engine time of all replicas together."""

    earliest: float
    """When it arrives."""
    latest: float
    """When it must begin."""
    work: float


class EngineTime:
    """The seconds that ready replicas had together, from the first one on."""

    def __init__(self, ready: Sequence[tuple[float, float]]) -> None:
        """Take from when and until when each replica was ready."""
        changes = sorted((at, change) for one in ready for at, change in zip(one, (1, -1), strict=True))
        self._times, self._sums, self._ready = [changes[0][0]], [0.0], [0]
        for at, change in changes:
            self._sums.append(self.until(at))
            self._times.append(at)
            self._ready.append(self._ready[-1] + change)

    def until(self, time: float) -> float:
        """Return the engine time before this time."""
        last = max(bisect_right(self._times, time) - 1, 0)
        return self._sums[last] + (self._ready[last] * (time - self._times[last]) if self._ready[last] else 0.0)


def left_out(requests: Sequence[Planned]) -> set[int]:
    """Return the places of requests that are not served; they are in the order of their deadlines."""
    found: set[int] = set()
    busy: list[int] = []
    """Those planned since the fleet was last idle."""
    end = 0.0
    for place, one in enumerate(requests):
        begin = max(end, one.earliest)
        if begin == one.earliest:
            busy = []
        busy.append(place)
        while busy and begin > requests[busy[-1]].latest:
            largest = max(busy, key=lambda at: requests[at].work)
            busy.remove(largest)
            found.add(largest)
            begin = _begin_of_last(requests, busy)
        end = begin + requests[busy[-1]].work if busy else 0.0
    return found


def best(stage: Stage, scaling: ScalingHook, run: Queued) -> Queued:
    """The clairvoyant order with the most requests kept, on the replicas of this run."""
    repeated = (replace(scaling, wanted=Repeated(run.answers).wanted) for _ in TRIED)
    runs = (
        queued.played(stage, again, ordered=True, left_out=left_out(planned(stage, run.ready, how)))
        for again, how in zip(repeated, TRIED, strict=True)
    )
    return max(runs, key=lambda one: one.kept)


def planned(stage: Stage, ready: Sequence[tuple[float, float]], how: Planning) -> list[Planned]:
    """All requests of this traffic, by their deadlines."""
    lived = stage.traffic.lived
    objective = lived.objectives.ttft_p95_s or inf
    time = EngineTime(ready)
    return [
        Planned(
            earliest=time.until(one.time),
            latest=time.until(one.time + objective - needs.prompt),
            work=(needs.prompt + how.reply * needs.reply) / how.useful,
        )
        for one, needs in zip(stage.arrivals, bounds.engine_seconds(stage.arrivals, lived), strict=True)
    ]


def _begin_of_last(requests: Sequence[Planned], busy: Sequence[int]) -> float:
    end = begin = 0.0
    for place in busy:
        begin = max(end, requests[place].earliest)
        end = begin + requests[place].work
    return begin
