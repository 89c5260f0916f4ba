"""How late the process notices ended steps and new requests, and whether its latencies are still the model's.

Steps have absolute due times, so a late step delays no later one; only a process short of CPU stays late. With a mean
lag above 8 ms over three seconds, latencies are no longer the model's, and a warning is logged. If every lag of three
seconds was above the limit, the process cannot catch up, and the engine refuses new requests.
"""

from collections.abc import Callable
from math import inf
from typing import Final

WINDOW_SECONDS: Final = 3.0
"""Long enough that a single pause of the machine has no effect."""
SLIPPING_SECONDS: Final = 0.008
"""Measured: at the promised load, a mean lag of 6 ms and first tokens 3 ms late; from 8 ms on more than 5 ms."""
QUIET_SECONDS: Final = 10.0
"""Minimum time between two warnings, so that logging does not add to the lag."""
_LAGGING: Final = "WARNING (simulated) {:.0f} ms behind its model on average: latencies are no longer the model's"
_LAGGING_FAR: Final = "WARNING (simulated) at least {:.0f} ms behind its model: new requests are refused"


class StepLag:
    """Aggregates the lag of every step over the last full window of three seconds."""

    def __init__(self, limit_seconds: float, log: Callable[[str], None] | None = None) -> None:
        self.limit_seconds = limit_seconds
        self.least = 0.0
        """The minimum lag of the window, in seconds: what cannot be caught up."""
        self.mean = 0.0
        self.steps_late = 0
        """Steps since the start whose lag was above `SLIPPING_SECONDS`."""
        self._log = log
        self._quiet_until = 0.0
        self._ends = 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0

    @property
    def slipping(self) -> bool:
        """Whether latencies are no longer the model's."""
        return self.mean > SLIPPING_SECONDS

    @property
    def too_far(self) -> bool:
        """Whether the lag is above the limit, so that new requests are refused."""
        return self.least > self.limit_seconds

    def add(self, lag: float, now: float) -> None:
        """Add the lag of one step's end."""
        if now >= self._ends:
            self._turn(now)
        self._steps += 1
        self._sum += lag
        if lag > SLIPPING_SECONDS:
            self.steps_late += 1
        self._least = min(self._least, lag)

    def rest(self) -> None:
        """Clear the window when no step is due, since an idle engine is not late."""
        self.least = self.mean = 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0

    def _turn(self, now: float) -> None:
        self.least = self._least if self._steps else 0.0
        self.mean = self._sum / self._steps if self._steps else 0.0
        self._least, self._sum, self._steps = inf, 0.0, 0
        self._ends = now + WINDOW_SECONDS
        if self.slipping and self._log is not None and now >= self._quiet_until:
            self._quiet_until = now + QUIET_SECONDS
            self._log(_LAGGING_FAR.format(self.least * 1000) if self.too_far else _LAGGING.format(self.mean * 1000))
