"""Virtual time of one band's fair queue: how far it is, how fast it moves, and how far its last step was.

It moves with what a tenant that always waits gets, over its weight. So it is slow where many tenants are active, and
stands still while each turn is of a tenant that has just come.
"""

from math import inf

from fairlead.routing.work_pace import WorkPace


class VirtualTime:
    """Moves forward only."""

    __slots__ = ("_pace", "now", "step")

    def __init__(self) -> None:
        self.now = 0.0
        self.step = 0.0
        """How far it has moved last."""
        self._pace = WorkPace()

    def begin(self, at: float) -> None:
        """Restart the measurement when requests wait again: it stood still meanwhile."""
        self._pace.begin(at)

    def serve(self, start: float, at: float) -> None:
        """Move to the start of a request that is served at this time, unless that is past."""
        moved = max(start - self.now, 0.0)
        self._pace.sent(moved, at)
        if moved:
            self.step, self.now = moved, start

    def most_within(self, seconds: float) -> float:
        """Return how far it moves in so many seconds, by the measured pace; without limit before it was measured, and
        while it stands still: else a tenant that has just come would be behind at once."""
        return seconds * self._pace.per_second or inf
