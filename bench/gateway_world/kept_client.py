"""A client with kept connections on plain streams: it must cost less than the server it loads."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]
HEAD: Final = "{} {} HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\ncontent-length: {}\r\n{}\r\n"
LIMIT: Final = 2**24
GONE: Final = 0
"""The status if there was no answer: the client left, or the connection was closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The response."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    whole: bool = True
    """False if it was cut."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The model's text in a whole chat answer."""
        return str(self.json["choices"][0]["message"]["content"])


class KeptClient:
    """Connections to one server, as many as are needed at once."""

    def __init__(self, host: str, port: int) -> None:
        self._where = (host, port)
        self._idle: deque[Stream] = deque()

    async def post(
        self, path: str, document: object, headers: Mapping[str, str], *, leave: float | None = None
    ) -> Answered:
        """Send one request; with `leave`, disconnect after so many seconds."""
        return await self._sent("POST", path, json.dumps(document).encode(), headers, leave)

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answered:
        """Fetch one page."""
        return await self._sent("GET", path, b"", headers or {}, None)

    def close(self) -> None:
        """Close idle connections."""
        while self._idle:
            self._idle.pop()[1].transport.abort()

    async def _sent(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str], leave: float | None
    ) -> Answered:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        stream = self._idle.pop() if self._idle else await asyncio.open_connection(*self._where, limit=LIMIT)
        reader, writer = stream
        writer.write(HEAD.format(method, path, len(body), lines).encode() + body)
        try:
            async with asyncio.timeout(leave):
                found = await _answer(reader)
        except (TimeoutError, asyncio.IncompleteReadError, OSError):
            writer.transport.abort()
            return Answered(status=GONE, whole=False)
        if found.headers.get("connection") == "close" or not found.whole:
            writer.transport.abort()
        else:
            self._idle.append(stream)
        return found


async def _answer(reader: asyncio.StreamReader) -> Answered:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
    status = int(first.split(" ", 2)[1])
    if "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
        return Answered(status=status, headers=headers, body=body)
    pieces, whole = [], True
    try:
        while size := int(await reader.readuntil(b"\r\n"), 16):
            pieces.append(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
    except asyncio.IncompleteReadError:
        whole = False
    return Answered(status=status, headers=headers, body=b"".join(pieces), whole=whole)
