"""How long a new replica takes until it serves: starts of one revision, as far as they were seen.

A start begins with the engine's container. Waiting for a node says nothing of the next start. Waiting for an image is
a horizon of its own: an image is pulled once a node, so the usual wait is planned with and not the longest.

A start that the fleet was born with took no time that anybody waited for, and teaches nothing.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from fairlead.fleet.policies import ColdStart
from fairlead.scaling.facts import EnginePod, EnginePodPhase

MOST_STARTS: Final = 12
"""Kept of each revision: enough that the slowest of twenty is not what is planned with for ever."""
MOST_REVISIONS: Final = 4
"""The wanted one, the one before it, and two to go back to."""
LATE: Final = 0.95
"""Share of starts that are to take no longer than what is planned with."""
SHORTEST: Final = 1 / 64
"""Of the assumed start: whatever was learnt, nothing is divided by less."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStartTimes:
    """Of one revision."""

    revision: str
    seconds: tuple[float, ...]
    """The last ones, in the order in which they ended."""
    waits: tuple[float, ...] = ()
    """For the image, before each of the same starts."""
    until: float
    """When the last of them was ready: those before it are counted."""


def horizon(starts: tuple[ColdStartTimes, ...], revision: str, assumed: ColdStart) -> float:
    """Seconds to plan with: nearly the slowest start that was seen, or what the policy assumes."""
    least = assumed.assume_seconds * SHORTEST
    seen = next((one.seconds for one in starts if one.revision == revision), ())
    if not assumed.learn or not seen:
        return max(assumed.assume_seconds, least)
    ascending = sorted(seen)
    return max(ascending[ceil(LATE * len(ascending)) - 1] + _usual_wait(starts, revision), least)


def _usual_wait(starts: tuple[ColdStartTimes, ...], revision: str) -> float:
    """Half of the last starts waited no longer for their image."""
    waits = sorted(next(one.waits for one in starts if one.revision == revision))
    return waits[(len(waits) - 1) // 2] if waits else 0.0


def with_starts(
    starts: tuple[ColdStartTimes, ...], revision: str, ready: tuple[EnginePod, ...]
) -> tuple[ColdStartTimes, ...]:
    """What pods of the wanted revision that became ready since add to it."""
    kept = next((one for one in starts if one.revision == revision), None)
    until = kept.until if kept else None
    fresh = sorted(
        (pod.ready_at, pod.ready_at - pod.since, pod.image_wait)
        for pod in ready
        if pod.revision == revision
        and pod.ready_at is not None
        and pod.ready_at > pod.since
        and (until is None or pod.ready_at > until)
    )
    if not fresh:
        return starts
    before = kept.seconds if kept else ()
    seconds = (*before, *(took for _, took, _ in fresh))[-MOST_STARTS:]
    waits = (*(kept.waits if kept else ()), *(waited for _, _, waited in fresh))[-MOST_STARTS:]
    added = ColdStartTimes(revision=revision, seconds=seconds, waits=waits, until=fresh[-1][0])
    others = tuple(one for one in starts if one.revision != revision)
    return (*others, added)[-MOST_REVISIONS:]


def remaining(pod: EnginePod, horizon_seconds: float, now: float) -> float:
    """Until it serves; one that takes longer than planned is given a quarter of the plan more, again and again."""
    age = max(now - pod.since, 0.0)
    if pod.phase in {EnginePodPhase.PENDING, EnginePodPhase.PULLING}:
        return horizon_seconds
    return max(horizon_seconds - age, horizon_seconds / 4)
