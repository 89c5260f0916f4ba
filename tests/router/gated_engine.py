"""Engines that answer when the test says so, so that nothing depends on how fast the machine is."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from tests.router.planes import Raw, events
from tests.router.test_engine_requests import DELTA

FIRST_TOKEN: Final = events(DELTA)


class Gated(Raw):
    """Answers when the test opens its gate, with the given response; None: the connection is closed."""

    def __init__(self, data: bytes | None = FIRST_TOKEN) -> None:
        super().__init__()
        self.gate = asyncio.Event()
        self.data = data
        self.left = 0
        self.keeps = False
        """Its connection stays open after an answer."""

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = len(self.seen)
        self.answers = [b""]
        alive = await super()._answered(reader, writer)
        if not alive or len(self.seen) == seen:
            return alive
        gone, opened = asyncio.create_task(reader.read(1)), asyncio.create_task(self.gate.wait())
        await asyncio.wait((gone, opened), return_when=asyncio.FIRST_COMPLETED)
        if not self.gate.is_set():
            self.left += 1
            opened.cancel()
            return False
        gone.cancel()
        await asyncio.wait((gone,))
        if self.data is None:
            return False
        writer.write(self.data)
        await writer.drain()
        return self.keeps


def once_released(go_on: asyncio.Event, *answers: bytes) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """An engine that answers a stream once it may, with these bytes one after the other."""
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        if not (await request.json()).get("stream"):
            return web.json_response({"usage": {"completion_tokens": 1}})
        await go_on.wait()
        assert request.transport is not None
        request.transport.write(left.pop(0))
        request.transport.close()
        return web.Response()

    return answer
