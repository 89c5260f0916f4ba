"""What users mount into engine pods beside what an engine needs."""

from dataclasses import dataclass
from enum import StrEnum


class MountedKind(StrEnum):
    """The kind of object that is mounted."""

    CONFIG_MAP = "ConfigMap"
    SECRET = "Secret"
    CLAIM = "PersistentVolumeClaim"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMount:
    """One object at one path."""

    path: str
    kind: MountedKind
    name: str
    inside: str = ""
    """The entry, or the folder of a claim, that is mounted alone; empty: all of it."""
    writable: bool = False
    """Only a claim can be."""
