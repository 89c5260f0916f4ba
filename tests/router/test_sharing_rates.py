"""Routers share rates by how many of them are ready, where their labels show it; otherwise by the file's number."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import RequestTelemetry
from fairlead.router.config import loader as settings_file
from fairlead.router.config.loader import RouterConfig
from fairlead.router.discovery import EnginePods as ClusterPods
from fairlead.router.endpoint_discovery import EndpointDiscovery
from fairlead.router.endpoint_sources import EndpointSource, StaticEndpoints, routers_of
from fairlead.router.observability import outputs
from fairlead.router.observability.outputs import ObservabilityOptions
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.process import RouterOptions
from fairlead.router.router import Router
from tests.router.planes import Cluster, run_story

HERE = RouterConfig(namespace="team", endpoints=("127.0.0.1:1",), routers=2, router_selector="role=router")


def made(settings: RouterConfig) -> Router:
    ways = outputs.open_outputs(ObservabilityOptions(wall=lambda: 0.0, bits=lambda _: 0, access_log=None))
    return Router(settings, TelemetryRecorder(ways, RequestTelemetry(), (), 0.0))


def shares(router: Router) -> int:
    """The divisor of every rate, as each part that divides knows it."""
    assert router.sole.dispatcher.table.context.routers == router.sole.dispatcher.config.routers
    return router.sole.dispatcher.config.routers


def router(name: str, *, ready: bool = True, ending: bool = False) -> DiscoveredEndpoint:
    return DiscoveredEndpoint(pod=name, address=f"{name}:8080", ready=ready, ending=ending)


async def soon(router: Router, routers: int) -> None:
    while shares(router) != routers:
        await asyncio.sleep(0.001)


def test_rates_are_shared_by_the_routers_that_are_ready(tmp_path: Path) -> None:
    async def story() -> None:
        cluster = Cluster()

        def routers(settings: RouterConfig) -> EndpointSource | None:
            return cluster if settings.router_selector else None

        one = made(HERE)
        options = RouterOptions(
            config=tmp_path / "x", sources=lambda settings: StaticEndpoints(settings.endpoints), routers=routers
        )
        pods = EndpointDiscovery(one, options)
        try:
            assert shares(one) == 2
            await asyncio.sleep(0)
            cluster.announce(router("a"), router("b"), router("c"), router("d", ready=False), router("e", ending=True))
            await soon(one, 3)
            pods.apply(replace(HERE, routers=5))
            assert shares(one) == 3
            cluster.announce(router("a", ready=False))
            assert shares(one) == 5
            cluster.announce(router("a"))
            assert shares(one) == 1
            pods.apply(replace(HERE, router_selector="", routers=4))
            assert shares(one) == 4
        finally:
            await pods.close()
            await one.close()

    run_story(story())


def test_routers_are_found_by_their_own_labels_in_the_namespace_of_their_file() -> None:
    found = routers_of(HERE)
    assert isinstance(found, ClusterPods)
    assert routers_of(replace(HERE, router_selector="")) is None
    assert routers_of(replace(HERE, namespace="")) is None


def test_the_operators_file_names_the_routers_labels(tmp_path: Path) -> None:
    path = tmp_path / "router.json"
    path.write_text(json.dumps({"renderedFrom": "test", "endpoints": ["a:1"], "routerSelector": "role=router"}))
    assert settings_file.load(path).router_selector == "role=router"
