"""What was used and what it cost, by hour, tenant, route, target and revision; within bounds.

Once there are too many rows, those of the oldest hours are added up by day and tenant, then by day: the sums stay true,
and the split gets coarser where it is looked at least. All hours but the current and the last one may be added up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from math import inf
from typing import Final, NamedTuple

from fairlead.accounting.request_cost import AttemptRecord, RequestCost

HOUR_SECONDS: Final = 3600
DAY_SECONDS: Final = 86_400
MAX_ROWS: Final = 20_000
KEPT_ROWS: Final = 0.97
"""Share of rows that stay when room is made, so that it is rare: adding up 3 % of them blocks the loop for 20 ms."""
IDLE: Final = "(idle)"
"""Route of rows that hold a target's unused cost."""
OTHERS: Final = "(others)"
"""Replaces names once there are too many rows."""


class UsageKey(NamedTuple):
    """The key of one row."""

    hour: int
    """Its start, in seconds since the epoch."""
    tenant: str
    route: str
    target: str
    revision: str
    external: bool = False
    seconds: int = HOUR_SECONDS
    """Its length: a day if its hours were added up."""

    def without_names(self) -> "UsageKey":
        """Return the row of the same hour and tenant for any route, target and revision."""
        return UsageKey(self.hour, self.tenant, self._coarse_route, OTHERS, "", self.external, self.seconds)

    def of_day(self) -> "UsageKey":
        """Return the row of its day and tenant."""
        return UsageKey(self._day, self.tenant, self._coarse_route, OTHERS, "", self.external, DAY_SECONDS)

    def of_all(self) -> "UsageKey":
        """Return the row of its day for all tenants."""
        tenant = self.tenant if self.route == IDLE else OTHERS
        return UsageKey(self._day, tenant, self._coarse_route, OTHERS, "", self.external, DAY_SECONDS)

    @property
    def _day(self) -> int:
        return self.hour // DAY_SECONDS * DAY_SECONDS

    @property
    def _coarse_route(self) -> str:
        return IDLE if self.route == IDLE else OTHERS


@dataclass(slots=True, eq=False)
class UsageTotals:
    """One row."""

    requests: int = 0
    """Counted at the target whose reply the client got."""
    attempts: int = 0
    retries: int = 0
    fallbacks: int = 0
    escalations: int = 0
    unanswered: int = 0
    """Attempts whose reply no client got: failed, cut, cancelled, escalated or repeated."""
    validated: int = 0
    invalid: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    prefill_cost: float = 0.0
    cached_cost: float = 0.0
    decode_cost: float = 0.0
    unanswered_cost: float = 0.0

    def add(self, attempt: AttemptRecord) -> None:
        """Count one attempt."""
        self.attempts += 1
        self.requests += attempt.answered
        self.retries += attempt.retry
        self.fallbacks += attempt.fallback
        self.escalations += attempt.escalation
        self.unanswered += not attempt.answered
        self.validated += attempt.invalid is not None
        self.invalid += attempt.invalid is True
        self.prompt_tokens += attempt.used.prompt
        self.cached_tokens += attempt.used.cached
        self.output_tokens += attempt.used.output
        self.cost += attempt.cost
        self.prefill_cost += attempt.parts.prefill
        self.cached_cost += attempt.parts.cached
        self.decode_cost += attempt.parts.decode
        self.unanswered_cost += 0.0 if attempt.answered else attempt.cost

    def merge(self, other: "UsageTotals") -> None:
        """Add another row."""
        for name in _COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))


NO_USAGE: Final = UsageTotals()
_COUNTS: Final = tuple(one.name for one in fields(UsageTotals))


class UsageLedger:
    """Rows of one router, until they are exported."""

    def __init__(self, max_rows: int = MAX_ROWS) -> None:
        self._rows: dict[UsageKey, UsageTotals] = {}
        self._max_rows = max_rows
        self._crowded_hour = 0
        """The last hour that has too many rows itself, so that nothing is gained by adding up older ones."""
        self._summed_hour = 0
        self._summed: dict[str, tuple[float, int]] = {}

    def add(self, request: RequestCost, now: float) -> None:
        """Count each attempt of a request that ended, where it ran."""
        hour = int(now // HOUR_SECONDS) * HOUR_SECONDS
        for one in request.attempts:
            key = UsageKey(hour, request.tenant, request.route, one.target, one.revision, one.external)
            self._row(key).add(one)

    def add_idle(self, target: str, revision: str, money: float, now: float) -> None:
        """Add what a target's replicas cost while nothing was in flight there."""
        hour = int(now // HOUR_SECONDS) * HOUR_SECONDS
        self._row(UsageKey(hour, "", IDLE, target, revision)).cost += money

    def of(self, tenant: str) -> list[tuple[UsageKey, UsageTotals]]:
        """Return the rows of a tenant's requests, in any order."""
        return [one for one in self._rows.items() if one[0].tenant == tenant and one[0].route != IDLE]

    def rows(self, start: float = 0.0, end: float = inf) -> Iterator[tuple[UsageKey, UsageTotals]]:
        """Yield the rows that begin in a period, oldest hour first.

        Adjacent periods share none, and whole days in UTC lack nothing. Adding up rows while these are read changes
        none of them.
        """
        yield from sorted((one for one in self._rows.items() if start <= one[0].hour < end), key=lambda one: one[0])

    def last_hour(self, now: float) -> dict[str, tuple[float, int]]:
        """Return cost and tokens of each target in the last full hour, including idle time; computed once an hour."""
        hour = (int(now // HOUR_SECONDS) - 1) * HOUR_SECONDS
        if hour != self._summed_hour:
            self._summed_hour, self._summed = hour, {}
            for key, row in self._rows.items():
                if key.hour == hour:
                    cost, tokens = self._summed.get(key.target, (0.0, 0))
                    used = row.prompt_tokens + row.output_tokens
                    self._summed[key.target] = cost + row.cost, tokens + used
        return self._summed

    def drop_before(self, hour: int) -> None:
        """Forget rows that end by then."""
        self._rows = {key: row for key, row in self._rows.items() if key.hour + key.seconds > hour}

    def _row(self, key: UsageKey) -> UsageTotals:
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= self._max_rows:
                key = self._with_room(key)
            row = self._rows.setdefault(key, UsageTotals())
        return row

    def _with_room(self, key: UsageKey) -> UsageKey:
        """Make room for a new row, or return a coarser one if its hour itself has too many."""
        if key.hour > self._crowded_hour:
            self._add_up(key.hour - HOUR_SECONDS)
            if len(self._rows) > KEPT_ROWS * self._max_rows:
                self._crowded_hour = key.hour
        if len(self._rows) < self._max_rows:
            return key
        coarse = key.without_names()
        return coarse if coarse in self._rows or len(self._rows) < 2 * self._max_rows else key.of_all()

    def _add_up(self, before: int) -> None:
        """Add up rows of hours before this one, the oldest first, until enough room is made."""
        for seconds, coarser in ((HOUR_SECONDS, UsageKey.of_day), (DAY_SECONDS, UsageKey.of_all)):
            added: set[UsageKey] = set()
            old = [one for one in self._rows if one.seconds == seconds and one.hour < before]
            for key in sorted(old, key=_hour):
                if len(self._rows) <= KEPT_ROWS * self._max_rows:
                    return
                row, coarse = self._rows.pop(key), coarser(key)
                total = self._rows.get(coarse, NO_USAGE)
                if total is NO_USAGE or coarse not in added:  # one that is there already may be read by an export
                    added.add(coarse)
                    self._rows[coarse] = fresh = UsageTotals()
                    fresh.merge(total)
                    total = fresh
                total.merge(row)


def _hour(key: UsageKey) -> int:
    return key.hour
