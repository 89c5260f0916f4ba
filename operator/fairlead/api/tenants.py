"""Who sends requests to a router, and in which order they are served: tenants and priority bands."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel, UniqueList
from fairlead.api.model import SecretKeyRef
from fairlead.api.string_formats import Handle, ModelName, Money, Share
from fairlead.api.token_issuer import Claim
from fairlead.api.traffic import Count, Enforcement


class BudgetPeriod(StrEnum):
    """How long a budget lasts, in UTC."""

    DAY = "Day"
    MONTH = "Month"


class TenantBudget(ApiModel):
    """What a tenant may spend; reserved before a request starts, settled when it has ended."""

    max_cost: Money = Field(
        description="Most the tenant may spend in the period, in the currency of the prices, "
        'for instance "25". Routers add up spending in the Redis of cache.redis; without it each has an '
        "equal part, and loses its record when it ends."
    )
    period: BudgetPeriod = Field(default=BudgetPeriod.MONTH, description="Day or Month, in UTC. Default Month.")


class BaseTenant(ApiModel):
    """Limits and priority of one group of clients."""

    name: Handle = Field(description="Name of the tenant, as metrics and costs show it; unique in this object.")
    claims: Annotated[tuple[Claim, ...], UniqueList()] = Field(
        default=(),
        max_length=16,
        description="Values of the claim oidc.tenantClaim that are this tenant's; no other tenant may have them. "
        "Default: its name.",
    )
    band: Handle | None = Field(
        default=None, description="Name of its priority band in bands. Default: the lowest one."
    )
    weight: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="Weight of its share of the band's capacity, counted in tokens. Default 1."
    )
    max_concurrency: Count | None = Field(
        default=None,
        description="Most requests that run at once, over all routers; further ones wait. Each router has an equal "
        "part, rounded up. Default: no limit.",
    )
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None, description="Most prompt and output tokens a minute; above it 429. Default: no limit."
    )
    requests_per_minute: Count | None = Field(
        default=None, description="Most requests a minute; above it 429. Default: no limit."
    )
    budget: TenantBudget | None = Field(
        default=None,
        description="What the tenant may spend: reserved before a request is sent, settled when it has ended; above "
        "it 429. Default: no limit.",
    )
    models: Annotated[tuple[ModelName, ...], UniqueList()] = Field(
        default=(), max_length=128, description="Models the tenant may use, by name. Default: all."
    )
    enforcement: Enforcement = Field(
        default=Enforcement.ENFORCE,
        description="Enforce refuses what is over a limit; Shadow only counts it. Default Enforce.",
    )
    explain: bool = Field(
        default=False,
        description="Whether it may send the header x-fairlead-explain: 1 to learn why a replica was chosen. The "
        "reply names replicas and their load. Default false; without tenants everyone may.",
    )


class Tenant(BaseTenant):
    """One group of clients."""

    keys: Annotated[tuple[SecretKeyRef, ...], Field(max_length=16)] = Field(
        default=(),
        description="Secrets with the API keys that the tenant sends as bearer token; several while one is being "
        "replaced. This object never contains the keys themselves. Required without oidc.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )


class GatewayTenant(Tenant):
    """One group of clients of a gateway."""

    keys: Annotated[tuple[SecretKeyRef, ...], Field(max_length=16)] = Field(
        default=(),
        description="Secrets with API keys of the tenant, in addition to those in the Secret NAME-keys of the gateway. "
        "A Secret that no router has mounted yet restarts the routers, one by one.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    models: Annotated[tuple[ModelName, ...], UniqueList()] = Field(
        default=(), max_length=80, description="Models the tenant may use, by name. Default: all."
    )


class Band(ApiModel):
    """A priority band: higher ones are served first."""

    name: Handle = Field(description="Name of the band; unique in this object.")
    priority: Annotated[int, Field(ge=0, le=1000)] = Field(description="Higher is served first.")
    reserved: Share | None = Field(
        default=None,
        description='Share of the capacity that lower bands never take, for instance "0.10". Default none.',
    )
    max_queued: Count | None = Field(
        default=None, description="Most requests of the band that wait. Default: limits.maxQueued."
    )
