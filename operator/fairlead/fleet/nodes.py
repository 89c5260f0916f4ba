"""Nodes with GPUs, or with free cores and memory, as far as scheduling a replica needs them."""

from dataclasses import dataclass

NodeSelector = tuple[tuple[str, str], ...]
"""Labels that a node must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node and one of its resources."""

    product: str
    """The GPU's product label; empty if the node has none."""
    gpus: int
    """GPUs that pods may allocate in all."""
    used: int = 0
    """GPUs that pods have allocated, including pods that are ending."""
    schedulable: bool = True
    """Ready and not cordoned."""
    taint: str = ""
    """A taint that keeps the replica off; empty if it tolerates all of them."""
    memory_bytes: int | None = None
    """Main memory that pods may allocate in all; None: replicas request none, or the node does not say."""
    used_bytes: int = 0
    """Main memory that our pods request."""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuResources:
    """GPUs, and main memory beside them, that one replica or several pods take of their nodes."""

    gpus: int
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNode:
    """One node, its processor and its main memory."""

    cores: float
    """Cores that pods may allocate in all, fractions included."""
    memory_bytes: int
    used_cores: float = 0.0
    """Cores that our pods have allocated, including ending pods."""
    used_bytes: int = 0
    schedulable: bool = True
    """Ready, not cordoned, and without a taint that keeps the replica off."""
    labels: tuple[tuple[str, str], ...] = ()
