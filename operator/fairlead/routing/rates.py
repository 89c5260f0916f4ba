"""How fast a tenant may come: a bucket that holds one minute's worth and fills evenly.

What a request will take is reserved before it is sent and settled when its true use is known. Each of R routers holds
an R-th of the limit and knows nothing of the others: together they never let more through than the limit, and less
where clients keep to one router. That is the price of having no shared counter on the way of every request.
"""

from dataclasses import dataclass
from typing import Final

MINUTE: Final = 60.0


@dataclass(slots=True, eq=False)
class RateBucket:
    """May be in debt: a request larger than the bucket is let through when the bucket is full, and paid off after."""

    per_minute: float
    """This router's share."""
    level: float
    at: float
    """When the level was true."""

    def take(self, amount: int, now: float) -> float:
        """Nothing to wait for when it was taken, else the seconds until it can be."""
        most = self.per_minute
        self.level = level = min(most, self.level + (now - self.at) * most / MINUTE)
        self.at = now
        needed = min(amount, most)
        if level >= needed:
            self.level = level - amount
            return 0.0
        return (needed - level) * MINUTE / most

    def give_back(self, amount: int) -> None:
        """What was reserved and not used; a negative amount is what was used beyond."""
        self.level = min(self.per_minute, self.level + amount)

    def limit(self, per_minute: float) -> None:
        """Another limit from now on; as full as it was."""
        self.level *= per_minute / self.per_minute
        self.per_minute = per_minute


def changed(bucket: RateBucket | None, limit: int | None, routers: int, now: float) -> RateBucket | None:
    """The bucket for this limit, shared by so many routers: the old one where there was one, else a full one."""
    if limit is None:
        return None
    share = limit / routers
    if bucket is None:
        return RateBucket(share, share, now)
    if bucket.per_minute != share:
        bucket.limit(share)
    return bucket
