"""What may be done to an open watch: hold it, let it go on, cut it, end it with 410, silence it, lose its words."""

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
    """All watches of one kind, those to come included."""

    streams: set[Stream] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    losing: int = 0
    """So many of the next words are lost."""

    def __post_init__(self) -> None:
        self.open.set()

    def hold(self) -> None:
        """Words wait, those of new watches too."""
        self.open.clear()

    def release(self) -> None:
        """Words that waited come now."""
        self.open.set()

    def silence(self) -> None:
        """The watches that are open now never say a word again, and stay open."""
        for stream in self.streams:
            stream.silent = True

    def cut(self) -> None:
        """The watches that are open now break off."""
        for stream in tuple(self.streams):
            abort(stream.request)

    def expire(self) -> None:
        """The watches that are open now end with 410."""
        for stream in self.streams:
            stream.gone.set()

    async def relay(self, request: web.Request, upstream: aiohttp.ClientResponse) -> web.StreamResponse:
        """Pass the words of one watch on, as far as they may."""
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
        """The next word once the gate is open, 410 instead when the watch is to end; nothing after the last."""
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
    """Break the connection off, without a farewell."""
    if request.transport is not None:
        request.transport.abort()


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    rest = b""
    async for chunk in content.iter_any():
        *whole, rest = (rest + chunk).split(b"\n")
        for line in filter(None, whole):
            yield line
