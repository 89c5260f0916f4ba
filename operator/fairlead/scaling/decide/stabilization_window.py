"""Doubles the stabilization window after a fleet shrank and had to grow back at once.

Growth within the policy's window after shrinking doubles the window; a smaller fleet that lasts for two windows halves
it again. This keeps replicas through demand that goes up and down regularly, and still follows demand that really
falls. The window is never more than doubled: beyond that, replicas cost more than the cold starts they save. Recent
growth is recorded too, since shrinking right after it would be a reversal.
"""

from dataclasses import replace
from typing import Final

from fairlead.fleet.policies import ScalingPace
from fairlead.scaling.decide.answer_history import StabilizationExtension

MOST: Final = 2
LASTED: Final = 2
"""Windows after which a smaller fleet has proved right."""


def window(extension: StabilizationExtension, pace: ScalingPace) -> float:
    """Return the seconds for which fewer replicas must have been enough."""
    return pace.down_after_seconds * extension.factor


def updated(
    extension: StabilizationExtension, pace: ScalingPace, wanted: int, answer: int, now: float
) -> StabilizationExtension:
    """Update with what this answer shows."""
    since = extension.shrunk_at
    if answer < wanted:
        return replace(extension, shrunk_at=now)
    grown = replace(extension, grown_at=now) if answer > wanted else extension
    if since is None:
        return grown
    if answer > wanted and now - since < pace.down_after_seconds:
        return replace(grown, factor=min(2 * extension.factor, MOST), shrunk_at=None)
    if now - since >= LASTED * window(extension, pace):
        return replace(grown, factor=max(1, extension.factor // 2), shrunk_at=None)
    return grown


def grew_lately(extension: StabilizationExtension, pace: ScalingPace, now: float) -> bool:
    """Return whether the fleet grew so recently that shrinking would be a reversal."""
    return extension.grown_at is not None and now - extension.grown_at < LASTED * pace.down_after_seconds
