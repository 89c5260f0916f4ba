"""Tenants and how they share capacity: bands of priority, and the lanes that different kinds of requests queue in."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fairlead.fleet.desired_state import SecretKey


class Lane(StrEnum):
    """The queue that a request waits in."""

    INTERACTIVE = "interactive"
    LONG = "long"
    BATCH = "batch"


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantBudget:
    """What a tenant may spend in a period."""

    max_cost: Decimal
    monthly: bool = True
    """False: daily. Both in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One group of clients."""

    name: str
    keys: tuple[SecretKey, ...]
    claims: frozenset[str] = frozenset()
    """Claim values by which an issuer's token names this tenant; empty: its name."""
    band: str | None = None
    weight: int = 1
    max_concurrency: int | None = None
    tokens_per_minute: int | None = None
    requests_per_minute: int | None = None
    budget: TenantBudget | None = None
    models: frozenset[str] = frozenset()
    """Empty: all of them."""
    shadow: bool = False
    explain: bool = False
    """Whether its requests may send `x-fairlead-explain: 1` to learn why an endpoint was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A level of priority."""

    name: str
    priority: int
    reserved: float = 0.0
    max_queued: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LongLaneLimits:
    """Which requests count as long, and how much they may take."""

    min_prompt_tokens: int = 16_384
    min_output_tokens: int = 8192
    max_share: float = 0.30
    max_queue_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLaneLimits:
    """When requests without urgency run, and how many may wait."""

    below_utilization: float = 0.70
    max_queue_seconds: float = 43_200.0
    max_queued: int = 10_000
