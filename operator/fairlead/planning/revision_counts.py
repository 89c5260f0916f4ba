"""The counts of one revision: replicas that are requested, exist and serve.

It only counts; what the numbers mean for a rollout is decided elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.fleet.rollouts import RevisionState, RolloutReplica


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionCounts:
    """The counts of one revision at one moment."""

    revision: RevisionState
    exists: bool = True
    """False: it is wanted, but its Deployment does not exist yet."""
    live: int
    """Replicas that are not ending."""
    ending: int
    """Replicas that are ending and still hold their GPUs."""
    ready: int
    """Live replicas that serve, for however short a time."""
    available: int
    """Live replicas that have served for `min_ready_seconds`: only these count when others may be removed."""
    unplaced: int

    @property
    def name(self) -> str:
        """The revision's name."""
        return self.revision.name

    @property
    def requested(self) -> int:
        """The count that its Deployment requests."""
        return self.revision.requested

    @property
    def occupied(self) -> int:
        """Occupied GPUs, in units of replicas: requested replicas will start, ending ones still hold theirs."""
        return max(self.requested, self.live) + self.ending

    @property
    def promised(self) -> int:
        """Available replicas that stay: when a count falls, replicas that serve no requests are removed first."""
        return min(self.available, self.requested)

    @property
    def idle(self) -> int:
        """Requested replicas that serve no requests."""
        return max(0, self.requested - self.ready)

    @property
    def missing(self) -> int:
        """Requested replicas that do not exist yet: they are about to take room."""
        return max(0, self.requested - self.live)

    @property
    def leaving(self) -> int:
        """Replicas that are ending, or beyond the requested count and about to end."""
        return self.ending + max(0, self.live - self.requested)

    @property
    def gone(self) -> bool:
        """Whether it has no requested, live or ending replica, so that only its Deployment is left."""
        return not (self.requested or self.live or self.ending)


def of(revision: RevisionState, min_ready_seconds: int, now: datetime) -> RevisionCounts:
    """Count one revision."""
    live = [replica for replica in revision.replicas if not replica.ending]
    ripe_at = [_ripe(replica, min_ready_seconds) for replica in live]
    return RevisionCounts(
        revision=revision,
        live=len(live),
        ending=len(revision.replicas) - len(live),
        ready=sum(ripe is not None for ripe in ripe_at),
        available=sum(ripe is not None and ripe <= now for ripe in ripe_at),
        unplaced=sum(replica.unplaced for replica in live),
    )


def absent(name: str, now: datetime) -> RevisionCounts:
    """Return counts of a revision without a Deployment."""
    revision = RevisionState(name=name, requested=0, created_at=now)
    return RevisionCounts(revision=revision, exists=False, live=0, ending=0, ready=0, available=0, unplaced=0)


def next_available(standings: Iterable[RevisionCounts], min_ready_seconds: int, now: datetime) -> list[datetime]:
    """Return when each serving replica will have served long enough."""
    replicas = (replica for each in standings for replica in each.revision.replicas)
    moments = (_ripe(replica, min_ready_seconds) for replica in replicas)
    return [moment for moment in moments if moment is not None and moment > now]


def _ripe(replica: RolloutReplica, min_ready_seconds: int) -> datetime | None:
    """Return when a replica becomes or became available; None if it serves no requests."""
    if replica.ready_since is None or not replica.serves:
        return None
    return replica.ready_since + timedelta(seconds=min_ready_seconds)
