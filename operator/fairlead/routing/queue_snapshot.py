"""Waiting and in-flight requests at one moment, as the router shows them."""

from dataclasses import dataclass

from fairlead.fleet.tenants import Lane
from fairlead.routing.accounts import Accounts
from fairlead.routing.dispatch_queue import DispatchQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneSnapshot:
    """One lane."""

    lane: Lane
    waiting: int
    oldest_seconds: float
    """Age of the longest waiting request; 0 if none waits."""
    inflight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantSnapshot:
    """One tenant."""

    name: str
    waiting: int
    inflight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSnapshot:
    """The whole queue."""

    held: int
    """Waiting requests for which no replica is routable."""
    lanes: tuple[LaneSnapshot, ...]
    tenants: tuple[TenantSnapshot, ...]


def snapshot(queue: DispatchQueue, accounts: Accounts, now: float) -> QueueSnapshot:
    """Take a snapshot of the queue."""
    lanes = []
    for lane in queue.lanes.all:
        oldest = queue.oldest(lane)
        seconds = 0.0 if oldest is None else now - oldest
        lanes.append(
            LaneSnapshot(lane=lane.lane, waiting=lane.bands.waiting, oldest_seconds=seconds, inflight=lane.inflight)
        )
    tenants = tuple(TenantSnapshot(name=one.name, waiting=one.queued, inflight=one.inflight) for one in accounts.all)
    return QueueSnapshot(held=queue.held, lanes=tuple(lanes), tenants=tenants)
