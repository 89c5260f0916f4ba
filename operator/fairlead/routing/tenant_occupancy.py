"""Which tenants take more of the engines than their share while others are active: these leave them room.

Fair queueing shares turns, but a tenant whose turn finds the engine full still waits. So a tenant with more than its
share of the tokens in flight, by weight among recently active tenants of its band, may not take the last of a cache.
Every operation takes constant time.
"""

from enum import Enum, auto
from typing import Final

from fairlead.routing.accounts import Account

ACTIVE_SECONDS: Final = 30.0
"""How long after its last request a tenant is left room."""


class ShareUse(Enum):
    """What a tenant has in flight, compared with its share."""

    ALONE = auto()
    """No other tenant of its band is active."""
    WITHIN = auto()
    ABOVE = auto()


class BandOccupancy:
    """What the active tenants of one band have in flight together."""

    __slots__ = ("requests", "tenants", "tokens", "weight")

    def __init__(self) -> None:
        self.tenants = 0
        self.requests = 0
        """In flight."""
        self.tokens = 0
        self.weight = 0.0


class TenantUse:
    """What one tenant has in flight, as long as it is active."""

    __slots__ = ("band", "queued", "seen", "tokens", "weight")

    def __init__(self, band: BandOccupancy, weight: float) -> None:
        self.band = band
        self.weight = weight
        self.tokens = 0
        self.queued = 0
        """Its requests that wait here: while there are any, it stays active."""
        self.seen = 0.0

    def charge(self, tokens: int) -> None:
        """Add tokens sent to an engine; negative when their request ended."""
        self.tokens += tokens
        self.band.tokens += tokens
        self.band.requests += (tokens > 0) - (tokens < 0)

    @property
    def waits_for_its_first(self) -> bool:
        """Whether it has nothing in flight though its band has at least as many requests there as active tenants. With
        more tenants, having none is usual."""
        return not self.tokens and self.band.requests >= self.band.tenants

    def share(self, tokens: int) -> ShareUse:
        """Compare what it would have of its band with this many more tokens."""
        band = self.band
        if band.tenants == 1:
            return ShareUse.ALONE
        above = (self.tokens + tokens) * band.weight > (band.tokens + tokens) * self.weight
        return ShareUse.ABOVE if above else ShareUse.WITHIN


class TenantOccupancy:
    """All active tenants of one dispatcher."""

    __slots__ = ("_bands", "_expires_at", "_uses")

    def __init__(self) -> None:
        self._bands: dict[int, BandOccupancy] = {}
        self._uses: dict[Account, TenantUse] = {}
        self._expires_at = 0.0

    def of(self, account: Account, now: float) -> TenantUse:
        """Return the use of a tenant that sent a request now."""
        use = self._uses.get(account)
        if use is None:
            use = self._uses[account] = self._enter(account)
        elif use.weight != account.tenant.weight or use.band is not self._band(account):
            use = self._uses[account] = self._move(use, account)
        use.seen = now
        if now >= self._expires_at:
            self._expire(now)
        return use

    def _enter(self, account: Account) -> TenantUse:
        band = self._band(account)
        band.tenants += 1
        band.weight += account.tenant.weight
        return TenantUse(band, account.tenant.weight)

    def _leave(self, use: TenantUse) -> None:
        use.band.tenants -= 1
        use.band.weight -= use.weight

    def _move(self, use: TenantUse, account: Account) -> TenantUse:
        """Apply a changed weight or band: tokens in flight end where they were charged."""
        self._leave(use)
        return self._enter(account)

    def _band(self, account: Account) -> BandOccupancy:
        return self._bands.setdefault(account.rank, BandOccupancy())

    def _expire(self, now: float) -> None:
        self._expires_at = now + ACTIVE_SECONDS
        for account, use in list(self._uses.items()):
            if not use.tokens and not use.queued and use.seen + ACTIVE_SECONDS <= now:
                self._leave(use)
                del self._uses[account]
