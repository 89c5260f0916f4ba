"""A client that costs next to nothing: streams of completions over kept connections, with each token's arrival time.

Uses raw protocol callbacks and no HTTP library, since the client must not limit a server's measured timing. It parses
just enough: a stream's events begin with `data: ` and its end is a chunk of length zero.
"""

import asyncio
import json
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final, cast

END: Final = b"0\r\n\r\n"
_EVENT: Final = b"data: {"
_HEAD: Final = (
    "POST /v1/completions HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n"
)


@dataclass(slots=True)
class LeanRequest:
    """One request and its result."""

    prompt: str
    tokens: int
    prompt_tokens: int
    sent: float = 0.0
    first: float = 0.0
    last: float = 0.0
    events: int = 0
    status: int = 0
    body: bytearray = field(default_factory=bytearray)

    @property
    def bytes(self) -> bytes:
        """The whole request."""
        document = {
            "model": "chat",
            "prompt": self.prompt,
            "max_tokens": self.tokens,
            "ignore_eos": True,
            "stream": True,
        }
        body = json.dumps(document).encode()
        return _HEAD.format(len(body)).encode() + body

    @property
    def well(self) -> bool:
        """Whether every token came."""
        return self.status == 200 and self.events == self.tokens

    @property
    def first_token_s(self) -> float:
        """From sending to the first token."""
        return self.first - self.sent

    @property
    def gap_s(self) -> float:
        """Mean time from one token to the next."""
        return (self.last - self.first) / (self.events - 1)


class Connection(asyncio.Protocol):
    """One kept connection; one request at a time."""

    def __init__(self, idle: "deque[Connection]") -> None:
        self._idle = idle
        self._transport: asyncio.Transport | None = None
        self._request: LeanRequest | None = None
        self._done: asyncio.Future[None] | None = None
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def send(self, sent: LeanRequest, done: "asyncio.Future[None]") -> None:
        """Send the request; `done` is set at its end."""
        assert self._transport is not None
        request = sent.bytes
        self._request, self._done, self._tail = sent, done, b""
        sent.sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Note the time; events are counted, not parsed."""
        request = self._request
        if request is None:
            return
        now = time.perf_counter()
        if not request.status:
            request.status = int(data[9:12])
        count = data.count(_EVENT)
        if count:
            if not request.events:
                request.first = now
            request.events += count
            request.last = now
        if request.status != 200:
            request.body += data
        self._tail = (self._tail + data)[-len(END) :]
        if self._tail == END or request.status != 200:
            self._over(keep=request.status == 200)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the waiting request, which then lacks events; an idle connection was closed by the server."""
        del exc
        self._transport = None
        self._over(keep=False)

    @property
    def open(self) -> bool:
        """Whether it can take a request."""
        return self._transport is not None and not self._transport.is_closing()

    def _over(self, *, keep: bool) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        if self._done is not None and not self._done.done():
            self._done.set_result(None)
        if keep:
            self._idle.append(self)
        elif self._transport is not None:
            self._transport.close()


class Client:
    """Connections to one server, as many as are needed at once."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._idle: deque[Connection] = deque()

    async def warm(self, connections: int) -> None:
        """Open so many beforehand, so that handshakes are not measured."""
        for _ in range(connections):
            self._idle.append(await self._opened())

    async def request(self, request: LeanRequest) -> LeanRequest:
        """Send it now; return at its end."""
        connection = self._idle.pop() if self._idle else await self._opened()
        while not connection.open:
            connection = self._idle.pop() if self._idle else await self._opened()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        connection.send(request, done)
        await done
        return request

    async def _opened(self) -> Connection:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self._idle), *self._where)
        return connection
