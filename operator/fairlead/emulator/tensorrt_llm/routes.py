"""All routes of the emulated TensorRT-LLM as an aiohttp application; those not emulated return 501 with their name."""

from collections.abc import Callable
from typing import Final

from aiohttp import web

from fairlead.emulator.serve_arguments import ServeArguments
from fairlead.emulator.surface import request_middleware
from fairlead.emulator.surface.development import DevelopmentHandlers
from fairlead.emulator.surface.engine_interface import EngineClient, EngineControl
from fairlead.emulator.surface.request_middleware import HttpManners, RequestMiddleware
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.tensorrt_llm import errors
from fairlead.emulator.tensorrt_llm.generation import TensorRtGenerationHandlers
from fairlead.emulator.tensorrt_llm.manners import TensorRtManners
from fairlead.emulator.tensorrt_llm.utility import TensorRtUtilityHandlers
from fairlead.engines.tensorrt_llm.http_api import API

NOT_EMULATED: Final = (
    *("/v1/responses", "/v1/messages", "/v1/embeddings", "/perf_metrics", "/kv_cache_events", "/server_info"),
    *("/release_memory", "/resume_memory", "/update_weights"),
)


def application(
    serve_arguments: ServeArguments, client: EngineClient, control: EngineControl, clock: Callable[[], float]
) -> web.Application:
    """Build the application; `clock` is seconds since 1970, for `created`."""
    responder = Responder(serve_arguments, client, control, clock, TensorRtManners())
    manners = HttpManners(keys=(), is_guarded=lambda _: False, error_body=errors.body)
    whole = web.Application(
        client_max_size=request_middleware.LARGEST_BODY,
        middlewares=[RequestMiddleware(control, manners, frozenset()).middleware],
    )
    plain, generation = TensorRtUtilityHandlers(responder), TensorRtGenerationHandlers(responder)
    whole.add_routes(
        [
            web.get("/health", plain.health, allow_head=False),
            web.get("/health_generate", generation.health_generate, allow_head=False),
            web.get("/version", plain.version, allow_head=False),
            web.get("/v1/models", plain.models, allow_head=False),
            web.get("/metrics", plain.iterations, allow_head=False),
            web.post("/_internal/tokenize", plain.tokenize),
            web.post("/v1/completions", generation.completion),
            web.post("/v1/chat/completions", generation.chat),
        ]
    )
    whole.add_routes([web.route("*", path, plain.not_emulated) for path in NOT_EMULATED])
    if serve_arguments.metrics.exposed:
        whole.add_routes([web.get(API.metrics_path, plain.metrics, allow_head=False)])
    if control.faults_open:
        whole.add_routes([web.post(request_middleware.FAULTS, DevelopmentHandlers(responder).faults)])
    return whole
