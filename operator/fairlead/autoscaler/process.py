"""`fairlead autoscaler`: the loop in a process of its own, one of several that share the deployments."""

import asyncio
import random
from typing import Any, Final

from fairlead.autoscaler.loop import ScalingLoop
from fairlead.autoscaler.samples.source_registry import SourceFactories
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.service import AutoscalerService
from fairlead.autoscaler.settings import AutoscalerSettings
from fairlead.autoscaler.sharding import Membership
from fairlead.cluster import kinds, operator_key
from fairlead.cluster.fencing import FencedApiServer
from fairlead.cluster.informers import Informers, WatchedKinds
from fairlead.cluster.lease import LeaseDurations
from fairlead.fleet.router_keys import RouterKeys
from fairlead.process import lifecycle, ports
from fairlead.process.ports import ProcessHealth

WATCHED: Final = WatchedKinds(
    ours=(kinds.INFERENCE_DEPLOYMENT, kinds.AUTOSCALING_POLICY), children=(kinds.POD, kinds.DEPLOYMENT)
)
"""Changes trigger nothing, since the loop reads everything each second."""


async def run(settings: AutoscalerSettings, understanding: SpecReader, makers: SourceFactories) -> int:
    """Run until SIGTERM or SIGINT."""
    service, keys = AutoscalerService(settings.loop, understanding, makers, settings.identity), RouterKeys()
    async with lifecycle.connected(settings) as own:
        informers = Informers(own.api, WATCHED, settings.namespaces)
        health = ProcessHealth(watch_age_s=informers.age_s, working=True, work="deciding")
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        place = own.lease(f"fairlead-autoscaler-{settings.identity}")
        membership = Membership(own.api, place, LeaseDurations.lasting(settings.lease_seconds), rng)
        server = FencedApiServer(own.api, membership.may_write)
        opening = asyncio.create_task(operator_key.follow(own.api, settings.lease_namespace, keys))
        try:
            async with (
                service.prepared(informers, server, keys, membership) as deciding,
                ports.serve_both(settings, health, (ports.metrics(service.page), *service.routes())),
            ):
                await _work(informers, membership, deciding, own.stop, health)
        finally:
            opening.cancel()
    return 0


async def _work(
    informers: Informers, membership: Membership, deciding: ScalingLoop, stop: asyncio.Event, health: ProcessHealth
) -> None:
    """Run informers, membership and loop; at the end the loop stops first, then the Lease is removed, so that others
    take over."""
    following = asyncio.create_task(informers.run(), name="informers")
    stopping = asyncio.create_task(stop.wait())
    beating: asyncio.Task[None] | None = None
    try:
        synced = asyncio.create_task(informers.synced())
        await asyncio.wait([synced, following, stopping], return_when=asyncio.FIRST_COMPLETED)
        health.ready = synced.done()
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
