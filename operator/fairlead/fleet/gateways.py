"""What a router is to do: limits, time-outs, holding, caching, retries; and what a shared gateway adds to it.

A deployment without a gateway has the same router with one model and no tenants.
"""

from dataclasses import dataclass
from enum import StrEnum

from fairlead.fleet.desired_state import DesiredDrain, DesiredRevision, DesiredRollout, SecretKey
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLimits:
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
class HoldLimits:
    """Keeping requests while no replica is ready."""

    max_requests: int = 500
    max_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCacheSettings:
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
class Balancing:
    """How a replica is chosen for a request."""

    prefix: bool = True
    """Prefer the replica that holds the prompt's beginning in its KV cache."""
    load_bound: float = 1.25
    """A replica with more than so many times the mean load is not preferred for anything it holds."""
    salt: bool = False
    """Send each tenant's name as `cache_salt`: no tenant finds another's prefixes in an engine, or learns by timing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedging:
    """A second replica asked for the same answer when the first is slow to begin; the first token wins."""

    enabled: bool = False
    after_seconds: float | None = None
    """Nothing: the 95th percentile of first tokens seen lately for prompts of this length."""
    budget: float = 0.02
    """Hedges as a share of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConnections:
    """How clients come in, and how engines are reached."""

    cors_origins: tuple[str, ...] = ()
    """Browsers of these origins may ask; `*` for all, none by default."""
    tls_secret: str | None = None
    """Secret of kind kubernetes.io/tls that clients are answered with; read again when it is rotated."""
    engine_ca: SecretKey | None = None
    """Engines are spoken to over TLS and must show a certificate of this authority."""
    max_header_bytes: int = 64 * 2**10
    head_seconds: float = 20.0
    """A client that has not finished its request's head by then is slow on purpose."""
    body_seconds: float = 120.0
    idle_seconds: float = 75.0
    """An unused client connection is closed after that."""
    max_connections: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTelemetry:
    """What a router says of each request."""

    access_log: bool = True
    log_prompts: bool = False
    otlp_endpoint: str | None = None
    """OTLP over HTTP, for instance http://collector:4318; none: no spans."""
    trace_share: float = 0.05
    """Of requests that bring no decision of their own in `traceparent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """What every router has, whichever object it belongs to."""

    limits: TrafficLimits = TrafficLimits()
    timeouts: Timeouts = Timeouts()
    hold: HoldLimits = HoldLimits()
    cache: ResponseCacheSettings = ResponseCacheSettings()
    retries: Retries = Retries()
    tenants: tuple[Tenant, ...] = ()
    """Nobody named: everybody may ask, without a key, as one tenant."""
    bands: tuple[Band, ...] = ()
    long_lane: LongLaneLimits | None = None
    batch_lane: BatchLaneLimits | None = None
    balancing: Balancing = Balancing()
    hedging: Hedging = Hedging()
    door: RouterConnections = RouterConnections()
    telling: RequestTelemetry = RequestTelemetry()


class RouteStrategy(StrEnum):
    """How a deployment is chosen for a request."""

    SINGLE = "Single"
    WEIGHTED = "Weighted"
    RULES = "Rules"
    CASCADE = "Cascade"


class Difficulty(StrEnum):
    """How hard a request looks."""

    EASY = "Easy"
    HARD = "Hard"


class CascadeValidator(StrEnum):
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
class TokenRange:
    """A range of token counts, both ends included; an absent end is open."""

    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """One line of the table; all that is named must hold."""

    name: str
    deployment: str
    difficulty: Difficulty | None = None
    prompt_tokens: TokenRange = TokenRange()
    output_tokens: TokenRange = TokenRange()
    structured_output: bool | None = None
    tools: bool | None = None
    tenants: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade:
    """Smaller models first."""

    deployments: tuple[str, ...]
    validator: CascadeValidator
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
    strategy: RouteStrategy
    deployment: str | None = None
    weights: tuple[tuple[str, int], ...] = ()
    rules: tuple[RouteRule, ...] = ()
    cascade: Cascade | None = None
    fallback: Fallback | None = None
    cache: bool | None = None
    """Nothing: as the gateway's cache says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """One address over many deployments."""

    namespace: str
    name: str
    routes: tuple[Route, ...] = ()
    routing: RoutingSettings = RoutingSettings()


class ServiceType(StrEnum):
    """How the routers' Service is reached."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPods:
    """The pods of a router and the Service in front of them."""

    replicas: int | None = 2
    """Nothing: whoever scales them decides, and what stands there is left."""
    service: ServiceType = ServiceType.CLUSTER_IP
    annotations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredGateway:
    """All that one gateway object asks for: what its routers do, and the pods they are."""

    gateway: Gateway
    pods: RouterPods = RouterPods()


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRouter:
    """The router a deployment has for itself."""

    routing: RoutingSettings = RoutingSettings()
    pods: RouterPods = RouterPods(replicas=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDeployment:
    """All that one deployment object asks for."""

    wanted: DesiredRevision
    replicas: int | ReplicaBounds = 1
    """A count that somebody else decides, or bounds for our own autoscaler."""
    rollout: DesiredRollout
    drain: DesiredDrain
    door: DeploymentRouter | str = DeploymentRouter()
    """An own router, or the name of the gateway that leads here."""
