"""Many connections that send the same request: all at once, or each again as fast as answers arrive."""

import asyncio
import json
from collections import Counter
from typing import Any, Final

from bench.router_cache.world import HOST, KEYS, ROUTER_PORT

CHUNKS_END: Final = b"0\r\n\r\n"


def request(path: str, body: dict[str, Any], tenant: str = "shop") -> bytes:
    """The bytes of one request."""
    content = json.dumps(body).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: router\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {KEYS[tenant]}\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


class Connection(asyncio.Protocol):
    """Sends the same request repeatedly, and counts each answer's cache state and body."""

    def __init__(self, requested: bytes, times: int, over: "asyncio.Future[None]") -> None:
        self._request = requested
        self._left = times
        self._over = over
        self._got = bytearray()
        self._transport: asyncio.Transport | None = None
        self.seen: Counter[tuple[bytes, bytes]] = Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self) -> None:
        """Send it again."""
        assert self._transport is not None
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Buffer until the answer is complete."""
        self._got += data
        head, found, body = bytes(self._got).partition(b"\r\n\r\n")
        if not found or not _whole(head, body):
            return
        word = head.lower().partition(b"x-fairlead-cache: ")[2].partition(b"\r\n")[0]
        self.seen[word, body if b"chunked" not in head.lower() else dechunked(body)] += 1
        self._got.clear()
        self._left -= 1
        if self._left:
            self.send()
        else:
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's
        self._end()

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)


def _whole(head: bytes, body: bytes) -> bool:
    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
    return len(body) >= int(length) if length else body.endswith(CHUNKS_END)


def dechunked(body: bytes) -> bytes:
    """Remove the framing of chunks."""
    pieces = []
    while body:
        size, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(pieces)


async def hammer(requested: bytes, *, connections: int, times: int) -> Counter[tuple[bytes, bytes]]:
    """Count answers by cache state and body. No request is sent before all are connected."""
    loop = asyncio.get_running_loop()
    overs = [loop.create_future() for _ in range(connections)]
    made: list[Connection] = []
    for over in overs:
        connection = Connection(requested, times, over)
        await loop.create_connection(lambda one=connection: one, HOST, ROUTER_PORT)  # type: ignore[misc]
        made.append(connection)
    for connection in made:
        connection.send()
    async with asyncio.timeout(120):
        await asyncio.gather(*overs)
    seen: Counter[tuple[bytes, bytes]] = Counter()
    for connection in made:
        seen += connection.seen
    return seen
