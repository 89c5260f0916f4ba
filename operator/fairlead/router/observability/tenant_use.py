"""Each tenant's use in the last minute, for a gateway's status: the difference to totals noted earlier."""

from collections import deque
from collections.abc import Mapping
from typing import Final, NamedTuple

from fairlead.router.observability.series import TenantTotal

EVERY_SECONDS: Final = 10.0
NOTED: Final = 6
"""Notes that cover a minute."""


class UsedTokens(NamedTuple):
    """Requests that ended, and the tokens of prompts and replies."""

    requests: int
    tokens: int


NOTHING: Final = UsedTokens(0, 0)


class TenantUse:
    """The totals, noted every ten seconds."""

    __slots__ = ("_due", "_notes", "_totals")

    def __init__(self, totals: Mapping[str, TenantTotal]) -> None:
        self._totals = totals
        self._notes: deque[dict[str, UsedTokens]] = deque(maxlen=NOTED)
        self._due = 0.0

    def sweep(self, now: float) -> None:
        """Note the totals, if ten seconds have passed. What came before the first note is use since the start, too."""
        if now >= self._due:
            self._due = now + EVERY_SECONDS
            totals = self._totals if self._notes else {}
            self._notes.append({name: UsedTokens(one.requests, one.tokens) for name, one in totals.items()})

    def last_minute(self, tenant: str) -> UsedTokens:
        """Return a tenant's use in the last 50 to 60 seconds, or since the start."""
        total = self._totals.get(tenant)
        if total is None:
            return NOTHING
        before = self._notes[0].get(tenant, NOTHING) if self._notes else NOTHING
        return UsedTokens(total.requests - before.requests, total.tokens - before.tokens)
