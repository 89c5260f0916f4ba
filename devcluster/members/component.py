"""One process of a cluster: its name, its arguments, what it waits for."""

import enum
from dataclasses import dataclass


class Stage(enum.IntEnum):
    """The start order: a stage begins when the one before answers."""

    STORE = 0
    API = 1
    MEMBERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A program that must run as long as the cluster does."""

    name: str
    argv: tuple[str, ...]
    stage: Stage
    node: str | None = None
    mended_by_restart: str | None = None
    """What its log says of an end that its next start mends."""
