"""Nodes with GPUs or with free cores and memory, as far as scheduling a replica needs them."""

from dataclasses import dataclass

NodeSelector = tuple[tuple[str, str], ...]
"""Labels that a node must have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node and one of its resources."""

    product: str
    """The GPU by its product label; empty where the node has no such label."""
    gpus: int
    """How many GPUs pods may allocate in all."""
    used: int = 0
    """How many GPUs pods have allocated, ending pods included."""
    schedulable: bool = True
    """Not cordoned, and ready."""
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HostNode:
    """One node, its processor and its main memory."""

    cores: float
    """How many cores pods may allocate in all; thousandths count."""
    memory_bytes: int
    used_cores: float = 0.0
    """What our pods have allocated, ending pods included."""
    used_bytes: int = 0
    schedulable: bool = True
    """Not cordoned, ready, and without a taint that keeps the replica away."""
    labels: tuple[tuple[str, str], ...] = ()
