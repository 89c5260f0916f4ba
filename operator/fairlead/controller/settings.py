"""The settings of this process; parsed once by the command line and passed on."""

from dataclasses import dataclass, field

from fairlead.cluster import package_data
from fairlead.fleet.desired_state import EngineKind
from fairlead.process.lifecycle import ProcessSettings
from fairlead.sizing.catalogue import Catalogue


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
class OperatorSettings(ProcessSettings):
    """All flags of `fairlead operator`."""

    router_image: str
    image_pull_policy: str = "IfNotPresent"
    """When a node pulls the image of routers and of our evaluation pods."""
    image_pull_secrets: tuple[str, ...] = ()
    """Secrets with credentials for the registry of that image."""
    engine_image: str
    """The image of simulated engines."""
    cpu_images: tuple[tuple[EngineKind, str], ...] = ()
    """The images of engines' CPU builds, if they are not the defaults."""
    monitoring_namespace: str = ""
    """The namespace whose pods may scrape routers and engines; empty: none."""
    assigned_users: bool = False
    """The cluster assigns every pod its user and groups, as OpenShift does, so that the pods of children name none."""
    nodes_grow: bool = False
    """Nodes are added on demand, so replicas are requested that no node can hold yet."""
    gateway_api: bool = False
    """The operator may write HTTPRoutes of the Gateway API, and watches its own."""
    webhook: WebhookSettings = WebhookSettings()
    console_port: int = 0
    """The console's port; 0: it is not served."""
    catalogue: Catalogue = field(default_factory=package_data.load_catalogue, repr=False)
    """The models and GPUs of this release, with the products of the installation."""
