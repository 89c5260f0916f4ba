"""How late the process notices that steps have ended and that somebody asks, and what follows for its times.

Steps have absolute due times, so a late step makes none after it late; only a process that is short of CPU stays
behind. Late by 8 ms on average over three seconds, its times are no longer the model's, and it says so; never less
late than the limit for as long, it will not catch up, and takes no new work.
"""

from collections.abc import Callable
from math import inf
from typing import Final

WINDOW_SECONDS: Final = 3.0
"""A hiccup of the machine is not yet a lie; three seconds of them are."""
SLIPPING_SECONDS: Final = 0.008
"""Measured here: 6 ms at the promised load, where clients' first tokens are 3 ms late; from 8 on more than 5."""
QUIET_SECONDS: Final = 10.0
"""Between two lines about it: whoever lags has better things to do."""
_BEHIND: Final = "WARNING (simulated) {:.0f} ms behind its model on average: latencies are no longer the model's"
_FAR_BEHIND: Final = "WARNING (simulated) at least {:.0f} ms behind its model: new requests are refused"


class StepLag:
    """Fed with each step's lag; answers for the last whole three seconds."""

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
        """Around one step's end things were noticed so late."""
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
