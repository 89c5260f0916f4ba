"""One process of a cluster as it is to be started: its name, its words, what it waits for."""

import enum
from dataclasses import dataclass


class Stage(enum.IntEnum):
    """The order of starting: a stage begins when the one before answers."""

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
