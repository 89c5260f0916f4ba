"""The ports that several children must agree on."""

from typing import Final

ENGINE: Final = 8000
"""Requests and metrics alike: engines have one door for both."""
ROUTER: Final = 8080
ROUTER_METRICS: Final = 9090
SERVICE: Final = 80
"""What clients write, which is nothing: the port of plain HTTP."""
SERVICE_TLS: Final = 443
"""The same, where routers show a certificate."""
