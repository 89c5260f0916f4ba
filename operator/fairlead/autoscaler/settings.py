"""Settings of the autoscaler, read once from the command line."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """Settings of the loop, in the operator or in a process of its own."""

    every_seconds: float = 1.0
    """Seconds between two decisions for the same deployment, and between two scrapes of the same pod."""
    nodes_grow: bool = False
    """New nodes come for pending pods, so free capacity of today is no limit."""
    decisions: Path | None = None
    """A folder or a file for whole records; None: decisions are only logged."""
    version: str = ""
    """The program's version; each record names the version that decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerSettings:
    """All flags of `fairlead autoscaler`."""

    loop: LoopSettings = LoopSettings()
    namespaces: tuple[str, ...] = ()
    """Namespaces to watch; empty: all."""
    lease_namespace: str
    identity: str
    """Unique to the process: the pod's name and a random part."""
    deployment: str = ""
    """The Deployment that runs this process and owns its Lease; empty: the Lease has no owner."""
    lease_seconds: float = 15.0
    """Other members take over a silent member's deployments this long after its last renewal."""
    host: str = "0.0.0.0"  # noqa: S104  # a pod is reached by its address
    health_port: int = 8081
    metrics_port: int = 9090
