"""What is done about a replica that hangs, why one stays as it is, and what is remembered of those that were replaced.

A hung replica has served, passes its probes, and gives no token although requests wait: no kubelet restarts it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class HungReplicaAction(StrEnum):
    """What Fairlead does with a replica that hangs."""

    REPLACE = "Replace"
    """Its pod is deleted, and its ReplicaSet creates another."""
    KEEP = "Keep"


class HungReplicaReason(StrEnum):
    """Why a hung replica is replaced, or why none is."""

    REPLACED = "Replaced"
    NONE_HANGS = "NoneHangs"
    TURNED_OFF = "TurnedOff"
    """The spec says Keep."""
    ROUTERS_SILENT = "RoutersSilent"
    """No router reports its endpoints, or a ready one does not: it may still use the replica."""
    NOT_CONFIRMED = "NotConfirmed"
    """Not every router has seen it hang for long enough, or it never served."""
    MAX_HANG = "MostHang"
    """More than half of the replicas hang, for which a common cause is likelier than a broken replica."""
    REPLACING = "Replacing"
    """One that was replaced before has not ended, or the new one is not ready."""
    HOURLY_LIMIT = "HourlyLimit"
    DELETION_REFUSED = "DeletionRefused"
    """The API server does not let its pod be deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaPod:
    """One engine pod, as far as its replacement is concerned."""

    name: str
    uid: str
    node: str = ""
    created_at: datetime
    ready_since: datetime | None = None
    """None: not ready now."""
    ending: bool = False
    asleep: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedReplica:
    """One replica that was replaced, as the status keeps it."""

    pod: str
    uid: str
    node: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HungReplicaDecision:
    """What is done about hung replicas now."""

    reason: HungReplicaReason
    because: str
    """A sentence with numbers and a remedy; without times, so that it stays the same while nothing changes."""
    replaces: ReplacedReplica | None = None
    """The replica whose pod is deleted now, with reason Replaced; with DeletionRefused, that is tried again now."""
