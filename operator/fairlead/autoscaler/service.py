"""The loop with all its dependencies: beside the leading controller, or in a process of its own."""

import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

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

log = logging.getLogger("fairlead.autoscaler")


class AutoscalerService:
    """Created once per process; serves its pages all the time, and decides while it runs."""

    def __init__(
        self,
        settings: LoopSettings,
        understanding: SpecReader,
        makers: SourceFactories,
        instance: str,
    ) -> None:
        self._settings = settings
        self._understanding = understanding
        self._makers = makers
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

    async def run(self, world: ClusterState, server: CreatingApiClient, router_keys: RouterKeys) -> None:
        """Decide everything until cancelled."""
        async with self.prepared(world, server, router_keys) as loop:
            log.info("deciding begins, beside the controller")
            await loop.run()

    @asynccontextmanager
    async def prepared(
        self,
        world: ClusterState,
        server: CreatingApiClient,
        router_keys: RouterKeys,
        membership: Membership | None = None,
    ) -> AsyncIterator[ScalingLoop]:
        """Prepare the loop for our deployments: all, or this member's share."""
        sources = SourceRegistry(self._makers, server)
        environment = LoopEnvironment(
            world=world,
            sources=sources,
            understanding=self._understanding,
            writer=AutoscalerWriter(server, world, self._instance, self._metrics),
            ledger=self._ledger,
            metrics=self._metrics,
            mine=membership.mine if membership else lambda _: True,
            router_keys=router_keys,
        )
        loop = ScalingLoop(environment, self._settings)
        self._running = loop, sources, membership
        try:
            yield loop
        finally:
            self._running = None
            await sources.close()
            self._ledger.close()
