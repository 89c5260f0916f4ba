"""The endpoints that generate nothing: health, version, models, tokenization, adapters, load, metrics, KV events."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface import errors, fields, prompts
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.fields import FieldReader
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.reply_manners import VERSION
from fairlead.emulator.surface.responder import Responder

_TOKENIZE: Final[dict[str, FieldReader]] = {
    "model": fields.text,
    "prompt": fields.text,
    "messages": fields.items,
    "add_generation_prompt": fields.flag,
    "return_token_strs": fields.flag,
    "tools": fields.items,
}
_LOAD: Final[dict[str, FieldReader]] = {"lora_name": fields.text, "lora_path": fields.text, "load_inplace": fields.flag}
METRICS_HEADERS: Final = {"Content-Type": "text/plain; version=1.0.0; charset=utf-8"}
_NO_LIMIT: Final = 1 << 40
"""The context for `/tokenize`, which reports `max_model_len` but does not enforce it."""


class UtilityHandlers:
    """Handlers of these endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def health(self, _: web.Request) -> web.Response:
        """GET /health and /ping: 503 only if the engine is dead."""
        return web.Response(status=200 if self._responder.control.alive else 503)

    async def version(self, _: web.Request) -> web.Response:
        """GET /version."""
        return json_response({"version": VERSION})

    async def load(self, _: web.Request) -> web.Response:
        """GET /load."""
        return json_response({"server_load": self._responder.control.load})

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics."""
        return web.Response(body=self._responder.control.metrics().encode(), headers=METRICS_HEADERS)

    async def event_sources(self, _: web.Request) -> web.Response:
        """GET /kv_event_sources."""
        return json_response(self._responder.control.kv_event_sources())

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        return json_response(self._responder.names.cards())

    async def tokenize(self, request: web.Request) -> web.Response:
        """POST /tokenize: a prompt or a conversation."""
        body = fields.parsed(await request.read(), request.content_type)
        if "prompt" not in body and "messages" not in body:
            names = ("prompt", "messages")
            raise errors.invalid_body(
                *(errors.detail("missing", f"body.{name}", "Field required", body) for name in names)
            )
        found = fields.checked(body, _TOKENIZE)
        self._responder.names.called(found.get("model"))
        limits = PromptLimits(_NO_LIMIT, self._responder.words, modalities=self._responder.senses)
        if "messages" in found:
            answer = found.get("add_generation_prompt", True)
            ids = prompts.of_chat(found["messages"], limits, answer=answer, tools=found.get("tools", ()))
        else:
            ids = self._responder.words.encode(found.get("prompt", ""))
        strings = self._responder.words.strings(ids) if found.get("return_token_strs") else None
        context = self._responder.serve_arguments.context_tokens
        return json_response({"count": len(ids), "max_model_len": context, "tokens": ids, "token_strs": strings})

    async def detokenize(self, request: web.Request) -> web.Response:
        """POST /detokenize; ids beyond the vocabulary have no text."""
        body = fields.parsed(await request.read(), request.content_type)
        found = fields.needed(body, {"model": fields.text, "tokens": fields.wholes}, "tokens")
        self._responder.names.called(found.get("model"))
        tokenizer = self._responder.words
        valid = [number for number in found.get("tokens", ()) if 0 <= number < tokenizer.vocabulary]
        return json_response({"prompt": tokenizer.decode(valid)})

    async def load_adapter(self, request: web.Request) -> web.Response:
        """POST /v1/load_lora_adapter."""
        body = fields.parsed(await request.read(), request.content_type)
        found = fields.needed(body, _LOAD, "lora_name", "lora_path")
        name, path, inplace = found["lora_name"], found["lora_path"], found.get("load_inplace", False)
        return web.Response(text=self._responder.names.load(name, path, inplace=inplace))

    async def unload_adapter(self, request: web.Request) -> web.Response:
        """POST /v1/unload_lora_adapter."""
        found = fields.needed(fields.parsed(await request.read(), request.content_type), _LOAD, "lora_name")
        return web.Response(text=self._responder.names.unload(found["lora_name"]))

    async def add_adapter(self, request: web.Request) -> web.Response:
        """POST /adapters: load an adapter, by SageMaker's API."""
        body = fields.parsed(await request.read(), request.content_type)
        absent = [name for name in ("name", "src") if name not in body]
        if absent:
            missing = [{"type": "missing", "loc": [name], "msg": "Field required", "input": body} for name in absent]
            raise errors.ErrorResponse(400, answers.compact_json(missing).decode(), "Bad Request")
        name, inplace = str(body["name"]), bool(body.get("load_inplace"))
        self._responder.names.load(name, str(body["src"]), inplace=inplace)
        return web.Response(text=f"Adapter {name} registered")

    async def drop_adapter(self, request: web.Request) -> web.Response:
        """DELETE /adapters/{name}."""
        name = request.match_info["name"]
        self._responder.names.unload(name)
        return web.Response(text=f"Adapter {name} unregistered")


def json_response(what: object, status: int = 200) -> web.Response:
    """Build a JSON response."""
    return web.Response(body=answers.compact_json(what), status=status, content_type="application/json")
