"""The endpoints of VLLM_SERVER_DEV_MODE (sleep, pause, reset, abort), and the one that injects faults."""

from typing import Final

from aiohttp import web

from fairlead.documents import json_document
from fairlead.emulator.surface import errors, reply_manners
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.reply_manners import VERSION
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.utility_routes import json_response

_DEEPEST_SLEEP: Final = 2
_MODES: Final = ("abort", "wait", "keep")


class DevelopmentHandlers:
    """Handlers of the development endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._acts = responder.control

    async def sleep(self, request: web.Request) -> web.Response:
        """POST /sleep."""
        level = _level(request.query.get("level", "1"))
        await self._acts.sleep(level, _mode(request))
        return json_response({"status": "sleeping", "level": level})

    async def wake_up(self, request: web.Request) -> web.Response:
        """POST /wake_up: wake everything, or what the tags name."""
        tags = request.query.getall("tags", None)
        awake = await self._acts.wake(tags)
        return json_response({"status": "awake" if awake else "sleeping", "tags": tags})

    async def is_sleeping(self, _: web.Request) -> web.Response:
        """GET /is_sleeping."""
        return json_response({"is_sleeping": self._acts.sleeping})

    async def pause(self, request: web.Request) -> web.Response:
        """POST /pause."""
        await self._acts.pause(_mode(request))
        return json_response({"status": "paused"})

    async def resume(self, _: web.Request) -> web.Response:
        """POST /resume: has no effect when nothing is paused."""
        await self._acts.resume()
        return json_response({"status": "resumed"})

    async def is_paused(self, _: web.Request) -> web.Response:
        """GET /is_paused."""
        return json_response({"is_paused": self._acts.paused})

    async def reset_prefix_cache(self, request: web.Request) -> web.Response:
        """POST /reset_prefix_cache."""
        running = request.query.get("reset_running_requests", "").lower() in ("1", "true", "yes", "on")
        return json_response({"success": self._acts.reset_prefix_cache(reset_running=running)})

    async def reset_other_cache(self, _: web.Request) -> web.Response:
        """POST /reset_mm_cache and /reset_encoder_cache: these caches are always empty."""
        return web.Response()

    async def abort(self, request: web.Request) -> web.Response:
        """POST /abort_requests: abort the named requests, or all."""
        named = _object(await request.read()).get("request_ids")
        count = self._acts.abort_requests(tuple(map(str, named)) if isinstance(named, list) else ())
        return json_response({"status": "aborted", "aborted": count})

    async def world_size(self, _: web.Request) -> web.Response:
        """GET /get_world_size: GPUs of all parallel ranks together."""
        return json_response({"world_size": self._responder.serve_arguments.memory.parallelism.gpus})

    async def weight_info(self, _: web.Request) -> web.Response:
        """GET /weight_info."""
        return json_response({"weight_version": "default"})

    async def server_info(self, _: web.Request) -> web.Response:
        """GET /server_info: only model, context and version, not vLLM's whole configuration."""
        serve_arguments = self._responder.serve_arguments
        config = {"model": serve_arguments.model, "max_model_len": serve_arguments.context_tokens, "version": VERSION}
        return json_response({"vllm_config": {"model_config": config}, "vllm_env": {}, "system_env": {}})

    async def faults(self, request: web.Request) -> web.Response:
        """POST /fairlead/v1/faults: inject another fault; the response is the order in force."""
        try:
            return json_response(self._acts.change_fault(_object(await request.read())))
        except ValueError as problem:
            raise errors.bad_request(str(problem)) from None


def _object(raw: bytes) -> JsonObject:
    try:
        body = json_document.read(raw)
    except ValueError:
        raise errors.ErrorResponse(400, "Invalid JSON format", "Bad Request") from None
    if not isinstance(body, dict):
        raise errors.ErrorResponse(400, "Request body must be a JSON object", "Bad Request")
    return body


def _mode(request: web.Request) -> str:
    mode = request.query.get("mode", "abort")
    if mode not in _MODES:
        expected = "'abort', 'wait' or 'keep'"
        problem = errors.detail("literal_error", "query.mode", f"Input should be {expected}", mode)
        raise errors.invalid_body(problem | {"ctx": {"expected": expected}})
    return mode


def _level(written: str) -> int:
    where = "query.level"
    level = reply_manners.whole(written)
    if level is None:
        why = "Input should be a valid integer, unable to parse string as an integer"
        raise errors.invalid_body(errors.detail("int_parsing", where, why, written))
    if level > _DEEPEST_SLEEP:
        high = errors.detail("less_than_equal", where, "Input should be less than or equal to 2", written)
        raise errors.invalid_body(high | {"ctx": {"le": _DEEPEST_SLEEP}})
    if level < 0:
        low = errors.detail("greater_than_equal", where, "Input should be greater than or equal to 0", written)
        raise errors.invalid_body(low | {"ctx": {"ge": 0}})
    return level
