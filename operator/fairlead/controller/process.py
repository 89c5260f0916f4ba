"""The `fairlead operator` process. Every replica serves admission, health and metrics; one leads.

A process that loses the Lease exits, since its in-memory state may be out of date; the kubelet restarts it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from fairlead.cluster import lease, operator_key
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.lease import LeaseDurations
from fairlead.controller import derived_settings, standby
from fairlead.controller.autoscaler_presence import AutoscalerPresence
from fairlead.controller.interfaces import EmbeddedService
from fairlead.controller.leader_tasks import LeaderTasks
from fairlead.controller.settings import OperatorSettings
from fairlead.controller.standby import OperatorContext
from fairlead.process import lifecycle
from fairlead.process.ports import ProcessHealth
from fairlead.telemetry.operator_metrics import OperatorMetrics

LEASE: Final = lease.CONTROLLER
EXIT_LEASE_LOST: Final = 3
"""The exit code of a process that lost the Lease."""

KEY_WAITED_FOR_S: Final = 10.0


async def run(settings: OperatorSettings, embedded: EmbeddedService | None = None) -> int:
    """Run until SIGTERM or the loss of the Lease; the embedded service runs while this process leads."""
    metrics = OperatorMetrics()
    async with lifecycle.connected(settings, metrics.api_request) as own:
        setting = derived_settings.of_reconcile(settings)
        rng = random.Random()  # noqa: S311  # jitter, not a secret
        durations = LeaseDurations.lasting(settings.lease_seconds)
        leadership = lease.Leadership(own.api, own.lease(LEASE), rng, durations)
        tasks = LeaderTasks(own.api, leadership, setting, metrics)
        tasks.embedded = embedded
        if embedded is None:
            tasks.presence = AutoscalerPresence(own.api, settings.lease_namespace)
        health = ProcessHealth(watch_age_s=tasks.watch_age_s, oldest_key_s=tasks.queue.oldest_s)
        async with standby.serve(settings, own, OperatorContext(tasks, health, setting)):
            await lead(leadership, lambda: _work(own.api, tasks, health, settings), own.stop)
    return EXIT_LEASE_LOST if leadership.lost.is_set() else 0


async def _work(api: ApiServer, tasks: LeaderTasks, health: ProcessHealth, settings: OperatorSettings) -> None:
    """Run the leader's tasks; wait up to 10 s for the routers' key, or their configuration would be written twice."""
    health.working = True
    keeping = asyncio.create_task(operator_key.keep(api, settings.lease_namespace, tasks.router_keys))
    try:
        await asyncio.wait([keeping], timeout=KEY_WAITED_FOR_S)
        await tasks.run(settings.namespaces, settings.identity)
    finally:
        health.working = False
        keeping.cancel()


async def lead(leadership: lease.Leadership, work: Callable[[], Awaitable[None]], stop: asyncio.Event) -> None:
    """Wait for the Lease, then work until it is lost or `stop` is set."""

    async def holding() -> None:
        async with lease.hold(leadership):
            await work()

    await lifecycle.first_of(holding(), stop.wait(), leadership.lost.wait())
