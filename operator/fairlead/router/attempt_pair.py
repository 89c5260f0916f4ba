"""The attempts of one request in flight: the one that leads, and its hedge. Only here do they change.

An exchange inherits them: one without a hedge, as almost all are, needs no object more.
"""

from fairlead.router.attempt import EngineAttempt


class AttemptPair:
    """Nothing, a first attempt, or a first attempt and its hedge: a hedge is never left alone."""

    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first: EngineAttempt | None = None
        """The one that leads: if the hedge wins, it is the hedge."""
        self.second: EngineAttempt | None = None
        """The hedge."""

    def lead(self, attempt: EngineAttempt) -> None:
        """Start with this attempt; none is in flight."""
        self.first = attempt

    def add_hedge(self, hedge: EngineAttempt) -> None:
        """Set a hedge beside the first attempt."""
        self.second = hedge

    def take_hedge(self) -> EngineAttempt | None:
        """Remove the hedge, if there is one, and return it to be ended."""
        hedge, self.second = self.second, None
        return hedge

    def promote_hedge(self) -> None:
        """Let the hedge lead: the former first attempt has ended."""
        self.first, self.second = self.second, None

    def forget(self) -> None:
        """Remove both, which have ended."""
        self.first = self.second = None
