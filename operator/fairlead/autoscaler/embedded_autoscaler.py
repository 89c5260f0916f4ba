"""The loop inside the operator: it reads the leader's informers and writes as long as the process is the leader."""

import logging
from collections.abc import Sequence

from aiohttp import web

from fairlead.autoscaler import http_handlers
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop import LoopEnvironment, ScalingLoop
from fairlead.autoscaler.samples.source_registry import SourceFactories, SourceRegistry
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster.interfaces import ClusterState, CreatingApiClient
from fairlead.fleet.router_keys import RouterKeys
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

log = logging.getLogger("fairlead.autoscaler")


class EmbeddedAutoscaler:
    """Made once a process; decides while the process leads, and serves its pages all the time."""

    def __init__(
        self, settings: LoopSettings, understanding: SpecReader, makers: SourceFactories, instance: str
    ) -> None:
        self._settings = settings
        self._understanding = understanding
        self._makers = makers
        self._instance = instance
        self._metrics = AutoscalerMetrics()
        self._ledger = Ledger(settings.decisions)
        self._running: tuple[ScalingLoop, SourceRegistry] | None = None

    def routes(self) -> Sequence[web.RouteDef]:
        """HTTP routes that the operator serves beside its own."""
        return http_handlers.routes(lambda: self._running[0].records() if self._running else ())

    def page(self) -> bytes:
        """The metrics page; empty while another process decides."""
        if self._running is None:
            return b""
        loop, sources = self._running
        return http_handlers.metrics(self._metrics, loop.records, sources, self._ledger, members=1)

    async def run(self, world: ClusterState, server: CreatingApiClient, router_keys: RouterKeys) -> None:
        """Decide until cancelled."""
        sources = SourceRegistry(self._makers, server)
        doors = LoopEnvironment(
            world=world,
            sources=sources,
            understanding=self._understanding,
            writer=AutoscalerWriter(server, world, self._instance, self._metrics),
            ledger=self._ledger,
            metrics=self._metrics,
            router_keys=router_keys,
        )
        loop = ScalingLoop(doors, self._settings)
        self._running = loop, sources
        log.info("deciding begins, beside the controller")
        try:
            await loop.run()
        finally:
            self._running = None
            await sources.close()
            self._ledger.close()
