"""What a router answers over HTTP: OpenAI's paths go to engines, the few others are its own."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web

from fairlead.router import answers, asked, headers
from fairlead.router.asked import Asked
from fairlead.router.forwarding import Exchange, refusal
from fairlead.router.metrics import Page
from fairlead.router.router import Router

CLIENT_LEFT: Final = 499
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Surface:
    """The routes of one router."""

    def __init__(self, router: Router) -> None:
        self._router = router
        self._page = Page(router)

    def application(self) -> web.Application:
        """The size of bodies is checked where it can be answered in OpenAI's shape."""
        application = web.Application(client_max_size=0)
        application.on_response_prepare.append(self._leaving)
        application.add_routes(
            [
                web.get("/health", self._health),
                web.get("/ready", self._ready),
                web.get("/metrics", self._metrics),
                web.get("/v1/models", self._models),
                web.get("/fairlead/v1/endpoints", self._endpoints),
                web.post("/v1/{rest:.+}", self._passed_on),
                web.post("/tokenize", self._passed_on),
                web.post("/detokenize", self._passed_on),
                web.route("*", "/{rest:.*}", self._unknown),
            ]
        )
        return application

    def metrics_application(self) -> web.Application:
        """Metrics and nothing else."""
        application = web.Application()
        application.add_routes([web.get("/metrics", self._metrics)])
        return application

    async def _leaving(self, _: web.Request, response: web.StreamResponse) -> None:
        """While it drains, each answer asks its client to come back on another connection."""
        if self._router.draining:
            response.headers["Connection"] = "close"
            response.force_close()

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def _ready(self, _: web.Request) -> web.Response:
        if self._router.ready:
            return web.Response(text="ready\n")
        why = "draining" if self._router.draining else "the endpoints are not known yet"
        return web.Response(status=503, text=f"not ready: {why}\n")

    async def _metrics(self, _: web.Request) -> web.Response:
        told = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        return web.Response(body=self._page.text(), headers=told)

    async def _models(self, _: web.Request) -> web.Response:
        return web.json_response(answers.models(self._router.settings.models))

    async def _endpoints(self, _: web.Request) -> web.Response:
        return web.json_response({"endpoints": [one.told for one in self._router.table.endpoints]})

    async def _unknown(self, request: web.Request) -> web.Response:
        return refusal(answers.unknown_path(request.method, request.path), _request_id(request))

    async def _passed_on(self, request: web.Request) -> web.StreamResponse:
        """The one place where a request is counted in and out, whatever becomes of it."""
        self._router.enter()
        code = 500
        try:
            response = await self._answer(request)
            code = response.status
        except (asyncio.CancelledError, ConnectionResetError):
            code = CLIENT_LEFT
            raise
        else:
            return response
        finally:
            self._router.leave(code)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        settings, request_id = self._router.settings, _request_id(request)
        limit = settings.routing.limits.max_request_bytes
        body = await _body(request, limit)
        if body is None:
            return refusal(answers.too_large(limit), request_id)
        model, streams = asked.facts(body)
        if model is not None and settings.models and model not in settings.models:
            return refusal(answers.unknown_model(model, settings.models), request_id)
        passed = Asked(
            path=request.raw_path,
            headers=headers.to_engine(request.headers, request_id),
            body=body,
            request_id=request_id,
            model=model,
            streams=streams,
        )
        return await Exchange(self._router, request, passed).run()


async def _body(request: web.Request, limit: int) -> bytes | None:
    """All bytes, or nothing when there are more than are read."""
    if (request.content_length or 0) > limit:
        return None
    pieces: list[bytes] = []
    size = 0
    while piece := await request.content.readany():
        size += len(piece)
        if size > limit:
            return None
        pieces.append(piece)
    return b"".join(pieces)


def _request_id(request: web.Request) -> str:
    """The client's own, or one that nobody else has."""
    return request.headers.get(headers.REQUEST_ID) or uuid.uuid4().hex
