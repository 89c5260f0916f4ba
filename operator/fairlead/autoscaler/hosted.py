"""The loop beside the controller: it looks at the leader's informers and writes as long as the leader may."""

import logging
from collections.abc import Sequence

from aiohttp import web

from fairlead.autoscaler import pages
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop import Doors, Loop
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.sources import Makers, Sources
from fairlead.autoscaler.subject import Understanding
from fairlead.autoscaler.writing import Writer
from fairlead.cluster.doors import Creator, World
from fairlead.fleet.router_keys import RouterKeys
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

log = logging.getLogger("fairlead.autoscaler")


class Hosted:
    """Made once a process; works while the process leads, and answers all the time."""

    def __init__(self, settings: LoopSettings, understanding: Understanding, makers: Makers, instance: str) -> None:
        self._settings = settings
        self._understanding = understanding
        self._makers = makers
        self._instance = instance
        self._metrics = AutoscalerMetrics()
        self._ledger = Ledger(settings.decisions)
        self._running: tuple[Loop, Sources] | None = None

    def routes(self) -> Sequence[web.RouteDef]:
        """What is answered beside the host's own pages."""
        return pages.routes(lambda: self._running[0].records() if self._running else ())

    def page(self) -> bytes:
        """Metrics; nothing while another process decides."""
        if self._running is None:
            return b""
        loop, sources = self._running
        return pages.metrics(self._metrics, loop.records, sources, self._ledger, members=1)

    async def run(self, world: World, server: Creator, router_keys: RouterKeys) -> None:
        """Decide until cancelled."""
        sources = Sources(self._makers, server)
        doors = Doors(
            world=world,
            sources=sources,
            understanding=self._understanding,
            writer=Writer(server, world, self._instance, self._metrics),
            ledger=self._ledger,
            metrics=self._metrics,
            router_keys=router_keys,
        )
        loop = Loop(doors, self._settings)
        self._running = loop, sources
        log.info("deciding begins, beside the controller")
        try:
            await loop.run()
        finally:
            self._running = None
            await sources.close()
            self._ledger.close()
