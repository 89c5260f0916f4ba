"""The ports that several children must agree on; an engine's own is among the facts of its kind."""

from typing import Final

ROUTER: Final = 8080
ROUTER_METRICS: Final = 9090
ROUTER_PEERS: Final = 9091
"""UDP, between the routers of one deployment or gateway."""
LOADER: Final = 8086
"""Of the container beside an engine that loads adapters."""
SERVICE: Final = 80
"""The default port of HTTP, so that clients need not write one."""
SERVICE_TLS: Final = 443
"""The default port of HTTPS, if routers present a certificate."""
