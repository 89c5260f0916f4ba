"""Who waits and who is served at one moment: what the router shows of its queue."""

from dataclasses import dataclass

from fairlead.fleet.tenants import Lane
from fairlead.routing.accounts import Accounts
from fairlead.routing.waiting import WaitingRoom


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneNow:
    """One lane."""

    lane: Lane
    waiting: int
    oldest_seconds: float
    """How long the one has waited that waits longest; 0 when nobody does."""
    inflight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantNow:
    """One tenant."""

    name: str
    waiting: int
    inflight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole queue."""

    held: int
    """Of all that wait, those for whom no replica is there."""
    lanes: tuple[LaneNow, ...]
    tenants: tuple[TenantNow, ...]


def snapshot(room: WaitingRoom, accounts: Accounts, now: float) -> Snapshot:
    """As it is now."""
    lanes = []
    for lane in room.lanes.all:
        oldest = room.oldest(lane)
        seconds = 0.0 if oldest is None else now - oldest
        lanes.append(
            LaneNow(lane=lane.lane, waiting=lane.bands.waiting, oldest_seconds=seconds, inflight=lane.inflight)
        )
    tenants = tuple(TenantNow(name=one.name, waiting=one.queued, inflight=one.inflight) for one in accounts.all)
    return Snapshot(held=room.held, lanes=tuple(lanes), tenants=tenants)
