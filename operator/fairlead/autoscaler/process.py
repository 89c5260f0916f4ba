"""`fairlead autoscaler`: the loop in a process of its own, one of several that share the deployments."""

import asyncio
import random
from typing import Final

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


async def run(settings: AutoscalerSettings, understanding: SpecReader, factories: SourceFactories) -> int:
    """Run until SIGTERM or SIGINT."""
    service, keys = AutoscalerService(settings.loop, understanding, factories, settings.identity), RouterKeys()
    async with lifecycle.connected(settings) as own:
        informers = Informers(own.api, WATCHED, settings.namespaces)
        health = ProcessHealth(watch_age_s=informers.age_s, working=True, work="deciding")
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        lease = own.lease(f"fairlead-autoscaler-{settings.identity}")
        membership = Membership(own.api, lease, LeaseDurations.lasting(settings.lease_seconds), rng)
        server = FencedApiServer(own.api, membership.may_write)
        async with (
            service.prepared(informers, server, keys, membership) as loop,
            ports.serve_both(settings, health, (ports.metrics(service.page), *service.routes())),
        ):
            following = asyncio.create_task(operator_key.follow(own.api, settings.lease_namespace, keys))
            decided = _decide(informers, membership, loop, health)
            try:
                await lifecycle.first_of(decided, informers.run(), own.stop.wait())
            finally:
                following.cancel()
                await membership.leave()
    return 0


async def _decide(informers: Informers, membership: Membership, loop: ScalingLoop, health: ProcessHealth) -> None:
    """Join once the cluster was listed, and decide. The loop ends before our Lease, which its last writes need."""
    await informers.synced()
    health.ready = True
    await lifecycle.first_of(loop.run(), membership.run())
