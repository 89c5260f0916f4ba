"""How a router handles requests, for every object that has a router, and what it reports of them."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.model import SecretKeyRef
from fairlead.api.pod_metadata import MetadataKey
from fairlead.api.string_formats import Duration, Factor, Quantity, Share, Url
from fairlead.fleet.gateways import LateAction, ServiceType

TokenLimit = Annotated[int, Field(ge=1, le=16_777_216)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Enforcement(StrEnum):
    """Whether limits refuse or only count what they would refuse."""

    ENFORCE = "Enforce"
    SHADOW = "Shadow"


class Limits(ApiModel):
    """Limits of one request, and of the queue."""

    enforcement: Enforcement = Field(
        default=Enforcement.ENFORCE,
        description="Enforce refuses what is over a limit. Shadow lets it through and counts it, to try a limit on "
        "real traffic: maxPromptTokens and maxOutputTokens, and all limits of all tenants, their models and budgets "
        "included. maxQueued, maxQueueTime, maxRequestSize and late apply in any case. Default Enforce.",
    )
    max_prompt_tokens: TokenLimit | None = Field(
        default=None, description="Longest prompt in tokens; longer ones get 400. Default: what the model can hold."
    )
    max_output_tokens: TokenLimit | None = Field(
        default=None,
        description="Most tokens an answer may ask for; a request for more gets 400, one that names no "
        "number gets this one, unless enforcement is Shadow. Default: the rest of the context.",
    )
    max_queued: Count | None = Field(
        default=None,
        description="Most requests that wait in one router, of a gateway for each deployment; above it 429 with "
        "Retry-After. lanes.batch has its own limit. Default 1000.",
    )
    max_queue_time: Duration | None = Field(
        default=None,
        description="How long a request waits for a busy replica before it gets 503, for instance 30s; at most "
        "timeouts.total, which is the default. While no replica is ready, hold applies.",
    )
    late: LateAction = Field(
        default=LateAction.SERVE_LAST,
        description="What happens to a request whose first token can no longer come within objectives.ttftP95 of the "
        "policy in spec.scaling. ServeLast: it waits for spare capacity, at most maxQueueTime. Refuse: 503 "
        "with Retry-After at once, or the next deployment of a fallback. Without that objective nothing is late. "
        "Default ServeLast.",
    )
    max_request_size: Quantity | None = Field(
        default=None, description="Largest body of a request; larger ones get 413. Default 16Mi."
    )


class Timeouts(ApiModel):
    """How long the router waits for an engine before it gives up or tries another replica."""

    connect: Duration = Field(default="2s", description="Time to connect. Default 2s. Then another replica is tried.")
    first_token: Duration = Field(
        default="60s",
        description="For streams: from sending the request to the first token; then 504, or a gateway's fallback for "
        "Timeout. Other requests have total. Default 60s.",
    )
    between_tokens: Duration = Field(
        default="30s",
        description="Between two tokens of a stream. Default 30s. Then the stream ends with an error frame.",
    )
    total: Duration = Field(
        default="15m",
        description="For a whole request, waiting and streams included; for batch work from the time that it is sent "
        "to a replica. Default 15m.",
    )


class Hold(ApiModel):
    """Holding requests while no replica is ready: from zero, in a rollout, in a failover."""

    max_requests: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=500,
        description="Most requests one router holds, of a gateway for each deployment; above it 503 with Retry-After. "
        "0: none. Default 500.",
    )
    max_time: Duration = Field(
        default="5m",
        description="How long one is held, at most timeouts.total. Default 5m; should exceed a cold start of the "
        "model.",
    )


class CacheScope(StrEnum):
    """Which tenants may get a cached answer."""

    TENANT = "Tenant"
    GATEWAY = "Gateway"


class RedisStore(ApiModel):
    """A Redis or Valkey that routers share."""

    url_secret: SecretKeyRef = Field(description="Secret with the address, redis:// or rediss://, password included.")


class BaseResponseCache(ApiModel):
    """Which answers are kept, and for how long."""

    enabled: bool = Field(
        default=False,
        description="Whether answers are kept. Default false: only for requests that ask with the header "
        "x-fairlead-cache: on. Answers to requests with temperature 0 or a seed and n of 1 are kept, but never if "
        "a client sends Cache-Control: no-store.",
    )
    ttl: Duration = Field(default="1h", description="How long an answer is kept. Default 1h.")
    max_size: Quantity = Field(default="64Mi", description="Most memory of one router for answers. Default 64Mi.")
    max_entry_size: Quantity = Field(default="256Ki", description="Largest answer that is kept. Default 256Ki.")
    scope: CacheScope = Field(
        default=CacheScope.TENANT,
        description="Tenant: an answer is given only to the tenant whose request made it. Gateway: to every tenant. "
        "Default Tenant.",
    )
    generation: Annotated[int, Field(ge=0, le=1_000_000_000)] = Field(
        default=0,
        description="Another number empties the cache, Redis included: an answer is given only under the number under "
        "which it was kept. Write one that was not used before, such as the next one. Default 0.",
    )


class ResponseCache(BaseResponseCache):
    """Stored answers for identical deterministic requests."""

    redis: RedisStore | None = Field(
        default=None, description="Shares answers and tenants' budgets between routers. Default: each its own."
    )


class Retries(ApiModel):
    """Attempts at another replica, only before the first byte of an answer."""

    max_attempts: Annotated[int, Field(ge=1, le=5)] = Field(
        default=2, description="Attempts a request gets, the first included. Default 2. 1: no retries."
    )
    budget: Share = Field(
        default="0.10",
        description="Retries as a share of requests, so that they do not overload a failing fleet; up to ten unused "
        "ones are saved. A request that no engine had begun is retried in any case. Default "
        '"0.10".',
    )


class Balancing(ApiModel):
    """How a replica is chosen for a request."""

    prefix: bool = Field(
        default=True,
        description="Prefer the replica that holds the prompt's beginning in its KV cache. Default true; without it "
        "the least loaded one is chosen.",
    )
    load_bound: Factor = Field(
        default="1.25",
        description="A replica with more than this many times the mean load is not preferred for its cache. Default "
        '"1.25"; higher values give more hits and longer tails. No effect with several routers that do not receive '
        "each other's reports, as those of a router's own file.",
    )
    cache_salt: bool = Field(
        default=False,
        description="Sends each tenant's mark to the engine as cache_salt: no tenant finds another's prefixes there, "
        "or learns of them by timing. Tenants then share no prefix. Default false.",
    )


class Hedging(ApiModel):
    """Sends the same request to a second replica when the first is slow to begin; the first token wins."""

    enabled: bool = Field(
        default=False,
        description="Whether a slow request is sent to a second replica too. Default false: it costs prompt "
        "computation.",
    )
    after: Duration | None = Field(
        default=None,
        description="For streams: waiting time for the first token before the second replica gets the request. "
        "Default: the time within which 95 % of recent prompts of this length got it, at least 50ms; none before 20 "
        "of them were seen.",
    )
    budget: Share = Field(
        default="0.02",
        description='Hedges as a share of all requests; up to ten unused ones are saved. Default "0.02".',
    )


class AccessLog(ApiModel):
    """One line for each request."""

    enabled: bool = Field(default=True, description="Whether lines are written. Default true.")
    prompts: bool = Field(
        default=False,
        description="Whether they include prompts and answers; your logs then contain what people wrote. Default "
        "false.",
    )


class Tracing(ApiModel):
    """OpenTelemetry spans of requests, sent as OTLP over HTTP."""

    endpoint: Url = Field(description="Address of a collector, for instance http://collector:4318.")
    share: Share = Field(
        default="0.05",
        description='Share of requests that are traced where no traceparent of the client decides. Default "0.05".',
    )


class Service(ApiModel):
    """The Service in front of the routers."""

    type: ServiceType = Field(
        default=ServiceType.CLUSTER_IP,
        description="ClusterIP, NodePort or LoadBalancer. Default ClusterIP: reachable inside the cluster only.",
    )
    annotations: dict[MetadataKey, Annotated[str, Field(max_length=1024)]] = Field(
        default={},
        max_length=32,
        description="Annotations of the Service, for instance for a load balancer. Keys of fairlead.dev are "
        "Fairlead's.",
    )
