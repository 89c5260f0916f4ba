"""A configurable OpenAI-compatible endpoint, on a port of this machine and in its own thread."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

Answer = Callable[[str], str]


@dataclass
class PretendedEndpoint:
    """One server; its fields may be changed while it runs."""

    answer: Answer = str.upper
    takes_s: Callable[[str], float] = lambda _: 0.0
    """How much longer than usual the reply to an input takes."""
    models: tuple[str, ...] = ("chat",)
    list_text: str | None = None
    """What it answers in place of a list of models; empty: 404."""
    key: str = ""
    refusals: list[tuple[int, str]] = field(default_factory=list)
    """Statuses of the next replies, each with its Retry-After."""
    code: str = ""
    """Of the error that these have, as a router's."""
    reasons: bool = False
    """It is a reasoning model of OpenAI's API: it takes no `max_tokens` and no temperature."""
    filtered: str = ""
    """Words that its content filter does not let pass."""
    cut: bool = False
    """Close connections in place of a reply."""
    broken: bool = False
    """Every completion is a 500."""
    seen: Counter[str] = field(default_factory=Counter)
    """How often each input was answered."""
    lanes: set[str] = field(default_factory=set)
    max_at_once: int = 0
    url: str = ""
    _running: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        assert self._thread is not None
        self._thread.join(10)

    def _serve(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        runner = self._loop.run_until_complete(self._start())
        started.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.close()

    async def _start(self) -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/v1/models", self._list_models)
        app.router.add_post("/v1/chat/completions", self._complete)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    async def _list_models(self, request: web.Request) -> web.Response:
        if self.list_text is not None:
            return self._denied(request) or web.Response(text=self.list_text, status=200 if self.list_text else 404)
        return self._denied(request) or web.json_response({"data": [{"id": name} for name in self.models]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self._running += 1
        self.max_at_once = max(self.max_at_once, self._running)
        try:
            return self._denied(request) or await self._reply(request)
        finally:
            self._running -= 1

    async def _reply(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.lanes.add(request.headers.get("x-fairlead-lane", ""))
        await asyncio.sleep(0.002)
        if self.refusals:
            status, after = self.refusals.pop(0)
            text = json.dumps({"error": {"code": self.code}}) if self.code else "later"
            return web.Response(status=status, text=text, headers={"Retry-After": after} if after else {})
        if self.reasons and {"max_tokens", "temperature", "seed"} & body.keys():
            return web.Response(status=400, text="Unsupported parameter: 'max_tokens'")
        if self.broken:
            return web.Response(status=500, text="no")
        if self.cut:
            assert request.transport is not None
            request.transport.close()
        question = body["messages"][-1]["content"]
        await asyncio.sleep(self.takes_s(question))
        if self.filtered and self.filtered in question:
            return web.Response(status=400, text="content_filter")
        self.seen[question] += 1
        text = self.answer(question)
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return web.Response(text=json.dumps({"choices": [choice], "usage": {"completion_tokens": len(text)}}))

    def _denied(self, request: web.Request) -> web.Response | None:
        if self.key and request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.Response(status=401, text="no")
        return None
