"""The HTTP endpoints for the kubelet and Prometheus: liveness, readiness, metrics."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

SILENT_S: Final = 210.0
"""Three times the silence after which a watch counts as broken and is restarted."""
STUCK_S: Final = 300.0
LAG_S: Final = 5.0
BEAT_S: Final = 1.0


@dataclass(slots=True, kw_only=True)
class ProcessHealth:
    """The facts that liveness and readiness are decided by."""

    watch_age_s: Callable[[], float]
    oldest_key_s: Callable[[], float]
    ready: bool = False
    leading: bool = False
    lag_s: float = field(default=0.0)

    def sickness(self) -> str:
        """A fault that only a restart resolves; empty when there is none."""
        if self.lag_s > LAG_S:
            return f"the loop lags {self.lag_s:.1f} s behind"
        if self.leading and self.watch_age_s() > SILENT_S:
            return f"no message from the API server for {self.watch_age_s():.0f} s"
        if self.leading and self.oldest_key_s() > STUCK_S:
            return f"an object has waited or been reconciled for {self.oldest_key_s():.0f} s"
        return ""

    async def beat(self) -> None:
        """Measure how late the event loop runs what is due."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT_S
            await asyncio.sleep(BEAT_S)
            self.lag_s = loop.time() - due


async def serve(host: str, port: int, pulse: ProcessHealth) -> web.AppRunner:
    """Serve /healthz and /readyz."""

    async def alive(_: web.Request) -> web.Response:
        sickness = pulse.sickness()
        return web.Response(status=500 if sickness else 200, text=f"{sickness or 'ok'}\n")

    async def ready(_: web.Request) -> web.Response:
        words = ("leading" if pulse.leading else "standing by") if pulse.ready else "starting"
        return web.Response(status=200 if pulse.ready else 503, text=f"{words}\n")

    app = web.Application()
    app.add_routes([web.get("/healthz", alive), web.get("/readyz", ready)])
    return await _serve(host, port, app)


async def serve_metrics(
    host: str, port: int, page: Callable[[], bytes], others: Sequence[web.RouteDef] = ()
) -> web.AppRunner:
    """Serve /metrics, in Prometheus' text format, and the routes of the embedded service."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=page(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics), *others])
    return await _serve(host, port, app)


async def _serve(host: str, port: int, app: web.Application) -> web.AppRunner:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner
