"""What routers see of the engines behind them: the facts that tell whether a replica really takes requests."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

NOT_PROBED: Final = "not proved yet"
"""The reason of an engine that is new to a router: nothing is wrong with it so far."""


class EndpointState(StrEnum):
    """What a router does with an engine."""

    ROUTABLE = "routable"
    PROBING = "probing"
    """It failed before; single requests try it."""
    DRAINING = "draining"
    """No new requests; those under way run on."""
    EJECTED = "ejected"
    """It failed too often; none is sent for a while."""
    NOT_READY = "notReady"
    UNKNOWN = "unknown"
    """A word of a newer router; counted as not routable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterEndpoint:
    """One engine, as one router sees it."""

    pod: str
    address: str
    """IP and port."""
    state: EndpointState
    inflight: int
    """Requests under way from this router."""
    reason: str = ""
    """Why it is not routable, in the router's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredEndpoint:
    """One engine as its source sees it, before anybody asked it anything."""

    pod: str
    address: str
    """Host and port."""
    ready: bool = True
    ending: bool = False
    """It is being deleted: what runs there may finish, nothing new goes there."""
    asleep: bool = False
    """It sleeps or is about to: what runs there may finish, and a new request would hang until somebody wakes it."""
    revision: str = ""
    adapters: frozenset[str] = frozenset()
    """Adapters that it can serve beside its model."""
