"""vLLM's routes over the engine: what is read, what is streamed, and what a client gets when something goes wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from hashlib import sha256
from itertools import count
from typing import Final

from aiohttp import web

from fairlead.simulator import answers, tally
from fairlead.simulator import asked as asking
from fairlead.simulator.answers import Reply
from fairlead.simulator.asked import Asked
from fairlead.simulator.engine import Cut, Engine, Run
from fairlead.simulator.pretence import Fault
from fairlead.simulator.refused import Refused

VERSION: Final = "0.32.0"
_LARGEST_BODY: Final = 64 * 2**20
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """The application of one engine; `clock` is the time of day in seconds, for the `created` of answers."""

    def __init__(self, engine: Engine, clock: Callable[[], float]) -> None:
        self.engine = engine
        self._clock = clock
        self._numbers = count(1)

    def application(self) -> web.Application:
        """All routes; `/metrics` and `/health` answer while the engine drains."""
        application = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._in_vllms_words])
        application.add_routes(
            [
                web.get("/health", self._health, allow_head=False),
                *(add("/ping", self._health) for add in (web.get, web.post)),
                web.get("/version", self._version),
                web.get("/metrics", self._metrics),
                web.get("/v1/models", self._models),
                web.post("/v1/completions", self._completion),
                web.post("/v1/chat/completions", self._chat),
                web.post("/tokenize", self._tokenize),
            ]
        )
        return application

    @web.middleware
    async def _in_vllms_words(self, request: web.Request, handler: Route) -> web.StreamResponse:
        """The one place where a refusal becomes an answer, and where the `hang` fault stops everything."""
        if self.engine.pretence.shows(Fault.HANG, self.engine.answered):
            await asyncio.Event().wait()
        try:
            return await handler(request)
        except Refused as no:
            return web.json_response(no.told, status=no.status)
        except Cut:
            return _dropped(request)
        except web.HTTPException as no:
            return web.json_response({"detail": no.reason}, status=no.status)

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _version(self, _: web.Request) -> web.Response:
        return web.json_response({"version": VERSION})

    async def _metrics(self, _: web.Request) -> web.Response:
        page = tally.page(self.engine.served, self.engine.tally, self.engine.now)
        return web.Response(text=page, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(answers.models(self.engine.served, int(self._clock())))

    async def _tokenize(self, request: web.Request) -> web.Response:
        """A word is a token, and its number follows from the word."""
        told = asking.parsed(await request.read())
        prompt, _ = asking.prompt_of(told)
        numbers = [int.from_bytes(sha256(word.encode()).digest()[:2], "big") for word in prompt.split()]
        limit = self.engine.served.context_tokens
        return web.json_response({"count": len(numbers), "max_model_len": limit, "tokens": numbers, "token_strs": None})

    async def _completion(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, chat=False)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        return await self._answer(request, chat=True)

    async def _answer(self, request: web.Request, *, chat: bool) -> web.StreamResponse:
        asked = asking.read(await request.read(), chat, self.engine.served)
        reply = self._reply(request, asked)
        with self.engine.admitted(asked) as run:
            if asked.stream:
                return await self._streamed(request, run, reply)
            return await self._whole(run, reply)

    def _reply(self, request: web.Request, asked: Asked) -> Reply:
        request_id = request.headers.get("X-Request-Id") or f"{next(self._numbers):016x}"
        return Reply(asked=asked, request_id=request_id, created=int(self._clock()))

    async def _whole(self, run: Run, reply: Reply) -> web.Response:
        words: list[str] = []
        finish = "stop"
        async with aclosing(self.engine.tokens(run)) as tokens:
            async for word, reason in tokens:
                words.append(word)
                finish = reason or finish
        return web.json_response(reply.whole(tuple(words), finish))

    async def _streamed(self, request: web.Request, run: Run, reply: Reply) -> web.StreamResponse:
        """The head goes out at once; what goes wrong after it is an event, and the stream still ends cleanly."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(request)
        try:
            async with aclosing(self.engine.tokens(run)) as tokens:
                async for word, reason in tokens:
                    opening = reply.opening() if run.generated == 1 else b""
                    await response.write(opening + reply.token(word, reason))
            if reply.asked.usage_chunk:
                await response.write(reply.usage(run.generated))
        except Refused as no:
            await response.write(no.event)
        await response.write(answers.DONE)
        await response.write_eof()
        return response


def _dropped(request: web.Request) -> web.Response:
    """Nothing more is said on this connection; the answer below is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(text=json.dumps({"detail": "dropped"}))
