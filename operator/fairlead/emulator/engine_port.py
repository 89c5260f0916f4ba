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


class PortUnusable(Exception):
    """The address cannot be listened on; the message says why, and what to do."""


class EnginePort:
    """Closed until the first application serves, but reserved before, so that one in use is found at once."""

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

    def reserve(self) -> None:
        """Bind the address without listening: connections are still refused; raises `PortUnusable`."""
        self._socket = self._bound()

    def _bound(self) -> socket.socket:
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family is socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            made.bind((host, port))
        except (OSError, UnicodeError) as problem:
            made.close()
            raise self._unusable(problem) from None
        return made

    def _unusable(self, problem: Exception) -> PortUnusable:
        host, port = self._address
        why = getattr(problem, "strerror", None) or "no valid name"
        if isinstance(problem, socket.gaierror | UnicodeError):
            return PortUnusable(f"ERROR --host {host}: {why}; write an address of this machine, or 0.0.0.0 for all")
        return PortUnusable(
            f"ERROR --host {host} --port {port}: {why}; end the process that listens there, or write another port"
        )

    async def serve(self, application: web.Application) -> None:
        """Switch to this application; requests that the previous one received get their response from it.

        Raises `PortUnusable` if another process, which had reserved the same address, began to listen first.
        """
        runner = web.AppRunner(
            application,
            access_log=None,
            handler_cancellation=True,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            shutdown_timeout=_LAST_ANSWERS_SECONDS,
        )
        await runner.setup()
        if self._socket is None:
            self._socket = self._bound()
        listening = self._socket.dup()
        try:
            await web.SockSite(runner, listening, backlog=_BACKLOG).start()
        except OSError as problem:
            listening.close()
            await runner.cleanup()
            raise self._unusable(problem) from None
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
