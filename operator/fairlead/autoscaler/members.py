"""Which of several processes decides a deployment: rendezvous hashing over the members that are alive. Pure.

Two members that see each other never decide the same deployment, even while they disagree about a third: the winner
among more members is still the winner among fewer, as long as it is one of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A member's last Lease renewal, and when our own clock first saw it."""

    version: str
    at: float
    lasts: float
    """The Lease's duration: the longest that the member may be silent."""
    counts_from: float = float("-inf")
    """When a member begins to decide; until then, one Lease duration, the others keep its future deployments."""


Heartbeats = Mapping[str, Heartbeat]


def heartbeats_after(
    before: Heartbeats, seen: Mapping[str, tuple[str, float]], now: float, listed_before: float
) -> dict[str, Heartbeat]:
    """Update heartbeats from a listing of all Leases, as version and duration by member; a changed version restarts the
    clock.

    A member that was missing or expired at the previous listing joined after it began, and decides nothing until one
    Lease duration later.
    """
    return {member: _heartbeat(before.get(member), *sign, (now, listed_before)) for member, sign in seen.items()}


def _heartbeat(earlier: Heartbeat | None, version: str, lasts: float, when: tuple[float, float]) -> Heartbeat:
    now, listed_before = when
    if earlier is not None and earlier.version == version:
        return earlier
    if earlier is not None and listed_before - earlier.at < earlier.lasts:
        return Heartbeat(version=version, at=now, lasts=lasts, counts_from=earlier.counts_from)
    return Heartbeat(version=version, at=now, lasts=lasts, counts_from=listed_before + lasts)


def alive(signs: Heartbeats, listed_at: float, now: float) -> frozenset[str]:
    """Return members whose Lease has not expired and that are not too new to decide.

    Expiry counts as of the last listing: a process that cannot list the Leases cannot tell that the others are silent.
    """
    return frozenset(
        member for member, sign in signs.items() if listed_at - sign.at < sign.lasts and now >= sign.counts_from
    )


def owner(uid: str, members: Collection[str]) -> str | None:
    """Return the member that decides a deployment; every process computes the same for the same members."""
    return max(members, key=lambda member: (_weight(member, uid), member), default=None)


def _weight(member: str, uid: str) -> bytes:
    return blake2b(f"{member}\n{uid}".encode(), digest_size=8).digest()
