"""Dataclasses for values made per request: read-only to type checkers, at a quarter of a frozen one's cost."""

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

Made = TypeVar("Made")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def light(cls: type[Made]) -> type[Made]:
    """Make a slotted dataclass that mypy treats as frozen; it has no hash, so keys stay `NamedTuple`s."""
    return dataclass(slots=True, kw_only=True)(cls)
