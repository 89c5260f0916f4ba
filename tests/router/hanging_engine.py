"""An engine with large streams that never end and short ones that do, until it hangs."""

import asyncio
from typing import Final

from aiohttp import web

SHORT: Final = b'data: {"choices":[{"text":"x","finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Hanging:
    """An engine that sends large streams for ever and short ones after a while, until it hangs."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        """Until a short stream begins."""
        self.hangs = asyncio.Event()
        self.events = 0
        """Large ones that it could send."""
        self.waiting = 0
        """Requests for short streams that it has not answered."""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if b"ping" in body:
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if b"large" not in body:
            self.waiting += 1
            await asyncio.sleep(60 if self.hangs.is_set() else self.seconds)
            self.waiting -= 1
            await response.prepare(request)
            await response.write(SHORT)
            return response
        await response.prepare(request)
        while not self.hangs.is_set():
            await response.write(b'data: {"choices":[{"text":"%b"}]}\n\n' % (b"x" * 60_000))
            self.events += 1
        await asyncio.sleep(60)
        return response
