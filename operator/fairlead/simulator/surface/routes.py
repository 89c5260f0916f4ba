"""All routes of one engine as an aiohttp application, and what happens to every request around its handler."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from hmac import compare_digest
from secrets import token_hex
from typing import Final

from aiohttp import hdrs, web

from fairlead.simulator.served import Served
from fairlead.simulator.surface import errors
from fairlead.simulator.surface.behind import Acts, Driver, Observed
from fairlead.simulator.surface.development import Development
from fairlead.simulator.surface.embeddings import Embeddings
from fairlead.simulator.surface.errors import Refused
from fairlead.simulator.surface.fields import Unfit
from fairlead.simulator.surface.front import Front
from fairlead.simulator.surface.generation import Generation
from fairlead.simulator.surface.messages import Messages
from fairlead.simulator.surface.plain_routes import PlainRoutes, told
from fairlead.simulator.surface.responses import Responses
from fairlead.simulator.surface.streams import Cut

_LARGEST_BODY: Final = 64 * 2**20
_GUARDED: Final = ("/v1", "/v2", "/inference", "/cohere")
"""Paths that want a key where one is set; everything else stays open, as in vLLM."""
_UNCOUNTED: Final = ("/metrics", "/health", "/load", "/ping", "/version", "/server_info")
_FAULTS: Final = "/fairlead/v1/faults"
"""The one path that a hanging engine still answers: it is how the hanging is ended."""
_ID: Final = "X-Request-Id"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(served: Served, driver: Driver, acts: Acts, clock: Callable[[], float]) -> web.Application:
    """`clock` is the time of day in seconds, for the `created` of answers."""
    front = Front(served, driver, acts, clock)
    whole = web.Application(client_max_size=_LARGEST_BODY, middlewares=[_Around(served, acts).middleware])
    whole.add_routes(_quiet(front))
    whole.add_routes(_pooling(front) if served.answering.runner == "pooling" else _generating(front))
    if served.answering.runtime_adapters:
        whole.add_routes(_adapters(front))
    if served.answering.dev_mode:
        whole.add_routes(_development(front))
    if acts.faults_open:
        whole.add_routes([web.post(_FAULTS, Development(front).faults)])
    if served.answering.request_id_headers:
        whole.on_response_prepare.append(_with_id)
    return whole


def _quiet(front: Front) -> list[web.RouteDef]:
    plain = PlainRoutes(front)
    return [
        web.get("/health", plain.health, allow_head=False),
        web.get("/ping", plain.health, allow_head=False),
        web.post("/ping", plain.health),
        web.get("/version", plain.version, allow_head=False),
        web.get("/load", plain.load, allow_head=False),
        web.get("/metrics", plain.metrics),
        web.get("/kv_event_sources", plain.event_sources, allow_head=False),
        web.get("/v1/models", plain.models, allow_head=False),
        web.post("/tokenize", plain.tokenize),
        web.post("/detokenize", plain.detokenize),
    ]


def _generating(front: Front) -> list[web.RouteDef]:
    generation, responses, messages = Generation(front), Responses(front), Messages(front)
    return [
        web.post("/v1/completions", generation.completion),
        web.post("/v1/chat/completions", generation.chat),
        web.post("/v1/chat/completions/batch", generation.batch),
        web.post("/invocations", generation.invocation),
        web.post("/v1/responses", responses.create),
        web.get("/v1/responses/{response_id}", responses.retrieve, allow_head=False),
        web.post("/v1/responses/{response_id}/cancel", responses.retrieve),
        web.post("/v1/messages", messages.create),
        web.post("/v1/messages/count_tokens", messages.count),
        *(web.post(f"/v1/{kind}/render", _scaled_out) for kind in ("completions", "chat/completions")),
    ]


def _pooling(front: Front) -> list[web.RouteDef]:
    embeddings = Embeddings(front)
    return [web.post("/v1/embeddings", embeddings.create), web.post("/invocations", embeddings.create)]


def _adapters(front: Front) -> list[web.RouteDef]:
    plain = PlainRoutes(front)
    return [
        web.post("/v1/load_lora_adapter", plain.load_adapter),
        web.post("/v1/unload_lora_adapter", plain.unload_adapter),
        web.post("/adapters", plain.add_adapter),
        web.delete("/adapters/{name}", plain.drop_adapter),
    ]


def _development(front: Front) -> list[web.RouteDef]:
    acts = Development(front)
    return [
        web.post("/sleep", acts.sleep),
        web.post("/wake_up", acts.wake_up),
        web.get("/is_sleeping", acts.is_sleeping, allow_head=False),
        web.post("/pause", acts.pause),
        web.post("/resume", acts.resume),
        web.get("/is_paused", acts.is_paused, allow_head=False),
        web.post("/reset_prefix_cache", acts.reset_prefix_cache),
        web.post("/reset_mm_cache", acts.reset_other_cache),
        web.post("/reset_encoder_cache", acts.reset_other_cache),
        web.post("/abort_requests", acts.abort),
        web.get("/get_world_size", acts.world_size, allow_head=False),
        web.get("/weight_info", acts.weight_info, allow_head=False),
        web.get("/server_info", acts.server_info, allow_head=False),
    ]


async def _scaled_out(_: web.Request) -> web.StreamResponse:
    """Routes that stand in vLLM's list and are closed unless it was started for them."""
    why = "Restart vllm serve with --enable-scale-out to enable them."
    raise Refused(403, f"Scale-out endpoints are disabled. {why}", "PermissionDeniedError")


async def _with_id(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[_ID] = request.headers.get(_ID) or token_hex(16)


class _Around:
    """The one place where a refusal becomes an answer, where keys are looked at, and where requests are counted."""

    def __init__(self, served: Served, acts: Acts) -> None:
        self._acts = acts
        self._keys = [sha256(key.encode()).digest() for key in served.answering.api_keys]

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._acts.hung and request.path != _FAULTS:
            await asyncio.Event().wait()
        begun = asyncio.get_running_loop().time()
        try:
            if self._keys and not self._allowed(request):
                response: web.StreamResponse = told({"error": "Unauthorized"}, 401)
            else:
                response = await handler(request)
        except Refused as no:
            response = told(no.told, no.status)
        except Unfit as no:
            response = told(errors.unread(no.detail).told, 400)
        except web.HTTPException as no:
            response = told({"detail": no.reason}, no.status)
        except Cut:
            return _dropped(request)
        self._count(request, response, asyncio.get_running_loop().time() - begun)
        return response

    def _allowed(self, request: web.Request) -> bool:
        """Every key is compared, so that the time tells nothing."""
        if request.method == hdrs.METH_OPTIONS or not request.path.startswith(_GUARDED):
            return True
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        given = sha256(key.encode()).digest()
        matches = [compare_digest(given, known) for known in self._keys]
        return scheme.lower() == "bearer" and any(matches)

    def _count(self, request: web.Request, response: web.StreamResponse, seconds: float) -> None:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "none"
        if route in _UNCOUNTED:
            return
        written = response.content_length if isinstance(response, web.Response) else response.body_length
        self._acts.observed(
            Observed(
                route=route,
                method=request.method,
                status=response.status,
                seconds=seconds,
                request_bytes=request.content_length or 0,
                response_bytes=written or 0,
            )
        )


def _dropped(request: web.Request) -> web.Response:
    """Nothing more is said on this connection; the answer below is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)
