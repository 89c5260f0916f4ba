"""The loop with all its dependencies: beside the leading controller, or in a process of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Final
from zoneinfo import available_timezones

from aiohttp import web

from fairlead.autoscaler import http_handlers
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop import LoopEnvironment, ScalingLoop
from fairlead.autoscaler.samples.source_registry import SourceFactories, SourceRegistry
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.sharding import Membership
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster.interfaces import ClusterState, CreatingApiClient
from fairlead.fleet.router_keys import RouterKeys
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

FIRST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 60.0
"""A loop that ended by an internal error beside the controller begins again after a pause, which doubles up to this."""

log = logging.getLogger("fairlead.autoscaler")


class AutoscalerService:
    """Created once per process; serves its pages all the time, and decides while it runs."""

    def __init__(
        self,
        settings: LoopSettings,
        understanding: SpecReader,
        factories: SourceFactories,
        instance: str,
    ) -> None:
        self._settings = settings
        self._understanding = understanding
        self._factories = factories
        self._instance = instance
        self._metrics = AutoscalerMetrics()
        self._ledger = Ledger(settings.decisions)
        self._running: tuple[ScalingLoop, SourceRegistry, Membership | None] | None = None

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the HTTP routes beside the metrics."""
        return http_handlers.routes(self.records)

    def records(self) -> Iterable[DecisionRecord]:
        """Return the last decision about every deployment; none while another process decides."""
        return self._running[0].records() if self._running else ()

    def page(self) -> bytes:
        """Render the metrics page; empty while another process decides."""
        if self._running is None:
            return b""
        loop, sources, membership = self._running
        members = membership.count if membership else 1
        return http_handlers.metrics(self._metrics, loop.records, sources, self._ledger, members)

    async def run(self, cluster: ClusterState, client: CreatingApiClient, router_keys: RouterKeys) -> None:
        """Decide everything until cancelled; after an internal error, a new loop begins."""
        clock, pause = asyncio.get_running_loop().time, FIRST_PAUSE_S
        try:
            while True:
                began = clock()
                try:
                    async with self._loop(cluster, client, router_keys) as loop:
                        log.info("deciding begins, beside the controller")
                        await loop.run()
                except Exception:
                    self._metrics.failed()
                    pause = FIRST_PAUSE_S if clock() - began > LONGEST_PAUSE_S else pause
                    log.exception(
                        "an internal error ended deciding; it begins again in %.0f s; please report it", pause
                    )
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_S)
        finally:
            self._ledger.close()

    @asynccontextmanager
    async def prepared(
        self,
        cluster: ClusterState,
        client: CreatingApiClient,
        router_keys: RouterKeys,
        membership: Membership | None = None,
    ) -> AsyncIterator[ScalingLoop]:
        """Prepare the loop for our deployments: all, or this member's share."""
        try:
            async with self._loop(cluster, client, router_keys, membership) as loop:
                yield loop
        finally:
            self._ledger.close()

    @asynccontextmanager
    async def _loop(
        self,
        cluster: ClusterState,
        client: CreatingApiClient,
        router_keys: RouterKeys,
        membership: Membership | None = None,
    ) -> AsyncIterator[ScalingLoop]:
        sources = SourceRegistry(self._factories, client)
        environment = LoopEnvironment(
            cluster=cluster,
            sources=sources,
            understanding=self._understanding,
            writer=AutoscalerWriter(client, cluster, self._instance, self._metrics),
            ledger=self._ledger,
            metrics=self._metrics,
            mine=membership.mine if membership else lambda _: True,
            router_keys=router_keys,
            time_zones=frozenset(available_timezones()) or None,
        )
        loop = ScalingLoop(environment, self._settings)
        self._running = loop, sources, membership
        try:
            yield loop
        finally:
            self._running = None
            await sources.close()
