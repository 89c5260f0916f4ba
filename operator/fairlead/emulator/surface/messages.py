"""`/v1/messages`, Anthropic's API: the request is read as a chat, and the response is written in content blocks."""

import json
from collections.abc import Sequence
from typing import Any, Final, Protocol

from aiohttp import web

from fairlead.documents import json_document
from fairlead.emulator.surface import fields
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import FieldReader, Json, JsonObject
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.responder import Responder
from fairlead.emulator.surface.response_writers import ResponseContext
from fairlead.emulator.surface.utility_routes import json_response as answered

_FIELDS: Final[dict[str, FieldReader]] = {
    "model": fields.text,
    "messages": fields.items,
    "max_tokens": fields.whole,
    "stop_sequences": fields.texts,
    "system": fields.anything,
    "stream": fields.flag,
    "tools": fields.items,
    "tool_choice": fields.mapping,
}
_SAME: Final = ("model", "max_tokens", "stream", "temperature", "top_p", "top_k")
_CHOICES: Final = {"any": "required", "auto": "auto", "none": "none"}


class ChatReader(Protocol):
    """Reads chats as one kind of engine does, and answers what else that kind does its own way."""

    @property
    def reports_cache_apart(self) -> bool:
        """Whether cached tokens are reported separately from the input tokens."""

    @property
    def opens_before_error(self) -> bool:
        """Whether a stream that fails at once still begins with the message."""

    def of_messages(self, body: JsonObject) -> GenerationRequest:
        """Read a request for a message as a chat."""

    def conversation(self, generation: GenerationRequest) -> list[int]:
        """Read the prompt; set the reply's form and length."""

    def error_type(self, error: ErrorResponse) -> str:
        """Return an error's `type`."""

    def counted(self, tokens: int) -> JsonObject:
        """Build the `count_tokens` response."""


class MessagesHandlers:
    """Handlers of Anthropic's endpoints. Errors after the body was read have Anthropic's JSON structure."""

    def __init__(self, responder: Responder, chats: ChatReader) -> None:
        self._responder = responder
        self._chats = chats

    async def create(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages."""
        found = _read(await request.read(), request.content_type, "model", "messages", "max_tokens")
        try:
            generation = self._chat_request(found)
            self._responder.names.called(generation.model)
            self._responder.preflight(1)
            ids = self._chats.conversation(generation)
            response = self._responder.answer(request, generation, [ids], "chatcmpl-")
            return await self._responder.respond(request, response, _MessagesResponse(response, self._chats))
        except ErrorResponse as no:
            return answered(self._error(no), no.status)

    async def count(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/messages/count_tokens."""
        found = _read(await request.read(), request.content_type, "model", "messages")
        try:
            generation = self._chat_request(found)
            self._responder.names.called(generation.model)
            count = len(self._chats.conversation(generation))
        except ErrorResponse as no:
            return answered(self._error(no), no.status)
        return answered(self._chats.counted(count))

    def _error(self, error: ErrorResponse) -> JsonObject:
        return _anthropic_error(self._chats.error_type(error), error.message)

    def _chat_request(self, found: JsonObject) -> GenerationRequest:
        chat: JsonObject = {name: found[name] for name in _SAME if name in found}
        system = [{"role": "system", "content": found["system"]}] if "system" in found else []
        chat["messages"] = [*system, *(turn for message in found["messages"] for turn in _turn(message))]
        if "stop_sequences" in found:
            chat["stop"] = found["stop_sequences"]
        if found.get("tools") and self._responder.serve_arguments.answering.tool_parser is not None:
            chat["tools"] = [_tool(tool) for tool in found["tools"]]
            chat["tool_choice"] = _choice(found.get("tool_choice"))
        return self._chats.of_messages(chat)


class _MessagesResponse:
    """Writes one message with one block: text, or a tool use."""

    def __init__(self, response: ResponseContext, chats: ChatReader) -> None:
        self._response = response
        self._chats = chats
        self._begun = False
        self._reply = response.replies[0]
        self._call = self._reply.call if self._reply.called else None

    def opening(self) -> bytes:
        """Return the events that begin the message and its only block."""
        block: JsonObject = {"type": "text", "text": ""}
        if self._call is not None:
            block = {"type": "tool_use", "id": self._call.call_id, "name": self._call.name, "input": {}}
        return self._start() + _event("content_block_start", {"content_block": block, "index": 0})

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Return a delta of the text or of the tool's input."""
        del index, finish
        if self._call is None:
            delta = {"type": "text_delta", "text": answers.text_delta(self._reply, start, end)}
            return _event("content_block_delta", {"delta": delta, "index": 0}) if delta["text"] else b""
        new = answers.arguments_delta(self._reply, start, end)
        delta = {"type": "input_json_delta", "partial_json": new}
        return _event("content_block_delta", {"delta": delta, "index": 0}) if new else b""

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the stop reason, the usage and the end."""
        reason, sequence = self._stop(self._reply.finish)
        usage = self._usage(outs[0], job)
        delta = {"stop_reason": reason, "stop_sequence": sequence}
        ended = _event("content_block_stop", {"index": 0}) + _event("message_delta", {"delta": delta, "usage": usage})
        return ended + _event("message_stop", {})

    def broken(self, error_response: ErrorResponse) -> bytes:
        """Return an error event, which ends the stream."""
        error = answers.stream_event(_anthropic_error(self._chats.error_type(error_response), error_response.message))
        begun = self._start() if self._chats.opens_before_error and not self._begun else b""
        return begun + b"event: error\n" + error

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole message, without null fields."""
        block: JsonObject = {"type": "text", "text": answers.text_until(self._reply, outs[0])}
        if self._call is not None:
            try:
                given = json_document.read(self._call.arguments)
            except ValueError:
                given = {}
            block = {"type": "tool_use", "id": self._call.call_id, "name": self._call.name, "input": given}
        reason, sequence = self._stop(finishes[0])
        usage = self._usage(outs[0], job)
        message = self._head() | {"content": [block], "model": self._response.model, "stop_reason": reason}
        return answers.without_nulls({**message, "stop_sequence": sequence, "usage": usage})

    def _start(self) -> bytes:
        self._begun = True
        usage = {"input_tokens": self._response.prompt_tokens, "output_tokens": 0}
        message = self._head() | {"content": [], "model": self._response.model, "stop_reason": None}
        return _event("message_start", {"message": {**message, "stop_sequence": None, "usage": usage}})

    def _usage(self, tokens: int, job: JobHandle) -> JsonObject:
        prompt, cached = self._response.prompt_tokens, job.cached_tokens[0]
        if not (self._chats.reports_cache_apart and self._response.details and cached):
            return {"input_tokens": prompt, "output_tokens": tokens}
        return {"input_tokens": prompt - cached, "cache_read_input_tokens": cached, "output_tokens": tokens}

    def _head(self) -> JsonObject:
        return {"id": self._response.answer_id, "type": "message", "role": "assistant"}

    def _stop(self, finish: str) -> tuple[str, str | None]:
        """Return Anthropic's stop reason and the stop sequence."""
        if self._call is not None:
            return "tool_use", None
        if finish == "length":
            return "max_tokens", None
        if finish == "stop" and isinstance(self._reply.stop_reason, str):
            return "stop_sequence", self._reply.stop_reason
        return "end_turn", None


def _read(raw: bytes, content_type: str, *required: str) -> JsonObject:
    return fields.needed(fields.parsed(raw, content_type), _FIELDS, *required)


def _turn(message: Json) -> list[JsonObject]:
    """Convert a message to the format of chats; a tool result becomes a message with the role `tool`."""
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return [message]
    blocks = [block for block in message["content"] if isinstance(block, dict)]
    answered_by_tools = [block for block in blocks if block.get("type") == "tool_result"]
    texts = [block for block in blocks if block.get("type") not in ("tool_result", "tool_use")]
    calls = [
        {"type": "function", "function": {"name": block.get("name"), "arguments": json.dumps(block.get("input"))}}
        for block in blocks
        if block.get("type") == "tool_use"
    ]
    turns: list[JsonObject] = [{"role": "tool", "content": block.get("content", "")} for block in answered_by_tools]
    if texts or calls or not turns:
        turns.append({"role": message.get("role"), "content": texts} | ({"tool_calls": calls} if calls else {}))
    return turns


def _tool(tool: Json) -> JsonObject:
    if not isinstance(tool, dict):
        return {}
    return {"type": "function", "function": {"name": tool.get("name"), "parameters": tool.get("input_schema")}}


def _choice(choice: JsonObject | None) -> Json:
    if choice is None:
        return "auto"
    if choice.get("type") == "tool":
        return {"type": "function", "function": {"name": choice.get("name")}}
    return _CHOICES.get(str(choice.get("type")), "auto")


def _event(kind: str, data: JsonObject) -> bytes:
    return b"event: " + kind.encode() + b"\n" + answers.stream_event({"type": kind, **data})


def _anthropic_error(kind: str, message: str) -> JsonObject:
    return {"type": "error", "error": {"type": kind, "message": message}}
