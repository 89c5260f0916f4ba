"""How late the process notices that steps have ended, and what that means for whoever believes its times.

Steps have absolute due times, so a late step makes none after it late; only a process that is short of CPU stays
behind. Late by 5 ms on average over a second, its times are no longer the model's, and it says so; never less late
than the limit for a whole second, it will not catch up, and takes no new work.
"""

from collections.abc import Callable
from math import inf
from typing import Final

WINDOW_SECONDS: Final = 1.0
SLIPPING_SECONDS: Final = 0.005
"""A twentieth of a first token after 100 ms. Measured here at what it promises: 1 ms; beyond it soon tens."""
QUIET_SECONDS: Final = 10.0
"""Between two lines about it: whoever lags has better things to do."""
_BEHIND: Final = "WARNING (simulated) {:.0f} ms behind its model on average: what clients measure is not the model"
_FAR_BEHIND: Final = "WARNING (simulated) {:.0f} ms behind its model at the least: new requests are refused"


class Lag:
    """Fed with each step's lag; answers for the last whole second."""

    def __init__(self, limit_seconds: float, tell: Callable[[str], None] | None = None) -> None:
        self.limit_seconds = limit_seconds
        self.least = 0.0
        """What cannot be caught up."""
        self.mean = 0.0
        self.steps_late = 0
        """Steps noticed later than is fit for a mean, ever."""
        self._tell = tell
        self._quiet_until = 0.0
        self._ends = 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0

    @property
    def slipping(self) -> bool:
        """Whether its times are not the model's any more."""
        return self.mean > SLIPPING_SECONDS

    @property
    def too_far(self) -> bool:
        """Whether one request more would make it worse for all."""
        return self.least > self.limit_seconds

    def add(self, lag: float, now: float) -> None:
        """One step's end was noticed so late."""
        if now >= self._ends:
            self._turn(now)
        self._steps += 1
        self._sum += lag
        if lag > SLIPPING_SECONDS:
            self.steps_late += 1
        self._least = min(self._least, lag)

    def rest(self) -> None:
        """Nothing is due any more: whoever comes next finds an engine on time."""
        self.least = self.mean = 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0

    def _turn(self, now: float) -> None:
        self.least = self._least if self._steps else 0.0
        self.mean = self._sum / self._steps if self._steps else 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0
        self._ends = now + WINDOW_SECONDS
        if self.slipping and self._tell is not None and now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            self._tell(_FAR_BEHIND.format(self.least * 1000) if self.too_far else _BEHIND.format(self.mean * 1000))
