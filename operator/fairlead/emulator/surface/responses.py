"""`/v1/responses`: the request is read as a chat, and the response has items. Nothing is stored, as in vLLM by
default."""

from typing import Final

from aiohttp import web

from fairlead.emulator.surface import fields
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldReader, Json, JsonObject
from fairlead.emulator.surface.generation import GenerationHandlers, chat_request
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.response_items import ResponsesResponse

_FIELDS: Final[dict[str, FieldReader]] = {
    "model": fields.text,
    "input": fields.anything,
    "instructions": fields.text,
    "max_output_tokens": fields.whole,
    "stream": fields.flag,
    "background": fields.flag,
    "previous_response_id": fields.text,
    "text": fields.mapping,
    "tools": fields.items,
    "parallel_tool_calls": fields.flag,
}
_SAME: Final = ("model", "stream", "temperature", "top_p", "top_k", "min_p", "priority", "cache_salt", "request_id")
_PARTS: Final = ("input_text", "output_text")


class ResponsesHandlers:
    """Handlers of the responses endpoints."""

    def __init__(self, responder: Responder) -> None:
        self._responder = responder
        self._generation = GenerationHandlers(responder)

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/responses."""
        body = fields.parsed(await request.read(), request.content_type)
        if "input" not in body:
            raise fields.missing("input", {"tool_choice": "none", **body})
        found = fields.checked(body, _FIELDS)
        generation = self._chat_request(found, body)
        self._responder.names.called(generation.model)
        if found.get("background"):
            raise _not_stored()
        if (previous := found.get("previous_response_id")) is not None:
            raise _unknown(previous)
        self._responder.preflight(1)
        ids = self._generation.conversation(generation)
        response = self._responder.answer(request, generation, [ids], "")
        if not response.answer_id.startswith("resp_"):
            response.answer_id = f"resp_{response.answer_id}"
        return await self._responder.respond(request, response, ResponsesResponse(response, body))

    async def retrieve(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/responses/{id} and its cancel: always 404, since nothing is stored."""
        raise _unknown(request.match_info["response_id"])

    def _chat_request(self, found: JsonObject, body: JsonObject) -> GenerationRequest:
        """Read the request as a chat; tools are ignored if the server has no tool parser."""
        chat: JsonObject = {name: body[name] for name in _SAME if name in body}
        chat["messages"] = _messages(found)
        if "max_output_tokens" in found:
            chat["max_tokens"] = found["max_output_tokens"]
        if isinstance(wanted := found.get("text", {}).get("format"), dict):
            chat["response_format"] = _format(wanted)
        if found.get("tools") and self._responder.serve_arguments.answering.tool_parser is not None:
            chat["tools"] = [{"type": "function", "function": tool} for tool in found["tools"]]
            chat["tool_choice"] = _choice(body.get("tool_choice", "auto"))
        return chat_request(chat, force_usage=False)


def _messages(found: JsonObject) -> list[JsonObject]:
    """Put instructions first; function calls and outputs take their form in chats."""
    system = [{"role": "system", "content": found["instructions"]}] if "instructions" in found else []
    written: Json = found.get("input", "")
    if isinstance(written, str):
        return [*system, {"role": "user", "content": written}]
    return [*system, *(_message(item) for item in fields.items(written, "body.input"))]


def _message(item: Json) -> JsonObject:
    if not isinstance(item, dict):
        return {"role": "user", "content": str(item)}
    match item.get("type", "message"):
        case "function_call":
            call = {"name": item.get("name"), "arguments": item.get("arguments")}
            return {"role": "assistant", "tool_calls": [{"type": "function", "function": call}]}
        case "function_call_output":
            return {"role": "tool", "content": str(item.get("output", ""))}
        case _:
            return {"role": item.get("role", "user"), "content": item.get("content", "")} | _plain(item)


def _plain(item: JsonObject) -> JsonObject:
    """Return content parts in the format of chats."""
    content = item.get("content")
    if not isinstance(content, list):
        return {}
    parts = [
        {**part, "type": "text"} if isinstance(part, dict) and part.get("type") in _PARTS else part for part in content
    ]
    return {"content": parts}


def _format(wanted: JsonObject) -> JsonObject:
    """Convert to the format of chats, which nest the JSON schema that `/v1/responses` writes flat."""
    return {"type": "json_schema", "json_schema": wanted} if wanted.get("type") == "json_schema" else wanted


def _choice(choice: Json) -> Json:
    if isinstance(choice, dict) and "name" in choice:
        return {"type": "function", "function": {"name": choice["name"]}}
    return choice


def _unknown(response_id: str) -> ErrorResponse:
    return ErrorResponse(404, f"Response with id '{response_id}' not found.", "invalid_request_error", "response_id")


def _not_stored() -> ErrorResponse:
    why = (
        "This vLLM engine does not support `store=True` and therefore does not support the background mode. "
        "To enable these features, set the environment variable `VLLM_ENABLE_RESPONSES_API_STORE=1` "
        "when launching the vLLM server."
    )
    return ErrorResponse(400, why, "invalid_request_error", "background")
