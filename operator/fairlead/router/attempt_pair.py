"""The attempts of one request: the one that leads, its hedge, and what went wrong with the last one.

Only here do the attempts in flight change.

An exchange inherits them: one without a hedge, as almost all are, needs no object more.
"""

from math import inf

from fairlead.router.attempt import EngineAttempt
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.wire.problems import Problem
from fairlead.routing.reasons import AttemptEnding


class AttemptPair:
    """Nothing, a first attempt, or a first attempt and its hedge: a hedge is never left alone."""

    __slots__ = ("first", "hedge_at", "last_ending", "last_error", "second", "sent_at")

    def __init__(self) -> None:
        self.first: EngineAttempt | None = None
        """The one that leads: if the hedge wins, it is the hedge."""
        self.second: EngineAttempt | None = None
        """The hedge."""
        self.sent_at = 0.0
        """When the first one was sent."""
        self.hedge_at = inf
        """When to send a hedge if it has no first byte by then."""
        self.last_ending: AttemptEnding | None = None
        """How the last attempt at the current target ended, if it failed."""
        self.last_error: Problem | EngineErrorReply | None = None
        """What went wrong at the last engine, or its own error; sent to the client if there is no other attempt."""

    def failed_with(self, error: Problem | EngineErrorReply) -> None:
        """Keep what went wrong at an engine."""
        self.last_error = error

    def pause_engine(self) -> None:
        """Read no more from the engine for now: the client accepts no more."""
        if self.first is not None:
            self.first.pause()

    def resume_engine(self) -> None:
        """Read again from the engine, which no longer waits for its client."""
        if self.first is not None:
            self.first.resume()

    def lead(self, attempt: EngineAttempt, now: float) -> None:
        """Start with this attempt; none is in flight."""
        self.first = attempt
        self.sent_at = now

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
