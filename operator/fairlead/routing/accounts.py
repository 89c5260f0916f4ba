"""Whose request it is: one account a tenant, with what it has under way, its rates, and what it used so far.

Counters outlive a change of configuration. Keys come as digests; which header held them is not known here.
"""

from dataclasses import dataclass, field
from math import ceil, inf
from typing import TYPE_CHECKING, Final

from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing import rate_ownership, rates
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.rates import RateBucket
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

if TYPE_CHECKING:
    from fairlead.routing.fair_queue import TenantQueue

OPEN: Final = Tenant(name="", keys=())
"""Everybody, where no tenants are configured."""


def zeroes() -> dict[RefusalReason, int]:
    """Every reason from the start, so that a rate over them has a first value."""
    return dict.fromkeys(RefusalReason, 0)


@dataclass(slots=True, eq=False)
class Account:
    """One tenant at one router. Counts change only in `desk`."""

    tenant: Tenant
    rank: int = 0
    """Its band's place, the highest priority first."""
    most_inflight: float = inf
    """This router's share of the tenant's concurrency."""
    shadow: bool = False
    """What is over its limits is counted and let through."""
    tokens: RateBucket | None = None
    requests: RateBucket | None = None
    home: str | None = None
    """The router that keeps its rates, where that is another one."""
    owed_requests: int = 0
    """Taken there and not used: the next question to it brings them back, and likewise tokens."""
    owed_tokens: int = 0
    inflight: int = 0
    queued: int = 0
    """Waiting, batch work included."""
    batched: int = 0
    """Waiting in the batch lane."""
    parked: "list[TenantQueue]" = field(default_factory=list)
    """Lines that stepped aside because its concurrency is used up; the next of its endings lets them stand again."""
    asked: int = 0
    """Requests since the start; likewise below."""
    prompt_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    over_concurrency: int = 0
    """Sent beyond the tenant's concurrency, because limits are only tried."""
    refusals: dict[RefusalReason, int] = field(default_factory=zeroes)
    shadowed: dict[RefusalReason, int] = field(default_factory=zeroes)
    """What would have been refused."""

    @property
    def name(self) -> str:
        """As metrics and costs show it."""
        return self.tenant.name

    def allows(self, model: str) -> bool:
        """Whether its own list of models has this one, if there is a list; whether it is enforced is another matter."""
        return not self.tenant.models or model in self.tenant.models


class Accounts:
    """All tenants of one router."""

    def __init__(self) -> None:
        self._named: dict[str, Account] = {}
        self._keys: dict[bytes, Account] = {}
        self._open: Account | None = None
        self._everybody = Account(tenant=OPEN)
        """Kept beside the named ones: tenants may be configured and taken away while its requests run."""

    def take(self, terms: DispatcherConfig, now: float) -> None:
        """The tenants as they are now; one that stays keeps its counters."""
        routing = terms.routing
        ranks = {one.name: place for place, one in enumerate(ordered(routing.bands))}
        lowest = max(len(ranks) - 1, 0)
        self._named = {one.name: self._named.get(one.name) or Account(tenant=one) for one in routing.tenants}
        for one in routing.tenants:
            _limit(self._named[one.name], one, terms, now)
            self._named[one.name].rank = ranks.get(one.band or "", lowest)
        self._everybody.rank, self._everybody.shadow = lowest, routing.limits.shadow
        self._open = None if self._named else self._everybody
        self._keys = {digest: self._named[name] for digest, name in terms.keys.items() if name in self._named}

    def of(self, digest: bytes | None) -> Account | Refusal:
        """Whose key this is."""
        if self._open is not None:
            return self._open
        account = self._keys.get(digest) if digest is not None else None
        return UNKNOWN if account is None else account

    def named(self, name: str) -> Account | None:
        """Of this tenant."""
        return self._named.get(name)

    @property
    def all(self) -> tuple[Account, ...]:
        """Every tenant, in the order of the configuration."""
        return (self._everybody,) if self._open is not None else tuple(self._named.values())


def ordered(bands: tuple[Band, ...]) -> list[Band]:
    """The highest priority first; equal ones in the order in which they are written."""
    return sorted(bands, key=lambda one: -one.priority)


def _limit(account: Account, tenant: Tenant, terms: DispatcherConfig, now: float) -> None:
    """Concurrency is rounded up: together R routers let at most R - 1 more run than the limit says, never fewer."""
    account.tenant = tenant
    account.shadow = tenant.shadow or terms.routing.limits.shadow
    most = tenant.max_concurrency
    account.most_inflight = inf if most is None else ceil(most / terms.routers)
    kept_at = rate_ownership.rate_owner(tenant.name, terms.peers)
    account.home = kept_at if kept_at != terms.name and _is_limited(tenant) else None
    parts = 1 if kept_at is not None and account.home is None else terms.routers
    account.tokens = rates.changed(account.tokens, tenant.tokens_per_minute, parts, now)
    account.requests = rates.changed(account.requests, tenant.requests_per_minute, parts, now)


def _is_limited(tenant: Tenant) -> bool:
    return bool(tenant.tokens_per_minute or tenant.requests_per_minute)


UNKNOWN: Final = Refusal(
    reason=RefusalReason.UNKNOWN_KEY,
    message="The request brings no API key that is known here: send a tenant's key as `Authorization: Bearer <key>`.",
)
