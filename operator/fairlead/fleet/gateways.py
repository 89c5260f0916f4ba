"""What a router is to do: limits, time-outs, holding, caching, retries; and what a shared gateway adds to it.

A deployment without a gateway has the same router with one model and no tenants.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.wanted import SecretKey, Wanted, WantedDrain, WantedRollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may ask for, and how many may wait."""

    max_prompt_tokens: int | None = None
    max_output_tokens: int | None = None
    max_queued: int = 1000
    max_queue_seconds: float | None = None
    max_request_bytes: int = 16 * 2**20
    shadow: bool = False
    """What is over a limit is counted and let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the router waits for an engine."""

    connect_seconds: float = 2.0
    first_token_seconds: float = 60.0
    between_tokens_seconds: float = 30.0
    total_seconds: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Keeping requests while no replica is ready."""

    max_requests: int = 500
    max_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCache:
    """Exact answers, kept."""

    enabled: bool = False
    ttl_seconds: float = 3600.0
    max_bytes: int = 64 * 2**20
    max_entry_bytes: int = 256 * 2**10
    by_tenant: bool = True
    """An answer is given only to the tenant whose request made it."""
    redis_url: SecretKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Another replica, before the first byte."""

    max_attempts: int = 2
    budget: float = 0.10
    """Retries as a share of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """What every router has, whichever object it belongs to."""

    limits: Limits = Limits()
    timeouts: Timeouts = Timeouts()
    hold: Hold = Hold()
    cache: ResponseCache = ResponseCache()
    retries: Retries = Retries()


class Strategy(StrEnum):
    """How a deployment is chosen for a request."""

    SINGLE = "Single"
    WEIGHTED = "Weighted"
    RULES = "Rules"
    CASCADE = "Cascade"


class Difficulty(StrEnum):
    """How hard a request looks."""

    EASY = "Easy"
    HARD = "Hard"


class Validator(StrEnum):
    """Who says whether a small model's answer is good enough."""

    JSON_SCHEMA = "JsonSchema"
    CONFIDENCE = "Confidence"
    NOT_EMPTY = "NotEmpty"


class FallbackReason(StrEnum):
    """When the next deployment of a chain is asked."""

    UNAVAILABLE = "Unavailable"
    QUEUE_FULL = "QueueFull"
    TIMEOUT = "Timeout"
    CONTEXT_TOO_LONG = "ContextTooLong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of token counts, both ends included; an absent end is open."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One line of the table; all that is named must hold."""

    name: str
    deployment: str
    difficulty: Difficulty | None = None
    prompt_tokens: Span = Span()
    output_tokens: Span = Span()
    structured_output: bool | None = None
    tools: bool | None = None
    tenants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Smaller models first."""

    deployments: tuple[str, ...]
    validator: Validator
    min_confidence: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fallback:
    """Who answers when the chosen deployment cannot."""

    deployments: tuple[str, ...]
    reasons: frozenset[FallbackReason]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One model as clients name it."""

    name: str
    strategy: Strategy
    deployment: str | None = None
    weights: tuple[tuple[str, int], ...] = ()
    rules: tuple[RouteRule, ...] = ()
    cascade: Cascade | None = None
    fallback: Fallback | None = None
    cache: bool | None = None
    """Nothing: as the gateway's cache says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantBudget:
    """What a tenant may spend in a period."""

    max_cost: Decimal
    monthly: bool = True
    """Otherwise daily; both in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One group of clients."""

    name: str
    keys: tuple[SecretKey, ...]
    band: str | None = None
    weight: int = 1
    max_concurrency: int | None = None
    tokens_per_minute: int | None = None
    requests_per_minute: int | None = None
    budget: TenantBudget | None = None
    models: frozenset[str] = frozenset()
    """Empty: all of them."""
    shadow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A level of priority."""

    name: str
    priority: int
    reserved: float = 0.0
    max_queued: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LongLane:
    """Where long jobs wait."""

    min_prompt_tokens: int = 16_384
    min_output_tokens: int = 8192
    max_share: float = 0.30
    max_queue_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLane:
    """Where work without a hurry waits."""

    below_utilization: float = 0.70
    max_queue_seconds: float = 43_200.0
    max_queued: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One address over many deployments."""

    namespace: str
    name: str
    routes: tuple[Route, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    bands: tuple[Band, ...] = ()
    long_lane: LongLane | None = None
    batch_lane: BatchLane | None = None
    routing: Routing = Routing()


class ServiceType(StrEnum):
    """How the routers' Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPods:
    """The pods of a router and the Service in front of them."""

    replicas: int = 2
    service: ServiceType = ServiceType.CLUSTER_IP
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedGateway:
    """All that one gateway object asks for: what its routers do, and the pods they are."""

    gateway: Gateway
    pods: RouterPods = RouterPods()


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRouter:
    """The router a deployment has for itself."""

    routing: Routing = Routing()
    pods: RouterPods = RouterPods()


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedDeployment:
    """All that one deployment object asks for."""

    wanted: Wanted
    replicas: int | ReplicaBounds = 1
    """A count that somebody else decides, or bounds for our own autoscaler."""
    rollout: WantedRollout
    drain: WantedDrain
    door: OwnRouter | str = OwnRouter()
    """An own router, or the name of the gateway that leads here."""
