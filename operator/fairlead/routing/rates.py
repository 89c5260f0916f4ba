"""Rate limits of a tenant: a token bucket that holds one minute's worth and fills evenly.

A request's expected use is reserved before it is sent and settled when its true use is known. If no router owns a
tenant's rates, each of R routers holds an R-th of the limit, independently: together they never let more through than
the limit, and less if clients keep to one router. That is the price of having no shared counter on every request's
path.
"""

from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60.0


@dataclass(slots=True, eq=False)
class RateBucket:
    """A bucket that may go negative: a larger request passes when it is full, and the debt refills after."""

    per_minute: float
    """This router's share."""
    level: float
    at: float
    """When `level` was computed."""

    def take(self, amount: int, now: float) -> float:
        """Take an amount: returns zero on success, else the seconds until it can be taken."""
        most = self.per_minute
        self.level = level = min(most, self.level + (now - self.at) * most / MINUTE)
        self.at = now
        needed = min(amount, most)
        if level >= needed:
            self.level = level - amount
            return 0.0
        return (needed - level) * MINUTE / most

    def give_back(self, amount: int) -> None:
        """Refund an unused reservation; a negative amount charges what was used beyond."""
        self.level = min(self.per_minute, self.level + amount)

    def limit(self, per_minute: float) -> None:
        """Set another limit; the bucket stays as full as it was."""
        self.level *= per_minute / self.per_minute
        self.per_minute = per_minute


def changed(bucket: RateBucket | None, limit: int | None, routers: int, now: float) -> RateBucket | None:
    """Return the bucket for a limit shared by this many routers: the old one adapted, else a full one."""
    if limit is None:
        return None
    share = limit / routers
    if bucket is None:
        return RateBucket(share, share, now)
    if bucket.per_minute != share:
        bucket.limit(share)
    return bucket
