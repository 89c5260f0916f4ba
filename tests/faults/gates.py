"""What can be done to an open watch: hold, release, cut, end with 410, silence, lose events."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final, Literal

import aiohttp
from aiohttp import web

GONE: Final = json.dumps(
    {
        "type": "ERROR",
        "object": {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "reason": "Expired",
            "message": "too old resource version",
            "code": 410,
        },
    }
)


@dataclass(slots=True, eq=False)
class Stream:
    """One open watch on its way to one client."""

    request: web.Request
    silent: bool = False
    gone: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(slots=True)
class Gate:
    """All watches of one kind, future ones included."""

    streams: set[Stream] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    losing: int = 0
    """This many of the next events are lost."""

    def __post_init__(self) -> None:
        self.open.set()

    def hold(self) -> None:
        """Hold events, those of new watches too."""
        self.open.clear()

    def release(self) -> None:
        """Send the held events now."""
        self.open.set()

    def silence(self) -> None:
        """Make the currently open watches silent for good; they stay open."""
        for stream in self.streams:
            stream.silent = True

    def cut(self) -> None:
        """Cut the currently open watches."""
        for stream in tuple(self.streams):
            abort(stream.request)

    def expire(self) -> None:
        """End the currently open watches with 410."""
        for stream in self.streams:
            stream.gone.set()

    async def relay(self, request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
        """Relay the events of one watch, as far as the gate allows."""
        answer = web.StreamResponse(status=upstream.status, headers={"Content-Type": "application/json"})
        await answer.prepare(request)
        stream = Stream(request)
        self.streams.add(stream)
        words, ended = _lines(upstream.content), asyncio.ensure_future(stream.gone.wait())
        try:
            while (line := await self._next(words, ended)) is not None:
                if self.losing:
                    self.losing -= 1
                elif not stream.silent:
                    await answer.write(line + b"\n")
        except (ConnectionError, aiohttp.ClientError):
            abort(request)
        finally:
            ended.cancel()
            self.streams.discard(stream)
        return answer

    async def _next(self, words: AsyncIterator[bytes], ended: "asyncio.Future[Literal[True]]") -> bytes | None:
        """The next event once the gate is open, 410 instead when the watch is to end; None after the last."""
        if ended.done():
            return None
        reading = asyncio.ensure_future(self._read(words))
        try:
            await asyncio.wait((reading, ended), return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                return GONE.encode()
            return await reading
        finally:
            reading.cancel()

    async def _read(self, words: AsyncIterator[bytes]) -> bytes | None:
        line = await anext(words, None)
        await self.open.wait()
        return line


def abort(request: web.Request) -> None:
    """Abort the connection without closing it."""
    if request.transport is not None:
        request.transport.abort()


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in filter(None, whole):
            yield line
