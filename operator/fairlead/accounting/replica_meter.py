"""Divides each second of a replica's cost among the attempts in flight, by weight; without any, it is idle cost.

A clock of cost per unit of weight runs as fast as the replica's price over the weight of all attempts in flight. An
attempt pays its weight times the clock's advance since it began, or since its weight changed: so each second is paid
exactly once, each event takes constant time, and an attempt's cost is final when it ends.
"""

from dataclasses import dataclass
from typing import Final

from fairlead.accounting.token_rates import HOUR

DECODE_WEIGHT: Final = 1.0


@dataclass(slots=True, eq=False)
class MeteredAttempt:
    """One attempt at the replica."""

    weight: float
    since: float
    """The clock when it began, or when its weight last changed."""
    prefill_cost: float = 0.0
    """Its share of the time until its first token."""
    decoding: bool = False


@dataclass(slots=True, kw_only=True)
class AttemptCost:
    """The cost of an attempt."""

    prefill: float
    decode: float

    @property
    def total(self) -> float:
        """The sum of both."""
        return self.prefill + self.decode


class ReplicaMeter:
    """One replica, as one router sees it.

    Routers divide a second by the number of attempts that each has there, which all of them can know; each divides its
    own part by weight. So the sum is right although no router knows the weights of the others' attempts.
    """

    __slots__ = ("_at", "_clock", "_open", "_others", "_price", "_weight", "idle", "metered", "seconds")

    def __init__(self, price_per_hour: float, now: float) -> None:
        self._price = price_per_hour / HOUR
        self._at = now
        self._clock = 0.0
        self._weight = 0.0
        self._open = 0
        self._others = 0.0
        """Attempts of other routers."""
        self.metered = 0.0
        """Money for the time of this router's attempts."""
        self.idle = 0.0
        """Money for the time in which nothing was in flight, and for what no tenant was charged."""
        self.seconds = 0.0

    def started(self, weight: float, now: float) -> MeteredAttempt:
        """Record that an attempt was sent."""
        self.advance(now)
        self._weight += weight
        self._open += 1
        return MeteredAttempt(weight, self._clock)

    def first_token(self, attempt: MeteredAttempt, now: float) -> None:
        """Record that its prompt is computed; from here it weighs as much as any decoding sequence."""
        if attempt.decoding:
            return
        self.advance(now)
        attempt.prefill_cost = self._share(attempt)
        attempt.since = self._clock
        self._weight += DECODE_WEIGHT - attempt.weight
        attempt.weight = DECODE_WEIGHT
        attempt.decoding = True

    def ended(self, attempt: MeteredAttempt, now: float, ceiling: float | None = None) -> AttemptCost:
        """Charge an attempt, however it ended, for its time, at most the ceiling; the excess counts as idle."""
        self.advance(now)
        share = self._share(attempt)
        self._close(attempt)
        prefill, decode = (attempt.prefill_cost, share) if attempt.decoding else (share, 0.0)
        total = prefill + decode
        if ceiling is None or total <= ceiling:
            return AttemptCost(prefill=prefill, decode=decode)
        self.idle += total - ceiling
        self.metered -= total - ceiling
        part = ceiling / total
        return AttemptCost(prefill=prefill * part, decode=decode * part)

    def count_others(self, attempts: float, now: float) -> None:
        """Set the number of other routers' attempts in flight here."""
        self.advance(now)
        self._others = attempts

    def reprice(self, price_per_hour: float, now: float) -> None:
        """Change the price; time until now is paid at the old one."""
        self.advance(now)
        self._price = price_per_hour / HOUR

    def advance(self, now: float) -> None:
        """Account for the time since the last event. A clock that steps back is ignored."""
        passed = now - self._at
        if passed <= 0:
            return
        self._at = now
        self.seconds += passed
        money = passed * self._price
        if not self._open:
            self.idle += 0.0 if self._others else money
            return
        part = money * self._open / (self._open + self._others)
        self._clock += part / self._weight
        self.metered += part

    def _share(self, attempt: MeteredAttempt) -> float:
        return attempt.weight * (self._clock - attempt.since)

    def _close(self, attempt: MeteredAttempt) -> None:
        """Close an attempt. With none in flight the clock and the weight restart, so that rounding never adds up."""
        self._open -= 1
        self._weight -= attempt.weight
        if not self._open:
            self._weight = self._clock = 0.0


def idle_remainder(price_per_hour: float, replica_seconds: float, metered: float) -> float:
    """Return a shared replica's idle cost: what no router metered; negative if they counted twice."""
    return price_per_hour / HOUR * replica_seconds - metered
