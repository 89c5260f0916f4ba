"""SGLang's endpoints that generate nothing: models, tokenization, metrics, adapters, and operational commands."""

from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from fairlead.emulator.sglang.generation import BETWEEN_PARTS, NO_LIMIT
from fairlead.emulator.surface import fields, prompts
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldReader
from fairlead.emulator.surface.prompts import PromptLimits
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.utility_routes import METRICS_HEADERS, json_response
from fairlead.engines.sglang.release import RELEASE

_TOKENIZE: Final[dict[str, FieldReader]] = {
    "prompt": fields.anything,
    "messages": fields.items,
    "add_generation_prompt": fields.flag,
    "tools": fields.items,
}
_LOAD: Final[dict[str, FieldReader]] = {"lora_name": fields.text, "lora_path": fields.text}


class SglangUtilityHandlers:
    """Handlers of these endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def metrics(self, _: web.Request) -> web.Response:
        """GET /metrics."""
        return web.Response(body=self._responder.control.metrics().encode(), headers=METRICS_HEADERS)

    async def models(self, _: web.Request) -> web.Response:
        """GET /v1/models."""
        return json_response(self._responder.names.cards())

    async def model(self, request: web.Request) -> web.Response:
        """GET /v1/models/{model}: the model alone, not its adapters; its error is wrapped."""
        name = request.match_info["model"]
        card = self._responder.names.cards()["data"][0]
        if name == card["id"]:
            return json_response(card)
        wrong = {"message": f"The model '{name}' does not exist", "type": "invalid_request_error", "param": "model"}
        return json_response({"error": wrong | {"code": "model_not_found"}}, 404)

    async def server_info(self, _: web.Request) -> web.Response:
        """GET /server_info, /model_info: what the emulation has, under SGLang's names."""
        serve_arguments = self._responder.serve_arguments
        return json_response(
            {
                "model_path": serve_arguments.model,
                "served_model_name": serve_arguments.names[0],
                "is_generation": True,
                "context_length": serve_arguments.context_tokens,
                "max_total_num_tokens": serve_arguments.pool_tokens,
                "tool_call_parser": serve_arguments.answering.tool_parser,
                "reasoning_parser": serve_arguments.answering.reasoning_parser or None,
                "version": RELEASE,
            }
        )

    async def loads(self, _: web.Request) -> web.Response:
        """GET /v1/loads: what each rank does, more current than the metrics page; core fields only."""
        pool, ranks = self._responder.serve_arguments.pool_tokens or 0, self._responder.control.rank_loads()
        loads = [
            {
                "dp_rank": number,
                "num_running_reqs": one.running,
                "num_waiting_reqs": one.waiting,
                "num_used_tokens": round(one.usage * pool),
                "max_total_num_tokens": pool,
                "token_usage": round(one.usage, 2),
            }
            for number, one in enumerate(ranks)
        ]
        now = datetime.now(UTC).isoformat()
        head = {"timestamp": now, "version": RELEASE, "accelerator": None, "num_accelerators": 1}
        return json_response({**head, "loads": loads})

    async def tokenize(self, request: web.Request) -> web.Response:
        """POST /tokenize, /v1/tokenize: a prompt, several, or a conversation."""
        body = fields.parsed(await request.read(), request.content_type)
        found = fields.checked(body, _TOKENIZE)
        if ("prompt" in found) == ("messages" in found):
            raise ErrorResponse(400, "Exactly one of 'prompt' or 'messages' must be provided.", "Bad Request")
        tokenizer = self._responder.words
        tokens: list[int] | list[list[int]]
        if "messages" in found:
            limits = PromptLimits(NO_LIMIT, tokenizer, modalities=self._responder.senses, between_parts=BETWEEN_PARTS)
            answer = found.get("add_generation_prompt", True)
            tokens = prompts.of_chat(found["messages"], limits, answer=answer, tools=found.get("tools", ()))
        elif isinstance(found["prompt"], list):
            tokens = [tokenizer.encode(str(text)) for text in found["prompt"]]
        else:
            tokens = tokenizer.encode(str(found["prompt"]))
        several = bool(tokens) and isinstance(tokens[0], list)
        counted: Any = [len(ids) for ids in tokens if isinstance(ids, list)] if several else len(tokens)
        return json_response(
            {"tokens": tokens, "count": counted, "max_model_len": self._responder.serve_arguments.context_tokens}
        )

    async def detokenize(self, request: web.Request) -> web.Response:
        """POST /detokenize, /v1/detokenize; ids beyond the vocabulary have no text."""
        body = fields.parsed(await request.read(), request.content_type)
        found = fields.needed(body, {"tokens": fields.wholes}, "tokens")
        tokenizer = self._responder.words
        return json_response(
            {"text": tokenizer.decode([one for one in found["tokens"] if 0 <= one < tokenizer.vocabulary])}
        )

    async def load_adapter(self, request: web.Request) -> web.Response:
        """POST /load_lora_adapter."""
        body = fields.parsed(await request.read(), request.content_type)
        found = fields.needed(body, _LOAD, "lora_name", "lora_path")
        try:
            self._responder.names.load(found["lora_name"], found["lora_path"], inplace=False)
        except ErrorResponse as no:
            return self._updated(no.message)
        return self._updated()

    async def unload_adapter(self, request: web.Request) -> web.Response:
        """POST /unload_lora_adapter."""
        found = fields.needed(fields.parsed(await request.read(), request.content_type), _LOAD, "lora_name")
        try:
            self._responder.names.unload(found["lora_name"])
        except ErrorResponse as no:
            return self._updated(no.message)
        return self._updated()

    async def flush_cache(self, _: web.Request) -> web.Response:
        """GET and POST /flush_cache: not while requests run."""
        done = self._responder.control.reset_prefix_cache(reset_running=False)
        text = "Cache flushed.\nPlease check backend logs for more details.\n" if done else "Flush cache failed.\n"
        return web.Response(text=text, status=200 if done else 400)

    async def abort(self, request: web.Request) -> web.Response:
        """POST /abort_request: one request by its id, or all."""
        found = fields.parsed(await request.read(), request.content_type)
        if found.get("abort_all"):
            self._responder.control.abort_requests(())
        elif isinstance(found.get("rid"), str) and found["rid"]:
            self._responder.control.abort_requests((found["rid"],))
        return web.Response()

    async def pause(self, _: web.Request) -> web.Response:
        """POST /pause_generation: requests in flight are aborted, as in its default mode."""
        await self._responder.control.pause("abort")
        return json_response({"message": "Generation paused successfully.", "status": "ok"})

    async def resume(self, _: web.Request) -> web.Response:
        """POST /continue_generation."""
        await self._responder.control.resume()
        return json_response({"message": "Generation continued successfully.", "status": "ok"})

    async def not_emulated(self, request: web.Request) -> web.Response:
        """Refuse a route that SGLang has and the emulation lacks, by name, so that it is not taken for a typo."""
        why = f"{request.path}: SGLang {RELEASE} answers here, and the simulated engine does not (simulated)"
        raise ErrorResponse(501, why, "NotImplementedError")

    def _updated(self, why_not: str = "") -> web.Response:
        """Return the response of both adapter endpoints."""
        loaded = dict(self._responder.names.adapters)
        body = {"success": not why_not, "error_message": why_not or None, "loaded_adapters": loaded}
        return json_response(body, 400 if why_not else 200)
