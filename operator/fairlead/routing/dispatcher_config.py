"""Configuration of a dispatcher, as one frozen value that is replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.routing.served_model import ServedModel

UNSET: Final = RoutingSettings()
UNKNOWN: Final = ServedModel()
WAITING_BYTES: Final = 256 * 2**20
"""Sixteen of the largest bodies that are accepted by default, or ten thousand ordinary ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherConfig:
    """The settings of one router."""

    routing: RoutingSettings = UNSET
    model: ServedModel = UNKNOWN
    routers: int = 1
    """Ready routers that share rates and concurrency limits, this one included."""
    peers: frozenset[str] = frozenset()
    """Names of the ready routers, where they are known."""
    name: str = ""
    """This router's own name."""
    keys: Mapping[bytes, str] = field(default_factory=dict)
    """Tenant by SHA-256 of its API key."""
    first_token_seconds: float | None = None
    """The objective for first tokens; without one, requests of a tenant are served in order of arrival."""
    share: TrafficShare | None = None
    """What a new revision gets of the traffic, while there is one that is tried."""
    most_waiting_bytes: int = WAITING_BYTES
    """Limit of all waiting requests' bodies together."""
