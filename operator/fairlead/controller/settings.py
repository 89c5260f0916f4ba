"""How this process was told to run; read once by the command line and handed down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where the admission webhook's certificates come from and who calls it."""

    enabled: bool = True
    secret: str = "fairlead-webhook"
    """Holds the certificates that all replicas share."""
    service: str = "fairlead-webhook"
    configuration: str = "fairlead"
    """The ValidatingWebhookConfiguration that is to trust us; empty: cert-manager makes certificates and trust."""
    port: int = 9443


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """All flags of `fairlead operator`."""

    namespaces: tuple[str, ...] = ()
    """Those it serves; empty: all."""
    lease_namespace: str
    identity: str
    """Who holds the Lease: the pod's name."""
    deployment: str = ""
    """The Deployment that runs it: the Lease and the webhook's Secret go with it; empty: they stay."""
    router_image: str
    engine_image: str
    """The image of simulated engines."""
    lease_seconds: float = 15.0
    """Others may lead so long after our last renewal; we stop writing at two thirds of it."""
    labels: tuple[tuple[str, str], ...] = (("app.kubernetes.io/name", "fairlead"),)
    """Those of the operator's pods: network policies let them in."""
    monitoring_namespace: str = ""
    """The one whose pods may read metrics of routers and engines; empty: none."""
    nodes_grow: bool = False
    """Nodes come when pods ask for them, so pods are asked for that no node can hold yet."""
    webhook: WebhookSettings = WebhookSettings()
    host: str = "0.0.0.0"  # noqa: S104  # a pod is reached by its address
    health_port: int = 8081
    metrics_port: int = 9090
