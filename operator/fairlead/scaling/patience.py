"""A fleet that shrank and grew back at once had better not have shrunk: the next time it waits longer.

Where shrinking is taken back within the policy's window of stabilisation, the window is doubled; where it lasts for two
windows, it is the policy's own again. So a demand that goes up and down in its own rhythm is carried through instead of
followed, and one that really falls is followed in time. More than twice is not waited: by then the replicas cost more
than the cold starts they save.
"""

from typing import Final

from fairlead.fleet.policies import Pace
from fairlead.scaling.pacing import Patience

MOST: Final = 2
LASTED: Final = 2
"""Windows after which shrinking has proved right."""


def window(patience: Patience, pace: Pace) -> float:
    """How long fewer must have been enough."""
    return pace.down_after_seconds * patience.factor


def after(patience: Patience, pace: Pace, wanted: int, answer: int, now: float) -> Patience:
    """What this answer teaches."""
    since = patience.shrunk_at
    if answer < wanted:
        return Patience(factor=patience.factor, shrunk_at=now)
    if since is None:
        return patience
    if answer > wanted and now - since < pace.down_after_seconds:
        return Patience(factor=min(2 * patience.factor, MOST))
    if now - since >= LASTED * window(patience, pace):
        return Patience(factor=max(1, patience.factor // 2))
    return patience
