"""A router from start to end: it listens at once, follows its file and its engines, and drains on SIGTERM.

On SIGTERM it is not ready any more but still answers: for a short while clients are asked to leave their connections,
then nobody new is let in and running answers finish. A second signal ends it at once.
"""

import asyncio
import logging
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import web

from fairlead.router import settings as settings_file
from fairlead.router import watched_file
from fairlead.router.discovery import source_of
from fairlead.router.probing import PATIENCE, Patience
from fairlead.router.router import Router, session
from fairlead.router.settings import Settings
from fairlead.router.source import EndpointSource
from fairlead.router.surface import Surface

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0
AT_ONCE_SECONDS: Final = 0.01
"""aiohttp takes zero for "no limit"."""
Signals = asyncio.Queue[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How one router is started."""

    config: Path
    host: str = "127.0.0.1"
    port: int = 8080
    metrics_port: int = 0
    """Where only metrics are served, for scrapers that may not reach the requests' port; 0: nowhere."""
    linger_seconds: float = 3.0
    """How long after SIGTERM connections are still let in: the pre-stop wait has moved nearly everybody by then."""
    reread_seconds: float = watched_file.EVERY_SECONDS
    patience: Patience = PATIENCE
    sources: Callable[[Settings], EndpointSource] = source_of


async def run(start: Start) -> int:
    """Serve until a signal; the exit code."""
    seen: Signals = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, seen.put_nowait, int(number))
    return await live(start, seen)


async def live(start: Start, signals: Signals) -> int:
    """The same with signals from anywhere. A first file that cannot be acted on ends it: there is nothing to keep."""
    settings = settings_file.read(watched_file.text(start.config))
    async with session() as pool:
        router = Router(settings, pool, start.patience)
        scraped = await _scraped(router, start)
        runner = await _listening(router, start)
        engines = Engines(router, start.sources)
        watching = asyncio.create_task(
            watched_file.follow(start.config, engines.apply, start.reread_seconds), name="the file"
        )
        try:
            await signals.get()
            return await _leave(router, runner, signals, start)
        finally:
            watching.cancel()
            await scraped.cleanup()
            await engines.close()
            await router.prober.close()


class Engines:
    """Follows where the engines come from, and changes over when the file names another place."""

    def __init__(self, router: Router, sources: Callable[[Settings], EndpointSource]) -> None:
        self._router = router
        self._sources = sources
        self._task = asyncio.create_task(self._follow(), name="endpoints")

    def apply(self, fresh: Settings) -> None:
        """Take a new file in: requests that run keep what they began with."""
        moved = fresh.place != self._router.settings.place
        self._router.settings = fresh
        if moved:
            self._task.cancel()
            self._task = asyncio.create_task(self._follow(), name="endpoints")

    async def close(self) -> None:
        """Follow no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _follow(self) -> None:
        """A source that fails is begun anew; until then the engines it told last stay in the table."""
        while True:
            try:
                await self._sources(self._router.settings).follow(self._router.table.take)
            except Exception:
                log.exception("the source of endpoints failed; begun anew in %g s", AGAIN_SECONDS)
            await asyncio.sleep(AGAIN_SECONDS)


async def _listening(router: Router, start: Start) -> web.AppRunner:
    runner = web.AppRunner(
        Surface(router).application(), access_log=None, handler_cancellation=True, shutdown_timeout=1.0
    )
    await runner.setup()
    await web.TCPSite(runner, start.host, start.port, backlog=2048).start()
    log.info("listening on %s:%d", start.host, start.port)
    return runner


async def _scraped(router: Router, start: Start) -> web.AppRunner:
    """The metrics' own port stays open to the last, so that a drain is seen in a graph."""
    runner = web.AppRunner(Surface(router).metrics_application(), access_log=None, shutdown_timeout=AT_ONCE_SECONDS)
    await runner.setup()
    if start.metrics_port:
        await web.TCPSite(runner, start.host, start.metrics_port).start()
    return runner


async def _leave(router: Router, runner: web.AppRunner, signals: Signals, start: Start) -> int:
    """Drain, unless a second signal says otherwise."""
    draining = asyncio.create_task(_drain(router, runner, start.linger_seconds))
    again = asyncio.create_task(signals.get())
    await asyncio.wait((draining, again), return_when=asyncio.FIRST_COMPLETED)
    if not again.done():
        again.cancel()
        await runner.cleanup()
        log.info("drained; %d requests were left", router.counts.inflight)
        return 0
    draining.cancel()
    log.info("ended at once by a second signal; %d requests were cut", router.counts.inflight)
    await _stop_listening(runner)
    if runner.server is not None:
        await runner.server.shutdown(AT_ONCE_SECONDS)
    return 128 + again.result()


async def _drain(router: Router, runner: web.AppRunner, linger_seconds: float) -> None:
    """Not ready at once; no new connection after a while; running answers get the time a request may take."""
    router.draining = True
    log.info("draining; %d requests are running", router.counts.inflight)
    await asyncio.sleep(linger_seconds)
    await _stop_listening(runner)
    with suppress(TimeoutError):
        async with asyncio.timeout(router.settings.routing.timeouts.total_seconds):
            await router.idle.wait()


async def _stop_listening(runner: web.AppRunner) -> None:
    for site in runner.sites:
        await site.stop()
