"""All that a desk is told: the configured part of routing, as one frozen value that is replaced as a whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fairlead.fleet.gateways import RoutingSettings
from fairlead.routing.served_model import ServedModel

UNSET: Final = RoutingSettings()
UNKNOWN: Final = ServedModel()
WAITING_BYTES: Final = 256 * 2**20
"""Sixteen of the largest bodies that are taken by default, or ten thousand ordinary ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatcherConfig:
    """What one router works by."""

    routing: RoutingSettings = UNSET
    model: ServedModel = UNKNOWN
    routers: int = 1
    """As many share rates and concurrency limits among them."""
    peers: frozenset[str] = frozenset()
    """Names of those that are ready, where they are known."""
    name: str = ""
    """This router's own."""
    keys: Mapping[bytes, str] = field(default_factory=dict)
    """SHA-256 of an API key, and the tenant whose it is."""
    most_waiting_bytes: int = WAITING_BYTES
    """Bodies of all that wait, together."""
