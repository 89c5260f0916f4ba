"""Settings of a router: limits, timeouts, holding, caching, retries; for one deployment or for a gateway.

A gateway is identified by its namespace and name; deployments of other namespaces may refer to it.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fairlead.fleet.container_resources import ContainerResources
from fairlead.fleet.desired_state import DesiredDrain, DesiredPlacement, DesiredRevision, DesiredRollout, SecretKey
from fairlead.fleet.fit import FitCheck
from fairlead.fleet.hung_replicas import HungReplicaAction
from fairlead.fleet.model_routes import GatewayRoutes
from fairlead.fleet.pod_metadata import PodMetadata
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant
from fairlead.fleet.token_issuer import TokenIssuer

EVERY_NAMESPACE: Final = "*"
"""In place of a namespace's name: all namespaces."""


class LateAction(StrEnum):
    """What happens to a request that can no longer get its first token within the objective."""

    SERVE_LAST = "ServeLast"
    REFUSE = "Refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficLimits:
    """Limits of one request, and how many requests may wait."""

    max_prompt_tokens: int | None = None
    max_output_tokens: int | None = None
    max_queued: int = 1000
    max_queue_seconds: float | None = None
    max_request_bytes: int = 16 * 2**20
    late: LateAction = LateAction.SERVE_LAST
    """Applies where an objective for first tokens is known."""
    shadow: bool = False
    """Requests over a limit are counted and allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the router waits for an engine."""

    connect_seconds: float = 2.0
    first_token_seconds: float = 60.0
    between_tokens_seconds: float = 30.0
    total_seconds: float = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldLimits:
    """Limits of holding requests while no replica is ready."""

    max_requests: int = 500
    max_seconds: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCacheSettings:
    """A cache of whole responses, keyed by the exact request."""

    enabled: bool = False
    ttl_seconds: float = 3600.0
    max_bytes: int = 64 * 2**20
    max_entry_bytes: int = 256 * 2**10
    by_tenant: bool = True
    """A cached response is returned only to the tenant whose request filled it."""
    generation: int = 0
    """A response that was stored under another one is never returned."""
    redis_url: SecretKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Further attempts at other replicas, before the first byte of the reply."""

    max_attempts: int = 2
    budget: float = 0.10
    """Retries as a share of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Balancing:
    """How an endpoint is chosen for a request."""

    prefix: bool = True
    """Prefer a replica whose KV cache holds the prompt's first blocks."""
    load_bound: float = 1.25
    """A replica with more than this many times the mean load is not preferred for the blocks that it holds."""
    salt: bool = False
    """Send each tenant's name as `cache_salt`: no tenant hits another's prefix blocks in an engine, or can detect them
    by timing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hedging:
    """A second attempt at another replica when the first is slow to begin; the first token wins."""

    enabled: bool = False
    after_seconds: float | None = None
    """None: the 95th percentile of recent times to first token for prompts of this length."""
    budget: float = 0.02
    """Hedges as a share of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterConnections:
    """Limits and TLS of client connections, and TLS to engines."""

    cors_origins: tuple[str, ...] = ()
    """Browser origins that CORS allows; `*` for all, none by default."""
    tls_secret: str | None = None
    """Secret of type kubernetes.io/tls with the certificate that clients see; read again when it is rotated."""
    engine_ca: SecretKey | None = None
    """Requests to engines use TLS, and engines must present a certificate of this authority."""
    max_header_bytes: int = 64 * 2**10
    head_seconds: float = 20.0
    """A client that has not sent its request's head by then is treated as a slow-client attack."""
    body_seconds: float = 120.0
    idle_seconds: float = 75.0
    """An idle client connection is closed after this."""
    max_connections: int = 20_000
    stream_keep_alive_seconds: float | None = None
    """A client that has waited for its stream this long gets a head and a comment, and another one after each such
    time; None: nothing before its stream begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestTelemetry:
    """What a router logs and traces of each request."""

    access_log: bool = True
    log_prompts: bool = False
    otlp_endpoint: str | None = None
    """OTLP over HTTP, for instance http://collector:4318; None: no spans."""
    trace_share: float = 0.05
    """Share of requests that is traced, among those without a sampling decision in `traceparent`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingSettings:
    """Settings that every router has, of a deployment or of a gateway."""

    limits: TrafficLimits = TrafficLimits()
    timeouts: Timeouts = Timeouts()
    hold: HoldLimits = HoldLimits()
    cache: ResponseCacheSettings = ResponseCacheSettings()
    retries: Retries = Retries()
    tenants: tuple[Tenant, ...] = ()
    """Empty: every client may send requests, without a key, and all are one tenant."""
    bands: tuple[Band, ...] = ()
    long_lane: LongLaneLimits | None = None
    batch_lane: BatchLaneLimits | None = None
    balancing: Balancing = Balancing()
    hedging: Hedging = Hedging()
    connections: RouterConnections = RouterConnections()
    telemetry: RequestTelemetry = RequestTelemetry()
    oidc: TokenIssuer | None = None
    """Issuer of tokens that tenants may send instead of keys; None: keys only."""


class ServiceType(StrEnum):
    """How the routers' Service is exposed."""

    CLUSTER_IP = "ClusterIP"
    NODE_PORT = "NodePort"
    LOAD_BALANCER = "LoadBalancer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteParent:
    """A Gateway of the Gateway API, or some of its listeners."""

    name: str
    namespace: str | None = None
    """None: the HTTPRoute's own."""
    section_name: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRoute:
    """An HTTPRoute to the routers' Service."""

    parents: tuple[RouteParent, ...]
    hostnames: tuple[str, ...] = ()
    request_seconds: float | None = None
    """After how long the Gateway ends a request; 0: never, None: after the router would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterPods:
    """A router's pods, the Service in front of them, and the route to it."""

    replicas: int | None = 2
    """None: an HPA or a person scales the routers, and the Deployment's count is left alone."""
    service: ServiceType = ServiceType.CLUSTER_IP
    annotations: tuple[tuple[str, str], ...] = ()
    route: ServiceRoute | None = None
    placement: DesiredPlacement = field(default_factory=DesiredPlacement)
    resources: ContainerResources = field(default_factory=ContainerResources)
    metadata: PodMetadata = field(default_factory=PodMetadata)
    """Of the pods; `annotations` are the Service's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentRouter:
    """The router of a single deployment."""

    routing: RoutingSettings = RoutingSettings()
    pods: RouterPods = RouterPods(replicas=None)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class GatewayReference:
    """The gateway that a deployment joins."""

    namespace: str
    name: str

    @property
    def title(self) -> str:
        """Namespace and name, as in messages and annotations."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredGateway:
    """One gateway object's spec."""

    reference: GatewayReference
    routing: RoutingSettings = RoutingSettings()
    routes: GatewayRoutes = field(default_factory=GatewayRoutes)
    pods: RouterPods = RouterPods()
    allowed_namespaces: frozenset[str] = frozenset()
    """In addition to its own; `*` allows all."""

    def allows(self, namespace: str) -> bool:
        """Whether deployments of that namespace may join."""
        return namespace == self.reference.namespace or not self.allowed_namespaces.isdisjoint(
            (namespace, EVERY_NAMESPACE)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredDeployment:
    """One deployment object's spec."""

    revision: DesiredRevision
    replicas: int | ReplicaBounds = 1
    """The count set in spec.replicas, or the bounds for our own autoscaler."""
    rollout: DesiredRollout
    drain: DesiredDrain
    hung_replicas: HungReplicaAction = HungReplicaAction.REPLACE
    fit_check: FitCheck = FitCheck.ENFORCE
    """Whether it starts although it does not fit by the estimate."""
    pre_pull: bool = False
    """Whether nodes hold its images before a replica starts there."""
    assigned_users: bool = False
    """Whether the cluster assigns its pods their user, as the installation says and no spec does."""
    router: DeploymentRouter | GatewayReference = DeploymentRouter()
    """Its own router, or the gateway that serves it."""
