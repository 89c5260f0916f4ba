"""All routes of the emulated SGLang 0.5.23 as an aiohttp application; those not emulated return 501 with their name."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.sglang import errors
from fairlead.emulator.sglang.generation import SglangGenerationHandlers
from fairlead.emulator.sglang.manners import SglangManners
from fairlead.emulator.sglang.probes import ProbeHandlers
from fairlead.emulator.sglang.utility import SglangUtilityHandlers
from fairlead.emulator.surface import request_middleware
from fairlead.emulator.surface.development import DevelopmentHandlers
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.surface.messages import MessagesHandlers
from fairlead.emulator.surface.request_middleware import HttpManners, RequestMiddleware
from fairlead.emulator.surface.responder import Responder

_OPEN: Final = frozenset({"/health", "/health_generate", "/ready", "/metrics", request_middleware.FAULTS})
"""Paths without an API key: `srt/utils/auth.py`."""
NOT_EMULATED: Final = (
    *("/generate", "/v1/responses", "/v1/embeddings", "/v1/classify", "/v1/score", "/v1/rerank"),
    *("/v1/audio/transcriptions", "/encode", "/classify", "/open_session", "/close_session", "/pd_role_switch"),
    *("/release_memory_occupation", "/resume_memory_occupation", "/update_weights_from_disk"),
)


def application(
    serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
) -> web.Application:
    """Build the application; `clock` is seconds since 1970, for `created`."""
    responder = Responder(serve_arguments, client, control, clock, SglangManners(serve_arguments.admission))
    manners = HttpManners(keys=serve_arguments.answering.api_keys, is_guarded=_is_guarded, error_body=errors.body)
    whole = web.Application(
        client_max_size=request_middleware.LARGEST_BODY,
        middlewares=[RequestMiddleware(control, manners, frozenset()).middleware],
    )
    plain = SglangUtilityHandlers(responder)
    whole.add_routes(_probes(control))
    whole.add_routes(_quiet(plain))
    whole.add_routes(_generating(responder))
    whole.add_routes(_orders(plain))
    whole.add_routes([web.route("*", path, plain.not_emulated) for path in NOT_EMULATED])
    if serve_arguments.metrics.exposed:
        whole.add_routes([web.get("/metrics", plain.metrics)])
    if control.faults_open:
        whole.add_routes([web.post(request_middleware.FAULTS, DevelopmentHandlers(responder).faults)])
    return whole


def _probes(control: EngineControl) -> list[web.RouteDef]:
    probes = ProbeHandlers(control)
    return [
        web.get("/health", probes.health, allow_head=False),
        web.get("/health_generate", probes.health, allow_head=False),
        web.get("/ready", probes.ready, allow_head=False),
        web.get("/ping", probes.ping, allow_head=False),
    ]


def _quiet(plain: SglangUtilityHandlers) -> list[web.RouteDef]:
    return [
        web.get("/v1/models", plain.models, allow_head=False),
        web.get("/v1/loads", plain.loads, allow_head=False),
        web.get("/v1/models/{model:.+}", plain.model, allow_head=False),
        *(web.get(path, plain.server_info, allow_head=False) for path in ("/server_info", "/model_info")),
        *(web.post(path, plain.tokenize) for path in ("/tokenize", "/v1/tokenize")),
        *(web.post(path, plain.detokenize) for path in ("/detokenize", "/v1/detokenize")),
    ]


def _generating(responder: Responder) -> list[web.RouteDef]:
    generation = SglangGenerationHandlers(responder)
    messages = MessagesHandlers(responder, generation)
    return [
        web.post("/v1/completions", generation.completion),
        web.post("/v1/chat/completions", generation.chat),
        web.post("/invocations", generation.chat),
        web.post("/v1/messages", messages.create),
        web.post("/v1/messages/count_tokens", messages.count),
    ]


def _orders(plain: SglangUtilityHandlers) -> list[web.RouteDef]:
    return [
        web.post("/load_lora_adapter", plain.load_adapter),
        web.post("/unload_lora_adapter", plain.unload_adapter),
        web.get("/flush_cache", plain.flush_cache, allow_head=False),
        web.post("/flush_cache", plain.flush_cache),
        web.post("/abort_request", plain.abort),
        web.post("/pause_generation", plain.pause),
        web.post("/continue_generation", plain.resume),
    ]


def _is_guarded(request: web.Request) -> bool:
    return request.path not in _OPEN
