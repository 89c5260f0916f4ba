"""Serves an application on 127.0.0.1 for as long as a block runs, and leaves no connection open behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

TURNS: Final = 8
"""Of the loop: a connection takes four from its acceptance to its handler, and two from its end to its socket's."""


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    """Yield its address; at the end running handlers are cancelled."""
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await _turns()  # asyncio loses the socket of a connection whose acceptance has begun when its server closes
        await runner.cleanup()
        await _turns()


async def _turns() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
