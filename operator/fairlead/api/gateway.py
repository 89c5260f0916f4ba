"""InferenceGateway as people write it: one address over many deployments, with tenants, lanes and limits."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.model import SecretKeyRef
from fairlead.api.part import ByKey, Each, Part
from fairlead.api.routes import ModelRoute
from fairlead.api.traffic import Count, Enforcement, Hold, Limits, ResponseCache, Retries, Service, Timeouts, TokenLimit
from fairlead.api.words import Duration, Handle, ModelName, Money, Share


class BudgetPeriod(StrEnum):
    """How long a budget lasts, in UTC."""

    DAY = "Day"
    MONTH = "Month"


class TenantBudget(Part):
    """What a tenant may spend; reserved before a request starts, settled when it ended."""

    max_cost: Money = Field(description='Most the tenant may spend, in the catalogue\'s currency, for instance "25".')
    period: BudgetPeriod = Field(default=BudgetPeriod.MONTH, description="Day or Month, in UTC. Default Month.")


class Tenant(Part):
    """One group of clients."""

    name: Handle = Field(description="Name of the tenant, as metrics and costs show it; unique in this gateway.")
    keys: Annotated[tuple[SecretKeyRef, ...], Field(min_length=1, max_length=16)] = Field(
        description="Secrets with the API keys that the tenant sends as bearer token; several while one is replaced. "
        "Keys never stand in this object.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    band: Handle | None = Field(
        default=None, description="Priority band, by name, of spec.bands. Default: the lowest one."
    )
    weight: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="Part of the capacity inside the band, counted in tokens. Default 1."
    )
    max_concurrency: Count | None = Field(
        default=None,
        description="Most requests that run at once, over all routers; further ones wait. Default: no limit.",
    )
    tokens_per_minute: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = Field(
        default=None, description="Most prompt and output tokens a minute; beyond it 429. Default: no limit."
    )
    requests_per_minute: Count | None = Field(
        default=None, description="Most requests a minute; beyond it 429. Default: no limit."
    )
    budget: TenantBudget | None = Field(default=None, description="What the tenant may spend. Default: no limit.")
    models: Annotated[tuple[ModelName, ...], Each()] = Field(
        default=(), max_length=128, description="Models the tenant may use, by name. Default: all."
    )
    enforcement: Enforcement = Field(
        default=Enforcement.ENFORCE,
        description="Enforce refuses what is over a limit; Shadow only counts it. Default Enforce.",
    )


class Band(Part):
    """A level of priority: a higher one is served first."""

    name: Handle = Field(description="Name of the band; unique in this gateway.")
    priority: Annotated[int, Field(ge=0, le=1000)] = Field(description="Higher is served first.")
    reserved: Share | None = Field(
        default=None,
        description='Share of the capacity that lower bands never take, for instance "0.10". Default none.',
    )
    max_queued: Count | None = Field(
        default=None, description="Most requests of the band that wait. Default: limits.maxQueued."
    )


class LongLane(Part):
    """Long jobs wait in a lane of their own, so that chat does not stand behind them."""

    min_prompt_tokens: TokenLimit = Field(
        default=16_384, description="Prompts of at least so many tokens are long jobs. Default 16384."
    )
    min_output_tokens: TokenLimit = Field(
        default=8192, description="Requests for at least so many output tokens are long jobs. Default 8192."
    )
    max_share: Share = Field(
        default="0.30", description='Largest share of the capacity that long jobs take. Default "0.30".'
    )
    max_queue_time: Duration = Field(default="5m", description="How long a long job waits before 503. Default 5m.")


class BatchLane(Part):
    """Work without a hurry fills what is idle. A client says so with the header x-fairlead-lane: batch."""

    below_utilization: Share = Field(
        default="0.70", description='Batch work starts while replicas are used less than this. Default "0.70".'
    )
    max_queue_time: Duration = Field(default="12h", description="How long batch work waits before 503. Default 12h.")
    max_queued: Count = Field(default=10_000, description="Most batch requests that wait. Default 10000.")


class Lanes(Part):
    """Queues beside the interactive one."""

    long: LongLane | None = Field(default=None, description="A lane for long jobs. Default: none.")
    batch: BatchLane | None = Field(default=None, description="A lane for work without a hurry. Default: none.")


class InferenceGatewaySpec(Part):
    """One OpenAI-compatible address over many deployments."""

    replicas: Annotated[int, Field(ge=0, le=64)] | None = Field(
        default=None, description="Number of router pods. Default 2. kubectl scale and an HPA may set it."
    )
    service: Service = Field(default=Service(), description="The Service in front of the routers.")
    models: Annotated[tuple[ModelRoute, ...], ByKey("name", lambda one: one.name)] = Field(
        default=(),
        max_length=64,
        description="Models as clients name them. A deployment that names this gateway and stands in no route is "
        "served under its servedName.",
    )
    tenants: Annotated[tuple[Tenant, ...], ByKey("name", lambda one: one.name)] = Field(
        default=(), max_length=128, description="Who may ask. Without tenants everybody may, without a key."
    )
    bands: Annotated[tuple[Band, ...], ByKey("name", lambda one: one.name)] = Field(
        default=(), max_length=8, description="Levels of priority. Default: one."
    )
    limits: Limits = Field(default=Limits(), description="What one request may ask for.")
    lanes: Lanes = Field(default=Lanes(), description="Queues beside the interactive one.")
    timeouts: Timeouts = Field(default=Timeouts(), description="How long the router waits for an engine.")
    hold: Hold = Field(default=Hold(), description="Keeping requests while no replica is ready.")
    cache: ResponseCache = Field(default=ResponseCache(), description="Exact response cache. Default off.")
    retries: Retries = Field(default=Retries(), description="Trying another replica before the first byte.")
