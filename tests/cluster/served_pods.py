"""A pod's HTTP server on this machine, for tests of real requests."""

from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

HOST: Final = "127.0.0.47"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Engine:
    """A pod's server on this machine; counts what it is sent."""

    def __init__(self, handler: Handler) -> None:
        self.requests = 0
        self._handler = handler
        self.port = 0

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        return await self._handler(request)

    async def __aenter__(self) -> "Engine":
        app = web.Application()
        app.add_routes([web.route("*", "/{path:.*}", self._answer)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, HOST, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}/metrics"
