"""Whoever works beside the reconciling, in the same process and under the same Lease: the autoscaler, by default.

The controller knows of it only this: it is shown the world, may write as long as the leader may, and has pages.
"""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from fairlead.cluster.fencing import FencedApiServer
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.router_keys import RouterKeys


class EmbeddedService(Protocol):
    """One of them."""

    def routes(self) -> Sequence[web.RouteDef]:
        """What it answers on the port of metrics, leading or not."""

    def page(self) -> bytes:
        """Its metrics, in the text format."""

    async def run(self, world: ControllerClusterState, server: FencedApiServer, router_keys: RouterKeys) -> None:
        """Work until cancelled; the keys open the pages of routers."""
