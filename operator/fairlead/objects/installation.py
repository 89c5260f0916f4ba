"""What children have to know of the installation they belong to; values of the chart, the same for all of them."""

from dataclasses import dataclass, field

from fairlead.fleet.router_keys import RouterKeys

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One installed operator."""

    image: str
    """The operator's own, which routers run too."""
    operator_namespace: str
    operator_labels: Labels = (
        ("app.kubernetes.io/name", "fairlead"),
        ("app.kubernetes.io/component", "operator"),
    )
    """Those of the operator's pods, which read every engine's and router's metrics."""
    pull_policy: str = "IfNotPresent"
    monitoring: Labels = ()
    """Those of the namespace whose pods may read metrics too; empty: none may."""
    router_keys: RouterKeys = field(default_factory=RouterKeys, compare=False)
    """With which the operator reads the pages of routers; filled in once it was read from the cluster."""
