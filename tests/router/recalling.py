"""Clients of a router with a cache: quick ones, slow ones, and an engine with long answers."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.emulator.living import Living
from tests.router.planes import CHAT, HOST, Plane, answering

COLD: Final[dict[str, Any]] = CHAT | {"temperature": 0, "max_tokens": 12, "ignore_eos": True}
STREAM: Final = COLD | {"stream": True}
PATH: Final = "/v1/chat/completions"
CACHE: Final = {"enabled": True}


@asynccontextmanager
async def requested(router: Plane, body: dict[str, Any] = COLD, **lines: str) -> AsyncIterator[aiohttp.ClientResponse]:
    """Send one request, on a connection of its own."""
    sent = {name.replace("_", "-"): value for name, value in lines.items()} | {"Connection": "close"}
    async with router.session.post(router.url + PATH, json=body, headers=sent) as answer:
        yield answer


async def got(router: Plane, body: dict[str, Any] = COLD, **lines: str) -> tuple[str, bytes]:
    """The router's header about its cache, and the body."""
    async with requested(router, body, **lines) as answer:
        return answer.headers.get("x-fairlead-cache", ""), await answer.read()


async def is_idle(router: Plane) -> None:
    async with asyncio.timeout(30):
        while await router.metric("fairlead_router_requests_in_flight"):
            await asyncio.sleep(0.005)


async def until_followed(router: Plane, times: int) -> None:
    """Wait until this many requests are in flight."""
    async with asyncio.timeout(30):
        while await router.metric("fairlead_router_requests_in_flight") < times:
            await asyncio.sleep(0.005)


def broken_after(go_on: asyncio.Event) -> Callable[[web.Request], Awaitable[web.Response]]:
    """An engine that serves the probe, and fails each other request once this is set."""

    async def broken(request: web.Request) -> web.Response:
        if "ping" in await request.text():
            return web.json_response({"usage": {"completion_tokens": 1}})
        await go_on.wait()
        return web.json_response({"error": {"message": "it broke"}}, status=500)

    return broken


async def idle(engine: Living) -> None:
    async with asyncio.timeout(30):
        await engine.engine.idle.wait()


async def slow(router: Plane) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client that has requested the stream and reads nothing yet."""
    body = json.dumps(STREAM).encode()
    head = b"POST %b HTTP/1.1\r\nHost: r\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % (
        PATH.encode(),
        len(body),
    )
    reader, writer = await asyncio.open_connection(HOST, router.port, limit=1024)
    writer.write(head + body)
    return reader, writer


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read all that comes, without its chunks."""
    raw = await reader.read()
    body, pieces = raw.partition(b"\r\n\r\n")[2], []
    while body:
        size, _, body = body.partition(b"\r\n")
        pieces.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    return b"".join(pieces)


@asynccontextmanager
async def talkative(events: int, go_on: asyncio.Event) -> AsyncIterator[str]:
    """An engine that sends more than any buffer on the way holds, once it may."""

    async def much(request: web.Request) -> web.StreamResponse:
        if "messages" not in await request.json():
            return web.json_response({"usage": {"completion_tokens": 1}})
        await go_on.wait()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        for number in range(events):
            document = {"choices": [{"delta": {"content": f"{number} " + "x" * 60_000}}]}
            await response.write(b"data: " + json.dumps(document).encode() + b"\n\n")
        await response.write(b'data: {"choices": [{"finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')
        return response

    async with answering(much) as address:
        yield address
