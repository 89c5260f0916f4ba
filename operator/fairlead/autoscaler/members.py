"""Which of several processes decides a deployment: rendezvous hashing over the members that are alive. Pure.

Two members that see each other never decide the same deployment, even while they disagree about a third: the winner
among more members is still the winner among fewer, as long as it is one of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import blake2b


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """A member's last sign of life, and when on our own clock it was first seen."""

    version: str
    at: float
    lasts: float
    """How long it promised to be silent at most."""
    counts_from: float = float("-inf")
    """It decides nothing for one Lease after it came; until then others go on with what will be its own."""


Heartbeats = Mapping[str, Heartbeat]


def heartbeats_after(
    before: Heartbeats, seen: Mapping[str, tuple[str, float]], now: float, looked_before: float
) -> dict[str, Heartbeat]:
    """After a look at all Leases, as version and duration by member; the clock of one starts anew when it moved.

    Who was not there, or silent for too long, at the look before came after that look began, and decides nothing
    before one Lease after it.
    """
    return {member: _heartbeat(before.get(member), *said, (now, looked_before)) for member, said in seen.items()}


def _heartbeat(known: Heartbeat | None, version: str, lasts: float, when: tuple[float, float]) -> Heartbeat:
    now, looked_before = when
    if known is not None and known.version == version:
        return known
    if known is not None and looked_before - known.at < known.lasts:
        return Heartbeat(version=version, at=now, lasts=lasts, counts_from=known.counts_from)
    return Heartbeat(version=version, at=now, lasts=lasts, counts_from=looked_before + lasts)


def alive(signs: Heartbeats, looked: float, now: float) -> frozenset[str]:
    """Members that were not silent for longer than they promised, and are not too new to decide.

    Silent as of the last look: who does not look cannot know that the others are silent.
    """
    return frozenset(
        member for member, sign in signs.items() if looked - sign.at < sign.lasts and now >= sign.counts_from
    )


def owner(uid: str, members: Collection[str]) -> str | None:
    """Who decides it; each process answers alike for the same members."""
    return max(members, key=lambda member: (_weight(member, uid), member), default=None)


def _weight(member: str, uid: str) -> bytes:
    return blake2b(f"{member}\n{uid}".encode(), digest_size=8).digest()
