"""The port of one engine process: which application serves it, from when, and until when.

One socket is kept throughout, so that no connection is refused while another application takes over.
"""

import socket
from types import TracebackType
from typing import Final, Self

from aiohttp import web

KEEP_ALIVE_SECONDS: Final = 5.0
"""All kinds close an idle connection after this; a router's pool must close it earlier."""
_LAST_ANSWERS_SECONDS: Final = 1.0
_BACKLOG: Final = 2048


class EnginePort:
    """Closed until the first application serves."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    async def serve(self, application: web.Application) -> None:
        """Switch to this application; requests that the previous one received get their response from it."""
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            shutdown_timeout=_LAST_ANSWERS_SECONDS,
        )
        await runner.setup()
        if self._socket is None:
            family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
            self._socket = socket.create_server(self._address, family=family, backlog=_BACKLOG)
        await web.SockSite(runner, self._socket.dup(), backlog=_BACKLOG).start()
        before, self._runner = self._runner, runner
        if before is not None:
            await before.cleanup()

    async def close(self) -> None:
        """Stop accepting connections; open ones end once idle."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        if self._runner is not None:
            for site in list(self._runner.sites):
                await site.stop()
            if self._runner.server is not None:
                self._runner.server.pre_shutdown()

    async def end(self) -> None:
        """Finish the last responses and shut down."""
        await self.close()
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()
