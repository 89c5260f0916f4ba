"""One account per tenant: its requests in flight, its rates, and its use so far.

Counters outlive a change of configuration. Keys arrive as digests; this module does not know which header held them.
"""

from dataclasses import dataclass, field
from math import ceil, inf
from typing import Final

from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing import rate_ownership, rates
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.rates import RateBucket
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal

OPEN: Final = Tenant(name="", keys=())
"""The tenant of every request if no tenants are configured."""


def zeroes() -> dict[RefusalReason, int]:
    """Return every reason with a count of zero, so that a Prometheus rate over it has a first value."""
    return dict.fromkeys(RefusalReason, 0)


@dataclass(slots=True, eq=False)
class Account:
    """One tenant at one router. Only `Dispatcher` and its queues change the counts."""

    tenant: Tenant
    rank: int = 0
    """Index of its band: 0 is the highest priority."""
    max_inflight: float = inf
    """This router's share of the tenant's concurrency."""
    shadow: bool = False
    """Whether requests over the tenant's limits are only counted, not refused."""
    tokens: RateBucket | None = None
    requests: RateBucket | None = None
    home: str | None = None
    """The router that keeps the tenant's rates, if it is another one."""
    owed_requests: int = 0
    """Requests charged at `home` but not used: the next permit request to it refunds them. Likewise tokens."""
    owed_tokens: int = 0
    inflight: int = 0
    queued: int = 0
    """Requests in the queue, the batch lane included."""
    over_concurrency: int = 0
    """Requests sent beyond the tenant's concurrency since the start, because its limits are in shadow mode."""
    shadowed: dict[RefusalReason, int] = field(default_factory=zeroes)
    """Requests that would have been refused without shadow mode, by reason; `Accounts` has one for all tenants."""

    def owe(self, requests: int, tokens: int) -> None:
        """Owe these too: they could not be returned."""
        self.owed_requests += requests
        self.owed_tokens += tokens

    def take_owed(self) -> tuple[int, int]:
        """Return the requests and tokens that are owed, which are then refunded and owed no more."""
        owed = self.owed_requests, self.owed_tokens
        self.owed_requests = self.owed_tokens = 0
        return owed

    @property
    def is_at_limit(self) -> bool:
        """Whether its concurrency keeps its next request waiting."""
        return self.inflight >= self.max_inflight and not self.shadow

    @property
    def name(self) -> str:
        """The tenant's name, as metrics and costs show it."""
        return self.tenant.name

    def allows(self, model: str) -> bool:
        """Return whether the tenant's list of models, if any, has this model. Admission decides if that is enforced."""
        return not self.tenant.models or model in self.tenant.models


class Accounts:
    """All tenants of one router."""

    def __init__(self) -> None:
        self._named: dict[str, Account] = {}
        self._keys: dict[bytes, Account] = {}
        self._open: Account | None = None
        self.shadowed = zeroes()
        """`Account.shadowed` of all tenants together: it does not fall when one of them is removed."""
        self._everybody = Account(tenant=OPEN, shadowed=self.shadowed)
        """Kept besides the named ones: tenants may be configured and removed while its requests run."""

    def take(self, config: DispatcherConfig, now: float) -> None:
        """Apply the configured tenants; a tenant that stays keeps its counters."""
        routing = config.routing
        ranks = {one.name: place for place, one in enumerate(ordered(routing.bands))}
        lowest = max(len(ranks) - 1, 0)
        made = (self._named.get(one.name) or Account(tenant=one, shadowed=self.shadowed) for one in routing.tenants)
        self._named = {one.name: one for one in made}
        for one in routing.tenants:
            _limit(self._named[one.name], one, config, now)
            self._named[one.name].rank = ranks.get(one.band or "", lowest)
        self._everybody.rank, self._everybody.shadow = lowest, routing.limits.shadow
        self._open = None if self._named else self._everybody
        self._keys = {digest: self._named[name] for digest, name in config.keys.items() if name in self._named}

    def of(self, digest: bytes | None) -> Account | Refusal:
        """Return the account of this key, or a refusal if the key is unknown."""
        if self._open is not None:
            return self._open
        account = self._keys.get(digest) if digest is not None else None
        return UNKNOWN if account is None else account

    def named(self, name: str) -> Account | None:
        """Return the account of this tenant."""
        return self._named.get(name)

    @property
    def all(self) -> tuple[Account, ...]:
        """Every account, in configuration order."""
        return (self._everybody,) if self._open is not None else tuple(self._named.values())


def ordered(bands: tuple[Band, ...]) -> list[Band]:
    """Sort bands by priority, the highest first; equal ones stay in configuration order."""
    return sorted(bands, key=lambda one: -one.priority)


def _limit(account: Account, tenant: Tenant, config: DispatcherConfig, now: float) -> None:
    """Apply the tenant's limits.

    Concurrency is rounded up: R routers together run at most R - 1 requests more than the limit, never fewer.
    """
    account.tenant = tenant
    account.shadow = tenant.shadow or config.routing.limits.shadow
    most = tenant.max_concurrency
    account.max_inflight = inf if most is None else ceil(most / config.routers)
    kept_at = rate_ownership.rate_owner(tenant.name, config.peers)
    account.home = kept_at if kept_at != config.name and _is_limited(tenant) else None
    parts = 1 if kept_at is not None and account.home is None else config.routers
    account.tokens = rates.changed(account.tokens, tenant.tokens_per_minute, parts, now)
    account.requests = rates.changed(account.requests, tenant.requests_per_minute, parts, now)


def _is_limited(tenant: Tenant) -> bool:
    return bool(tenant.tokens_per_minute or tenant.requests_per_minute)


UNKNOWN: Final = Refusal(
    reason=RefusalReason.UNKNOWN_KEY,
    message="The request has no API key that is known here: send a tenant's key as `Authorization: Bearer <key>`.",
)
