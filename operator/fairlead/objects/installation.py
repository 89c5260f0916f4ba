"""What children need to know of the operator's installation; values of the chart, the same for all children."""

from dataclasses import dataclass, field

from fairlead.fleet.router_keys import RouterKeys

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installed operator."""

    image: str
    """The operator's own image, which routers run too."""
    operator_namespace: str
    """The namespace of the pods that scrape every engine and router."""
    pull_policy: str = "IfNotPresent"
    pull_secrets: tuple[str, ...] = ()
    """Secrets with credentials for the registry of this image; they must be in the namespace of the pod."""
    assigned_users: bool = False
    """The cluster assigns every pod its user and groups, so that pods name none."""
    monitoring: Labels = ()
    """Labels of the namespace whose pods may scrape too; empty: none may."""
    router_keys: RouterKeys = field(default_factory=RouterKeys, compare=False)
    """The keys with which the operator reads routers' metrics ports; their secret comes from the cluster."""
