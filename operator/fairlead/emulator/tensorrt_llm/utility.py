"""TensorRT-LLM's endpoints that generate nothing: models, health, both metrics pages, and tokenization."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface import fields
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldReader
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.utility_routes import METRICS_HEADERS, json_response
from fairlead.emulator.tensorrt_llm import errors
from fairlead.engines.tensorrt_llm.release import DEFAULT

_TOKENIZE: Final[dict[str, FieldReader]] = {"model": fields.text, "prompt": fields.text}


class TensorRtUtilityHandlers:
    """Handlers of these endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def health(self, _: web.Request) -> web.Response:
        """GET /health: 503 once the executor is dead; it detects no hang."""
        alive = self._responder.control.alive
        return web.Response() if alive else web.Response(text=errors.UNAVAILABLE, status=503)

    async def version(self, _: web.Request) -> web.Response:
        """GET /version."""
        return json_response({"version": DEFAULT.version})

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        return json_response(self._responder.names.cards())

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /prometheus/metrics."""
        return web.Response(body=self._responder.control.metrics().encode(), headers=METRICS_HEADERS)

    async def iterations(self, _: web.Request) -> web.Response:
        """GET /metrics: statistics of steps as JSON; each read removes them for all other readers."""
        shown = self._responder.serve_arguments.metrics.of_steps
        return json_response(list(self._responder.control.iterations()) if shown else [])

    async def tokenize(self, request: web.Request) -> web.Response:
        """POST /_internal/tokenize: a plain prompt."""
        body = fields.parsed(await request.read(), request.content_type)
        strange = sorted(body.keys() - _TOKENIZE.keys())
        if strange:
            raise errors.not_permitted(strange)
        ids = self._responder.words.encode(fields.needed(body, _TOKENIZE, "prompt")["prompt"])
        return json_response({"count": len(ids), "tokens": ids})

    async def not_emulated(self, request: web.Request) -> web.Response:
        """Refuse a route that TensorRT-LLM has and the emulation lacks, by name."""
        why = f"{request.path}: TensorRT-LLM answers here, and the simulated engine does not (simulated)"
        raise ErrorResponse(501, why, "NotImplementedError")
