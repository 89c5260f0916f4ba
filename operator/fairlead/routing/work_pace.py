"""How much work engines get while requests wait, and how large a request may be to be planned as timely."""

from math import inf
from typing import Final

WINDOW_SECONDS: Final = 1.0
"""How often the pace is measured."""
PACE_WINDOWS: Final = 4.0
"""The pace is a mean over about this many windows."""
CROWDED: Final = 0.8
ROOMY: Final = 0.6
"""Parts of the time left that timely requests take up: above `CROWDED` the ceiling falls, below `ROOMY` it rises."""
STEP: Final = 0.005
"""Change per request: some ten seconds of a burst move it by a third."""


class WorkPace:
    """Work a second that is sent to engines from all ordered queues."""

    __slots__ = ("_since", "_windows", "_work", "per_second")

    def __init__(self) -> None:
        self.per_second = 0.0
        """0 until it was measured."""
        self._since = 0.0
        self._work = 0.0
        self._windows = 0.0

    def begin(self, now: float) -> None:
        """Restart when requests wait again: all earlier measurements count as one window."""
        self._since, self._work = now, 0.0
        self._windows = min(self._windows, 1.0)

    def sent(self, work: float, now: float) -> None:
        """Record work that was sent to an engine."""
        self._work += work
        seconds = now - self._since
        if seconds >= WINDOW_SECONDS:
            self._windows = min(self._windows + 1.0, PACE_WINDOWS)
            self.per_second += (self._work / seconds - self.per_second) / self._windows
            self._since, self._work = now, 0.0


class WorkCeiling:
    """The most work of a request that is planned as timely.

    In a long burst, setting the largest aside only when time runs out would begin too many large ones meanwhile.
    """

    __slots__ = ("_most", "work")

    def __init__(self) -> None:
        self.work = inf
        self._most = 0.0
        """The most work of any request so far."""

    def saw(self, work: int, crowd: float) -> None:
        """Record a request; timely ones take up this part of the time that is left to the last of them."""
        self._most = max(self._most, work)
        if crowd > CROWDED:
            self.work = min(self.work, self._most) * (1 - STEP)
        elif crowd < ROOMY:
            self.work *= 1 + STEP
            if self.work > 2 * self._most:
                self.work = inf
