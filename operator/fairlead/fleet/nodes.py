"""The nodes GPUs are on, as far as placing a replica cares."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node and one resource of it."""

    name: str
    product: str
    """The GPU by its product label; empty where nobody labelled the node."""
    gpus: int
    """How many pods may hold there in all."""
    used: int = 0
    """How many pods hold, those that are ending among them."""
    schedulable: bool = True
    """Not cordoned, and ready."""
    labels: tuple[tuple[str, str], ...] = ()
