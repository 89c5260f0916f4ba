"""`fairlead autoscaler`: the loop in a process of its own, one of several that share the deployments."""

import asyncio
import logging
import random
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web

from fairlead.autoscaler import http_handlers
from fairlead.autoscaler.informers import AutoscalerInformers
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop import LoopEnvironment, ScalingLoop
from fairlead.autoscaler.samples.source_registry import SourceFactories, SourceRegistry
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.settings import AutoscalerSettings
from fairlead.autoscaler.sharding import Membership
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster import connection as connecting
from fairlead.cluster import lease, operator_key, own_deployment
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.fencing import FencedApiServer
from fairlead.fleet.router_keys import RouterKeys
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

SILENT_S: Final = 210.0
"""Three times the silence after which a watch counts as broken and is opened anew."""

log = logging.getLogger("fairlead.autoscaler")


async def run(settings: AutoscalerSettings, understanding: SpecReader, makers: SourceFactories) -> int:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    async with await connecting.connect() as connection:
        api = ApiServer(connection)
        place = lease.LeaseSettings(
            namespace=settings.lease_namespace,
            name=f"fairlead-autoscaler-{settings.identity}",
            identity=settings.identity,
            owner=own_deployment.deployment(api, settings.lease_namespace, settings.deployment),
        )
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        membership = Membership(api, place, terms(settings.lease_seconds), rng)
        watching = AutoscalerInformers(api, settings.namespaces)
        server = FencedApiServer(api, membership.may_write)
        sources, metrics = SourceRegistry(makers, server), AutoscalerMetrics()
        ledger, router_keys = Ledger(settings.loop.decisions), RouterKeys()
        opening = asyncio.create_task(operator_key.follow(api, settings.lease_namespace, router_keys))
        deciding = ScalingLoop(
            LoopEnvironment(
                world=watching,
                sources=sources,
                understanding=understanding,
                writer=AutoscalerWriter(server, watching, settings.identity, metrics),
                ledger=ledger,
                metrics=metrics,
                mine=membership.mine,
                router_keys=router_keys,
            ),
            settings.loop,
        )

        def page() -> bytes:
            return http_handlers.metrics(metrics, deciding.records, sources, ledger, membership.count)

        try:
            async with _served(settings, watching, deciding, page):
                await _work(watching, membership, deciding, stop)
        finally:
            opening.cancel()
            await sources.close()
            ledger.close()
    return 0


def terms(seconds: float) -> lease.LeaseDurations:
    """Lease durations in the proportions of Kubernetes' own controllers."""
    return lease.LeaseDurations(duration_s=seconds, deadline_s=seconds * 2 / 3, retry_s=seconds * 2 / 15)


async def _work(
    watching: AutoscalerInformers, membership: Membership, deciding: ScalingLoop, stop: asyncio.Event
) -> None:
    """Run informers, membership and loop; at the end the loop stops first, then the Lease is removed, so that others
    take over."""
    following = asyncio.create_task(watching.run(), name="informers")
    stopping = asyncio.create_task(stop.wait())
    beating: asyncio.Task[None] | None = None
    try:
        synced = asyncio.create_task(watching.synced())
        await asyncio.wait([synced, following, stopping], return_when=asyncio.FIRST_COMPLETED)
        synced.cancel()
        beating = asyncio.create_task(membership.run(), name="member")
        loop = asyncio.create_task(deciding.run(), name="deciding")
        await asyncio.wait([following, beating, loop, stopping], return_when=asyncio.FIRST_COMPLETED)
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)
        for task in (following, beating):
            if task.done():
                task.result()
    finally:
        ended: list[asyncio.Task[Any]] = [task for task in (beating, following, stopping) if task is not None]
        for task in ended:
            task.cancel()
        await asyncio.gather(*ended, return_exceptions=True)
        await membership.leave()


@asynccontextmanager
async def _served(
    settings: AutoscalerSettings, watching: AutoscalerInformers, deciding: ScalingLoop, page: Callable[[], bytes]
) -> AsyncIterator[None]:
    """Serve health on one port, metrics and decisions on the other."""

    async def alive(_: web.Request) -> web.Response:
        silent = watching.age_s()
        return web.Response(
            status=500 if silent > SILENT_S else 200, text=f"the last word of a watch came {silent:.0f} s ago\n"
        )

    async def ready(_: web.Request) -> web.Response:
        return web.Response(status=200 if watching.is_synced else 503, text="following the cluster\n")

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    health = [web.get("/healthz", alive), web.get("/readyz", ready)]
    shown = [web.get("/metrics", metrics), *http_handlers.routes(deciding.records)]
    runners = []
    try:
        for port, routes in ((settings.health_port, health), (settings.metrics_port, shown)):
            app = web.Application()
            app.add_routes(routes)
            runners.append(web.AppRunner(app, access_log=None))
            await runners[-1].setup()
            await web.TCPSite(runners[-1], settings.host, port).start()
        yield
    finally:
        for runner in runners:
            await runner.cleanup()
