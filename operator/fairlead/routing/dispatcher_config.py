"""Configuration of a dispatcher: one frozen value, replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.routing.served_model import ServedModel

UNSET: Final = RoutingSettings()
UNKNOWN: Final = ServedModel()
WAITING_BYTES: Final = 256 * 2**20
"""Sixteen of the largest bodies accepted by default, or ten thousand ordinary ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherConfig:
    """The settings of one router."""

    routing: RoutingSettings = UNSET
    model: ServedModel = UNKNOWN
    routers: int = 1
    """Ready routers that share rates and concurrency limits, including this one."""
    peers: frozenset[str] = frozenset()
    """Names of the ready routers, if known."""
    name: str = ""
    """This router's own name."""
    keys: Mapping[bytes, str] = field(default_factory=dict)
    """Tenant by SHA-256 of its API key."""
    first_token_seconds: float | None = None
    """The objective for first tokens; without one, a tenant's requests are served in order of arrival."""
    share: TrafficShare | None = None
    """The traffic share of a new revision, while one is on trial."""
    max_waiting_bytes: int = WAITING_BYTES
    """Limit of all waiting requests' bodies together."""
