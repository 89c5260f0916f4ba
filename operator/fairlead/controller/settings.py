"""The settings of this process; parsed once by the command line and passed on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where the admission webhook's certificates come from and where it is served."""

    enabled: bool = True
    secret: str = "fairlead-webhook"
    """The Secret with the certificates that all replicas share."""
    service: str = "fairlead-webhook"
    configuration: str = "fairlead"
    """The ValidatingWebhookConfiguration that gets our caBundle; empty: cert-manager makes it and the certificates."""
    port: int = 9443


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSettings:
    """All flags of `fairlead operator`."""

    namespaces: tuple[str, ...] = ()
    """The namespaces that the operator serves; empty: all."""
    lease_namespace: str
    identity: str
    """The holder that is written into the Lease: the pod's name."""
    deployment: str = ""
    """The Deployment that runs it: the Lease and the webhook's Secret are deleted with it; empty: they stay."""
    router_image: str
    engine_image: str
    """The image of simulated engines."""
    lease_seconds: float = 15.0
    """How long after our last renewal others may lead; we stop writing at two thirds of it."""
    labels: tuple[tuple[str, str], ...] = (("app.kubernetes.io/name", "fairlead"),)
    """Labels of the operator's pods: network policies admit pods with them."""
    monitoring_namespace: str = ""
    """The namespace whose pods may scrape routers and engines; empty: none."""
    nodes_grow: bool = False
    """Nodes are added on demand, so replicas are requested that no node can hold yet."""
    webhook: WebhookSettings = WebhookSettings()
    host: str = "0.0.0.0"  # noqa: S104  # a pod is reached by its address
    health_port: int = 8081
    metrics_port: int = 9090
