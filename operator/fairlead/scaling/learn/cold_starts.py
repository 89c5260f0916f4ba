"""The cold start to plan with, from the observed starts of one revision.

A start begins with the engine's container. The wait for a node says nothing of the next start. Image pulls count apart:
an image is pulled once per node, so the plan uses the median and not the longest.

A pod that was ready when this process first saw it is not counted: the end of its start may be that of a later pause.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from fairlead.fleet.policies import ColdStart
from fairlead.scaling.facts import EnginePod, EnginePodPhase

MAX_STARTS: Final = 12
"""Starts kept per revision: few enough that one slow start is not planned with for ever."""
MAX_REVISIONS: Final = 4
"""The target, the one before it, and two more that a rollout may return to."""
LATE: Final = 0.95
"""Share of starts that should take no longer than planned."""
SHORTEST: Final = 1 / 64
"""Least horizon as a share of the assumed start, since it is divided by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColdStartTimes:
    """The starts of one revision."""

    revision: str
    seconds: tuple[float, ...]
    """The last starts, in the order in which they ended."""
    waits: tuple[float, ...] = ()
    """The image pull before each of the same starts."""
    until: float
    """When the last of them was ready; later starts are new."""


def horizon(starts: tuple[ColdStartTimes, ...], revision: str, assumed: ColdStart) -> float:
    """Return the seconds to plan with: about the slowest observed start and usual pull, or the policy's assumption."""
    least = assumed.assume_seconds * SHORTEST
    seen = next((one.seconds for one in starts if one.revision == revision), ())
    if not assumed.learn or not seen:
        return max(assumed.assume_seconds, least)
    ascending = sorted(seen)
    return max(ascending[ceil(LATE * len(ascending)) - 1] + _usual_wait(starts, revision), least)


def _usual_wait(starts: tuple[ColdStartTimes, ...], revision: str) -> float:
    """Return the median of the image pulls."""
    waits = sorted(next(one.waits for one in starts if one.revision == revision))
    return waits[(len(waits) - 1) // 2] if waits else 0.0


def with_starts(
    starts: tuple[ColdStartTimes, ...], revision: str, ready: tuple[EnginePod, ...]
) -> tuple[ColdStartTimes, ...]:
    """Add the starts of the target's pods that became ready since."""
    kept = next((one for one in starts if one.revision == revision), None)
    until = kept.until if kept else None
    fresh = sorted(
        (pod.ready_at, pod.ready_at - pod.since, pod.image_wait)
        for pod in ready
        if pod.revision == revision
        and pod.start_seen
        and pod.ready_at is not None
        and pod.ready_at > pod.since
        and (until is None or pod.ready_at > until)
    )
    if not fresh:
        return starts
    before = kept.seconds if kept else ()
    seconds = (*before, *(took for _, took, _ in fresh))[-MAX_STARTS:]
    waits = (*(kept.waits if kept else ()), *(waited for _, _, waited in fresh))[-MAX_STARTS:]
    added = ColdStartTimes(revision=revision, seconds=seconds, waits=waits, until=fresh[-1][0])
    others = tuple(one for one in starts if one.revision != revision)
    return (*others, added)[-MAX_REVISIONS:]


def remaining(pod: EnginePod, horizon_seconds: float, now: float) -> float:
    """Return the seconds until a pod serves, at least a quarter of the plan."""
    age = max(now - pod.since, 0.0)
    if pod.phase in {EnginePodPhase.PENDING, EnginePodPhase.PULLING}:
        return horizon_seconds
    return max(horizon_seconds - age, horizon_seconds / 4)
