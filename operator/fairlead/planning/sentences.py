"""How counts are worded, in one place, so that every sentence of a plan reads alike."""

from fairlead.fleet import plurals


def replicas(count: int) -> str:
    """`1 replica`, `3 replicas`."""
    return plurals.count(count, "replica")


def change(name: str, before: int, after: int) -> str:
    """`chat-1 goes from 2 to 3 replicas`."""
    return f"{name} goes from {before} to {replicas(after)}"
