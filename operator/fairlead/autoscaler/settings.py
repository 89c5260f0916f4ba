"""How this process was told to decide; read once by the command line and handed down."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """What the loop needs, alone or beside the controller."""

    every_seconds: float = 1.0
    """Between two decisions about the same deployment, and two looks at the same pod."""
    nodes_grow: bool = False
    """Nodes come when pods ask for them, so the room of today bounds nothing."""
    decisions: Path | None = None
    """A folder or a file for whole records; nothing: only the log tells of decisions."""
    version: str = ""
    """Of this program; a record says who decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerSettings:
    """All flags of `fairlead autoscaler`."""

    loop: LoopSettings = LoopSettings()
    namespaces: tuple[str, ...] = ()
    """Those it serves; empty: all."""
    lease_namespace: str
    identity: str
    """Unique to the process: the pod's name and a random part."""
    deployment: str = ""
    """The Deployment that runs it: its Lease goes with it; empty: the Lease stays."""
    lease_seconds: float = 15.0
    """Others take over what a silent member decided so long after its last sign of life."""
    host: str = "0.0.0.0"  # noqa: S104  # a pod is reached by its address
    health_port: int = 8081
    metrics_port: int = 9090
