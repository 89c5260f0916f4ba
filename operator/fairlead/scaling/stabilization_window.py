"""A fleet that shrank and grew back at once had better not have shrunk: the next time it waits longer.

Where shrinking is taken back within the policy's window of stabilisation, the window is doubled; where it lasts for two
windows, it is the policy's own again. So a demand that goes up and down in its own rhythm is carried through instead of
followed, and one that really falls is followed in time. More than twice is not waited: by then the replicas cost more
than the cold starts they save. A fleet that grew lately is known too, as shrinking it would be turning round.
"""

from dataclasses import replace
from typing import Final

from fairlead.fleet.policies import ScalingPace
from fairlead.scaling.answer_history import StabilizationExtension

MOST: Final = 2
LASTED: Final = 2
"""Windows after which shrinking has proved right."""


def window(patience: StabilizationExtension, pace: ScalingPace) -> float:
    """How long fewer must have been enough."""
    return pace.down_after_seconds * patience.factor


def updated(
    patience: StabilizationExtension, pace: ScalingPace, wanted: int, answer: int, now: float
) -> StabilizationExtension:
    """What this answer teaches."""
    since = patience.shrunk_at
    if answer < wanted:
        return replace(patience, shrunk_at=now)
    grown = replace(patience, grown_at=now) if answer > wanted else patience
    if since is None:
        return grown
    if answer > wanted and now - since < pace.down_after_seconds:
        return replace(grown, factor=min(2 * patience.factor, MOST), shrunk_at=None)
    if now - since >= LASTED * window(patience, pace):
        return replace(grown, factor=max(1, patience.factor // 2), shrunk_at=None)
    return grown


def grew_lately(patience: StabilizationExtension, pace: ScalingPace, now: float) -> bool:
    """So that shrinking now would be turning round."""
    return patience.grown_at is not None and now - patience.grown_at < LASTED * pace.down_after_seconds
