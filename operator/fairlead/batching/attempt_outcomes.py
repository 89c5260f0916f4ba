"""What a reply means for its request: an answer, a failure for good, or another attempt, and when.

A request that is refused because the fleet is busy waits as long as the reply says, and fails only when that goes on
for long while others are answered; its waits for its turn, behind this run's other requests, do not count. A spent
budget is waited for without end. Faults (a 5xx, a lost connection, a
time-out) have few attempts, since a request may cause them. An address that cannot be reached costs no attempts: the
whole run waits for it, and ends when nothing was answered for too long.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

MAX_FAULTS: Final = 4
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
LONGEST_RETRY_AFTER_S: Final = 600.0
"""What is honoured of a longer one: quotas may be raised meanwhile."""
TAKEN_S: Final = 60.0
"""A request that was refused after a longer wait had been taken: no place became free for it."""
_SPREAD: Final = 0.25
"""Waits are this much longer at most, so that not all end at once."""
WANTS_PROXY_USER: Final = 407
"""A proxy wants a name and a password, and will for every request."""
_REFUSES_ALL: Final = frozenset({401, WANTS_PROXY_USER})
_BUSY: Final = frozenset({429, 503, 529})
_TRANSIENT: Final = frozenset({408, 425})
_NOT_SUPPORTED: Final = frozenset({501, 505})
_SPENT: Final = "budget_spent"
_NO_REPLICA: Final = frozenset({"no_replica_routable", "adapter_not_loaded"})
_WRONG_KEY: Final = frozenset({"unknown_key", "unknown_tenant", "token_refused"})


class Outcome(StrEnum):
    """What became of an attempt."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """For good: the same request would be refused again."""
    BUSY = "busy"
    NO_REPLICA = "no_replica"
    """None serves its model, which says nothing about the other models."""
    SPENT = "spent"
    """The budget of its tenant is: the next period has another."""
    FAULT = "fault"
    UNREACHABLE = "unreachable"
    """Nothing was sent: no connection could be made."""
    UNUSABLE = "unusable"
    """No request of this run can succeed."""


def outcome(status: int, code: str) -> Outcome:
    """Classify a reply by its status, and by the code of its error."""
    if 200 <= status < 300:
        return Outcome.ANSWERED
    if status in _REFUSES_ALL or 300 <= status < 400 or code in _WRONG_KEY:
        return Outcome.UNUSABLE
    if status in _BUSY:
        if code in _NO_REPLICA:
            return Outcome.NO_REPLICA
        return Outcome.SPENT if code == _SPENT else Outcome.BUSY
    if status in _TRANSIENT or (status >= 500 and status not in _NOT_SUPPORTED):
        return Outcome.FAULT
    return Outcome.REFUSED


_REFUSALS: Final = (Outcome.BUSY, Outcome.NO_REPLICA)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptCounts:
    """The attempts of one request that did not succeed."""

    faults: int = 0
    refusals: int = 0
    unreachable: int = 0
    last: Outcome | None = None
    refused_s: float = 0.0
    """Seconds from the first to the last of the refusals that the last attempts met, with nothing else between."""

    def after(self, outcome: Outcome, took_s: float) -> "AttemptCounts":
        """Count one more, which took so long."""
        anew = replace(self, last=outcome, refused_s=0.0)
        if outcome in _REFUSALS:
            goes_on = self.last is outcome and (took_s <= TAKEN_S or outcome is Outcome.NO_REPLICA)
            return replace(anew, refusals=self.refusals + 1, refused_s=self.refused_s + took_s if goes_on else 0.0)
        if outcome is Outcome.SPENT:
            return replace(anew, refusals=self.refusals + 1)
        if outcome is Outcome.FAULT:
            return replace(anew, faults=self.faults + 1)
        return replace(anew, unreachable=self.unreachable + 1)

    def waited(self, seconds: float) -> "AttemptCounts":
        """Count a wait for the next attempt that a reply asked for; not one behind other requests."""
        return replace(self, refused_s=self.refused_s + seconds)

    def are_exhausted(self, max_s: float) -> bool:
        """Whether there is no further attempt: faults are bounded by their number, refusals by their time."""
        if self.last is Outcome.FAULT:
            return self.faults >= MAX_FAULTS
        return self.last in _REFUSALS and self.refused_s > max_s

    def wait_s(self, retry_after_s: float | None, chance: float) -> float:
        """Return the seconds until the next attempt: no fewer than the reply says, and more each time."""
        failed = self.faults + self.refusals + self.unreachable
        wait = min(FIRST_WAIT_S * 2.0 ** min(failed - 1, 16), LONGEST_WAIT_S)
        return max(wait, honoured_s(retry_after_s)) * (1 + _SPREAD * chance)


def honoured_s(retry_after_s: float | None) -> float:
    """Return for how long nothing at all is sent after such a reply."""
    return min(retry_after_s or 0.0, LONGEST_RETRY_AFTER_S)
