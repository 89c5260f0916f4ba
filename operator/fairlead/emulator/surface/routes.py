"""All routes of vLLM 0.32 as an aiohttp application."""

from collections.abc import Callable
from secrets import token_hex
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import request_middleware
from fairlead.emulator.surface.development import DevelopmentHandlers
from fairlead.emulator.surface.embeddings import EmbeddingsHandlers
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation import GenerationHandlers
from fairlead.emulator.surface.messages import MessagesHandlers
from fairlead.emulator.surface.request_middleware import HttpManners, RequestMiddleware
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.responses import ResponsesHandlers
from fairlead.emulator.surface.utility_routes import UtilityHandlers

_GUARDED: Final = ("/v1", "/v2", "/inference", "/cohere")
"""Paths that need an API key if one is set; all others are open, as in vLLM."""
_UNCOUNTED: Final = frozenset({"/metrics", "/health", "/load", "/ping", "/version", "/server_info"})
_ID: Final = "X-Request-Id"


def application(
    serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
) -> web.Application:
    """Build the application; `clock` is seconds since 1970, for `created`."""
    responder = Responder(serve_arguments, client, control, clock)
    manners = HttpManners(
        keys=serve_arguments.answering.api_keys, is_guarded=_is_guarded, error_body=lambda _, no: no.body
    )
    whole = web.Application(
        client_max_size=request_middleware.LARGEST_BODY,
        middlewares=[RequestMiddleware(control, manners, _UNCOUNTED).middleware],
    )
    whole.add_routes(_quiet(responder))
    whole.add_routes(_pooling(responder) if serve_arguments.answering.runner == "pooling" else _generating(responder))
    if serve_arguments.answering.runtime_adapters:
        whole.add_routes(_adapters(responder))
    if serve_arguments.answering.dev_mode:
        whole.add_routes(_development(responder))
    if control.faults_open:
        whole.add_routes([web.post(request_middleware.FAULTS, DevelopmentHandlers(responder).faults)])
    if serve_arguments.answering.request_id_headers:
        whole.on_response_prepare.append(_with_id)
    return whole


def _quiet(responder: Responder) -> list[web.RouteDef]:
    plain = UtilityHandlers(responder)
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


def _generating(responder: Responder) -> list[web.RouteDef]:
    generation, responses = GenerationHandlers(responder), ResponsesHandlers(responder)
    messages = MessagesHandlers(responder, generation)
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


def _pooling(responder: Responder) -> list[web.RouteDef]:
    embeddings = EmbeddingsHandlers(responder)
    return [web.post("/v1/embeddings", embeddings.create), web.post("/invocations", embeddings.create)]


def _adapters(responder: Responder) -> list[web.RouteDef]:
    plain = UtilityHandlers(responder)
    return [
        web.post("/v1/load_lora_adapter", plain.load_adapter),
        web.post("/v1/unload_lora_adapter", plain.unload_adapter),
        web.post("/adapters", plain.add_adapter),
        web.delete("/adapters/{name}", plain.drop_adapter),
    ]


def _development(responder: Responder) -> list[web.RouteDef]:
    acts = DevelopmentHandlers(responder)
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
    """Refuse routes that vLLM has but serves only with `--enable-scale-out`."""
    why = "Restart vllm serve with --enable-scale-out to enable them."
    raise ErrorResponse(403, f"Scale-out endpoints are disabled. {why}", "PermissionDeniedError")


def _is_guarded(request: web.Request) -> bool:
    return request.path.startswith(_GUARDED)


async def _with_id(request: web.Request, response: web.StreamResponse) -> None:
    response.headers[_ID] = request.headers.get(_ID) or token_hex(16)
