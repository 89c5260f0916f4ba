"""Nodes with GPUs, as far as scheduling a replica needs them."""

from dataclasses import dataclass


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
