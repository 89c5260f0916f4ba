"""How many requests may be sent a second time: a share of all, so that a failing fleet is not drowned in retries.

A request that no engine took, because it refused or was leaving, cost nobody any work: sending it elsewhere is free.
"""

from typing import Final

from fairlead.fleet.plurals import count
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

MOST_SAVED: Final = 10.0
"""What a quiet time saves up, so that a small fleet may retry at all."""


class RetryBudget:
    """Every request pays its share in, every retry takes one out."""

    def __init__(self) -> None:
        self._saved = MOST_SAVED

    def asked(self, share: float) -> None:
        """A request came."""
        self._saved = min(MOST_SAVED, self._saved + share)

    def maybe_spend(self, *, free: bool) -> bool:
        """Whether one may be sent again; if so, it is paid for unless it is free."""
        if free:
            return True
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


def no_other(attempts: int) -> Refusal:
    """As many as may be have failed it."""
    failed = count(attempts, "replica")
    return Refusal(
        reason=RefusalReason.NO_OTHER_REPLICA,
        message=f"{failed} failed this request before answering, and no more are tried: send it again.",
    )


def budget_spent() -> Refusal:
    """A failing fleet is not drowned in retries."""
    return Refusal(
        reason=RefusalReason.RETRY_BUDGET,
        message="A replica failed this request, and too many are retried already to send it to another: send it again.",
    )
