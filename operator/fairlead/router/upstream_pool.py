"""The connections to one engine: last in, first out, and closed before the engine closes an idle one.

Only a new connection needs a task; a request needs none.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_connection import UpstreamConnection, UpstreamListener
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing.endpoint import Endpoint

KEEP_ALIVE_SECONDS: Final = 4.0
"""Idle limit: vLLM closes a connection after five idle seconds; a request sent just then would be lost."""
TlsContextFactory = Callable[[], ssl.SSLContext | None]
"""Called for each new connection: the authority's file may have changed."""


def no_tls() -> None:
    """The factory for connections without TLS."""


class UpstreamPool:
    """All connections to one engine."""

    __slots__ = (
        "_closed",
        "_connecting",
        "_idle",
        "_loop",
        "_tls",
        "_where",
        "counters",
        "endpoint",
        "heads",
        "host",
    )

    def __init__(
        self, endpoint: Endpoint, heads: HeadCache, counters: RouterCounters, tls: TlsContextFactory = no_tls
    ) -> None:
        host, _, port = endpoint.address.rpartition(":")
        self.endpoint = endpoint
        self.host = endpoint.address.encode()
        self.heads = heads
        self.counters = counters
        self._where = (host.removeprefix("[").removesuffix("]"), int(port))
        self._tls = tls
        self._loop = asyncio.get_running_loop()
        self._idle: deque[UpstreamConnection] = deque()
        self._connecting: set[UpstreamConnection] = set()
        self._closed = False

    @property
    def idle(self) -> int:
        """Number of connections not in use."""
        return len(self._idle)

    @property
    def connecting(self) -> int:
        """Number of connections that are being established."""
        return len(self._connecting)

    def send(self, listener: UpstreamListener, message: UpstreamMessage, now: float) -> UpstreamConnection:
        """Send a request on an idle connection, or on a new one once it is established."""
        if self._idle:
            upstream = self._idle.pop()
            if now - upstream.since <= KEEP_ALIVE_SECONDS:
                self.counters.connections.upstream_reused()
                upstream.begin(listener, message, now)
                return upstream
            # The sweep is late because the loop was busy: this one was idle for too long, and the others for longer.
            upstream.close()
            self._close_idle()
        upstream = UpstreamConnection(self)
        upstream.begin(listener, message, now)
        self.connect(upstream)
        return upstream

    def connect(self, upstream: UpstreamConnection) -> None:
        """Start to connect; `connection_made` then sends the message."""
        self.counters.connections.upstream_opened()
        self._connecting.add(upstream)
        task = self._loop.create_task(self._connect(upstream), name=f"connect {self.endpoint.address}")
        upstream.connect_by(task, monotonic())
        task.add_done_callback(lambda ended: self._connect_over(upstream, ended))

    def _connect_over(self, upstream: UpstreamConnection, ended: asyncio.Task[None]) -> None:
        """Forget one whose task was cancelled before its first step, which runs no `finally` of its own."""
        if upstream.connecting is ended:
            self._connecting.discard(upstream)
            upstream.connect_ended()

    async def _connect(self, upstream: UpstreamConnection) -> None:
        why, tls = "it took too long", self._tls()
        try:
            await self._loop.create_connection(
                lambda: upstream,
                *self._where,
                ssl=tls,
                server_hostname=self._where[0] if tls is not None else None,
            )
        except (OSError, ValueError, asyncio.CancelledError) as problem:  # ValueError: a host that cannot be one
            why = str(problem) or why
        finally:
            self._connecting.discard(upstream)
            upstream.connect_ended()
        if upstream.transport is None and not upstream.reached:
            upstream.unreachable(why)

    def give_back(self, upstream: UpstreamConnection) -> None:
        """Keep the connection for the next request, if both sides allow it."""
        upstream.kept(monotonic())
        transport = upstream.transport
        if transport is None:
            return
        if self._closed or not upstream.reader.keep_alive or transport.is_closing():
            transport.close()
            return
        self._idle.append(upstream)

    def gone(self, upstream: UpstreamConnection) -> None:
        """Remove a connection that either side closed."""
        with suppress(ValueError):
            self._idle.remove(upstream)

    def sweep(self, now: float, connect_seconds: float) -> None:
        """Close connections that were idle for too long, and cancel handshakes that take too long."""
        idle = self._idle
        while idle and now - idle[0].since > KEEP_ALIVE_SECONDS:
            idle.popleft().close()
        for upstream in [one for one in self._connecting if now - one.since > connect_seconds]:
            if upstream.connecting is not None:
                upstream.connecting.cancel(f"none within {connect_seconds:g} s")

    def close(self) -> None:
        """Close idle connections, since the endpoint was removed; requests in flight continue."""
        self._closed = True
        self._close_idle()

    def _close_idle(self) -> None:
        while self._idle:
            self._idle.popleft().close()
