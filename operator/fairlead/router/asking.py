"""Questions of the router's own to engines: the whole answer, or why there is none."""

import asyncio
from time import monotonic
from typing import Final

from fairlead.fleet.light import light
from fairlead.router.pool import Pool
from fairlead.router.upstream import Message, Upstream
from fairlead.router.wire.responses import Out

MOST_BYTES: Final = 8 * 2**20
"""Of an answer to one of our own questions; a page of metrics has a tenth of a megabyte."""
JSON: Final = b"content-type: application/json\r\n"
"""Said aloud: vLLM refuses a body without this one."""


class Unanswered(Exception):
    """The engine said nothing, or broke off."""


@light
class Answer:
    """What an engine said."""

    status: int
    body: bytes


def question(pool: Pool, method: bytes, path: bytes, body: bytes = b"") -> Message:
    """One that needs no client's headers."""
    kind = JSON if body else b""
    head = b"%b %b HTTP/1.1\r\nhost: %b\r\n%bcontent-length: %d\r\n\r\n" % (method, path, pool.host, kind, len(body))
    return Message(parts=(head, body), out=Out.PLAIN)


class Question:
    """Collects one answer; tells the body to `_told` or the trouble to `_lost`."""

    __slots__ = ("_answer", "_pieces", "_size")

    def __init__(self) -> None:
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pieces: list[bytes] = []
        self._size = 0

    def came(self, upstream: Upstream, data: bytes) -> None:
        """A part of it."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MOST_BYTES:
            upstream.abort()
            self.lost(upstream, f"its answer is over {MOST_BYTES} bytes")

    def whole(self, upstream: Upstream) -> None:
        """All of it."""
        head = upstream.reader.head
        assert head is not None
        if not self._answer.done():
            self._answer.set_result(Answer(status=head.status, body=b"".join(self._pieces)))

    def lost(self, upstream: Upstream, why: str) -> None:  # noqa: ARG002 - the interface's
        """None."""
        if not self._answer.done():
            self._answer.set_exception(Unanswered(why))

    def broke(self) -> None:
        """Nothing in here can."""
        if not self._answer.done():
            self._answer.set_exception(Unanswered("the router met a fault of its own"))

    async def answer(self) -> Answer:
        """Wait for it."""
        return await self._answer


async def ask(pool: Pool, message: Message, seconds: float) -> Answer:
    """Within so many seconds, or `Unanswered` or `TimeoutError`; nobody waits on after that."""
    asked = Question()
    upstream = pool.send(asked, message, monotonic())
    try:
        async with asyncio.timeout(seconds):
            return await asked.answer()
    except BaseException:
        if upstream.asker is asked:
            upstream.abort()
        raise
