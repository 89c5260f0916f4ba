"""Settings of the autoscaler, read once from the command line."""

from dataclasses import dataclass
from pathlib import Path

from fairlead.process.lifecycle import ProcessSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSettings:
    """Settings of the loop, in the operator or in a process of its own."""

    every_seconds: float = 1.0
    """Seconds between two decisions for the same deployment, and between two scrapes of the same pod."""
    nodes_grow: bool = False
    """Whether new nodes come for pending pods, so that free capacity is no limit."""
    decisions: Path | None = None
    """A folder or a file for whole records; None if decisions are only logged."""
    version: str = ""
    """The program's version; each record names the version that decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalerSettings(ProcessSettings):
    """All flags of `fairlead autoscaler`."""

    loop: LoopSettings = LoopSettings()
