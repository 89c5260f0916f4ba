"""The router's own requests to engines: the whole response, or why there is none."""

import asyncio
from time import monotonic
from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.responses import ReplyFraming

MAX_BYTES: Final = 8 * 2**20
"""Limit of a response to the router itself; a page of metrics has a tenth of a megabyte."""
JSON: Final = b"content-type: application/json\r\n"
"""Required: vLLM refuses a JSON body without this header."""


class NoUpstreamAnswer(Exception):
    """The engine did not respond, or its response broke."""


@light
class UpstreamAnswer:
    """An engine's response."""

    status: int
    body: bytes


def upstream_message(pool: UpstreamPool, method: bytes, path: bytes, body: bytes = b"") -> UpstreamMessage:
    """Create a message without a client's headers."""
    kind = JSON if body else b""
    head = b"%b %b HTTP/1.1\r\nhost: %b\r\n%bcontent-length: %d\r\n\r\n" % (method, path, pool.host, kind, len(body))
    return UpstreamMessage(parts=(head, body), framing=ReplyFraming.PLAIN)


class UpstreamRequest:
    """Collects one response; `answer` returns it or raises."""

    __slots__ = ("_answer", "_pieces", "_size")

    def __init__(self) -> None:
        self._answer: asyncio.Future[UpstreamAnswer] = asyncio.get_running_loop().create_future()
        self._pieces: list[bytes] = []
        self._size = 0

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Keep part of the response."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MAX_BYTES:
            upstream.abort()
            self.connection_lost(upstream, f"its answer is over {MAX_BYTES} bytes")

    def is_truncated(self, upstream: UpstreamConnection) -> bool:  # noqa: ARG002 - the interface's
        """Leave it to the reader of the response."""
        return False

    def message_complete(self, upstream: UpstreamConnection) -> None:
        """Resolve with the complete response."""
        head = upstream.reader.head
        assert head is not None
        if not self._answer.done():
            self._answer.set_result(UpstreamAnswer(status=head.status, body=b"".join(self._pieces)))

    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Fail: there is no complete response."""
        if not self._answer.done():
            self._answer.set_exception(NoUpstreamAnswer(why))

    def internal_error(self) -> None:
        """Part of the listener's interface; no call in this class raises."""
        if not self._answer.done():
            self._answer.set_exception(NoUpstreamAnswer("the router hit an internal error"))

    async def answer(self) -> UpstreamAnswer:
        """Wait for the response."""
        return await self._answer


async def fetch(pool: UpstreamPool, message: UpstreamMessage, seconds: float) -> UpstreamAnswer:
    """Return the response; raise `NoUpstreamAnswer`, or `TimeoutError` if a sent message has none after `seconds`."""
    request = UpstreamRequest()
    upstream = pool.send(request, message, monotonic())
    try:
        async with asyncio.timeout(seconds):
            return await request.answer()
    except BaseException as problem:
        if upstream.listener is request:
            upstream.abort()
        if isinstance(problem, TimeoutError) and not upstream.reached:
            raise NoUpstreamAnswer(f"no connection within {seconds:g} s") from None
        raise
