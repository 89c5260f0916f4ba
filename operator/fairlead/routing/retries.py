"""How many retries are allowed: a share of all requests, so that retries do not overload a failing fleet.

A request that no engine worked on, because the engine was busy or draining, has cost nothing: sending it elsewhere is
free. So is sending the failures of a revision on trial to the old one: its share is bounded, and its users pay nothing.
"""

from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal

UNTOUCHED_ENDINGS: Final = frozenset({AttemptEnding.BUSY, AttemptEnding.LEAVING, AttemptEnding.NOT_CONNECTED})
"""Endings before any engine did work: another attempt costs nothing."""
MAX_SAVED: Final = 10.0
"""Retries that a quiet time may save up, so that a small fleet may retry at all."""
AGAIN_SECONDS: Final = 1.0
"""Retry-After of a request that replicas failed: clients that obey it do not add to the failures at once."""


class RetryBudget:
    """A budget: every request adds its share, every retry takes one."""

    def __init__(self) -> None:
        self._saved = MAX_SAVED

    def add_share(self, share: float) -> None:
        """Add a request's share."""
        self._saved = min(MAX_SAVED, self._saved + share)

    def maybe_spend(self, *, free: bool) -> bool:
        """Return whether a retry is allowed; unless it is free, it is taken from the budget."""
        if free:
            return True
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def no_other(attempts: int) -> Refusal:
    """Build the refusal after as many attempts as are allowed."""
    failed = count(attempts, "replica")
    return Refusal(
        reason=RefusalReason.NO_OTHER_REPLICA,
        message=f"{failed} failed this request before answering, and no more are tried: send it again.",
        retry_after_seconds=AGAIN_SECONDS,
    )


def budget_spent() -> Refusal:
    """Build the refusal when the retry budget is spent."""
    return Refusal(
        reason=RefusalReason.RETRY_BUDGET,
        message="A replica failed this request, and the limit of retries is reached: send it again.",
        retry_after_seconds=AGAIN_SECONDS,
    )
