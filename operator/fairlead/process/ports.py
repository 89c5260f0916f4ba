"""The two ports of a process: one for the kubelet's probes, one for metrics and its other routes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from fairlead.process.lifecycle import ProcessSettings
from fairlead.telemetry.exposition import CONTENT_TYPE

SILENT_S: Final = 210.0
"""Three times the silence after which a watch counts as broken and is restarted."""
STUCK_S: Final = 300.0
LAG_S: Final = 5.0
BEAT_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class ProcessHealth:
    """The facts that decide liveness and readiness."""

    watch_age_s: Callable[[], float]
    oldest_key_s: Callable[[], float] = lambda: 0.0
    ready: bool = False
    working: bool = False
    """Whether it does more than stand by."""
    work: str = "leading"
    lag_s: float = 0.0

    def failure(self) -> str:
        """Return a fault that only a restart resolves; empty if there is none."""
        if self.lag_s > LAG_S:
            return f"the event loop is {self.lag_s:.1f} s behind, and at most {LAG_S:g} s are allowed"
        if self.working and self.watch_age_s() > SILENT_S:
            return f"no message from the API server for {self.watch_age_s():.0f} s"
        if self.working and self.oldest_key_s() > STUCK_S:
            return (
                f"the oldest item of the work queue is {self.oldest_key_s():.0f} s old, and at most "
                f"{STUCK_S:g} s are allowed"
            )
        return ""

    async def beat(self) -> None:
        """Measure how late the event loop runs what is due."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.lag_s = loop.time() - due

    def probes(self) -> tuple[web.RouteDef, ...]:
        """Return /healthz and /readyz."""

        async def alive(_: web.Request) -> web.Response:
            failure = self.failure()
            return web.Response(status=500 if failure else 200, text=f"{failure or 'ok'}\n")

        async def ready(_: web.Request) -> web.Response:
            words = (self.work if self.working else "standing by") if self.ready else "starting"
            return web.Response(status=200 if self.ready else 503, text=f"{words}\n")

        return web.get("/healthz", alive), web.get("/readyz", ready)


def metrics(page: Callable[[], bytes]) -> web.RouteDef:
    """Return /metrics, in Prometheus' text format."""

    async def shown(_: web.Request) -> web.Response:
        return web.Response(body=page(), headers={"Content-Type": CONTENT_TYPE.decode()})

    return web.get("/metrics", shown)


@asynccontextmanager
async def serve(
    host: str, port: int, routes: Iterable[web.RouteDef], *, ends_with_client: bool = False
) -> AsyncIterator[web.AppRunner]:
    """Serve these routes while the block runs; with `ends_with_client`, a disconnect cancels the request at once."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=ends_with_client)
    try:
        await runner.setup()
        await web.TCPSite(runner, host, port).start()
        yield runner
    finally:
        await runner.cleanup()


@asynccontextmanager
async def serve_both(
    settings: ProcessSettings, health: ProcessHealth, routes: Iterable[web.RouteDef]
) -> AsyncIterator[None]:
    """Serve probes on one port and `routes` on the other while the block runs, and measure the loop's lag."""
    async with (
        serve(settings.host, settings.health_port, health.probes()),
        serve(settings.host, settings.metrics_port, routes),
    ):
        beating = asyncio.create_task(health.beat(), name="lag of the event loop")
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
