"""A service that runs beside the controller, in the same process and under the same Lease: by default the autoscaler.

The controller knows only this interface: the service reads the stores, may write while this process leads, and has
HTTP routes and metrics.
"""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from fairlead.cluster.fencing import FencedApiServer
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.router_keys import RouterKeys


class EmbeddedService(Protocol):
    """The interface of such a service."""

    def routes(self) -> Sequence[web.RouteDef]:
        """Its HTTP routes on the metrics port, leading or not."""

    def page(self) -> bytes:
        """Its metrics, in Prometheus' text format."""

    async def run(self, world: ControllerClusterState, server: FencedApiServer, router_keys: RouterKeys) -> None:
        """Work until cancelled; with the keys it can read routers' metrics ports."""
