"""How counts are worded, in one place, so that every sentence of a plan reads alike."""

from fairlead.fleet import plurals
from fairlead.fleet.nodes import NodeSelector


def replicas(count: int) -> str:
    """Format `1 replica`, `3 replicas`."""
    return plurals.count(count, "replica")


def change(name: str, before: int, after: int) -> str:
    """Format `chat-1 goes from 2 to 3 replicas`."""
    return f"{name} goes from {before} to {replicas(after)}"


def closed(nodes: int) -> str:
    """Format `; 2 more nodes take no pods now`; empty for 0."""
    return f"; {plurals.count(nodes, 'more node')} {plurals.verb(nodes, 'takes')} no pods now" if nodes else ""


def labels(selector: NodeSelector) -> str:
    """Format `the labels zone=a of spec.placement.nodeSelector`."""
    return f"the labels {', '.join(f'{name}={value}' for name, value in selector)} of spec.placement.nodeSelector"
