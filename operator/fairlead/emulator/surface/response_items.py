"""Writes responses of `/v1/responses`: the response object with its items, and the events of a stream."""

from collections.abc import Sequence
from secrets import token_hex
from typing import Any

from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.fields import JsonObject
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.response_writers import ResponseContext


class ResponsesResponse:
    """Writes one response with one item: a message or a function call."""

    def __init__(self, response: ResponseContext, body: JsonObject) -> None:
        self._response_context = response
        self._body = body
        self._reply = response.replies[0]
        self._call = self._reply.call if self._reply.called else None
        self._item_id = f"{'fc' if self._call else 'msg'}_{token_hex(8)}"
        self._serial = 0
        where = {"item_id": self._item_id, "output_index": 0}
        self._where = where if self._call else {"content_index": 0, **where}

    def opening(self) -> bytes:
        """Return the events that begin the response and its item."""
        begun = self._response("in_progress", [], None)
        events = [
            self._event("response.created", {"response": begun}),
            self._event("response.in_progress", {"response": begun}),
            self._event("response.output_item.added", {"item": self._item("", "in_progress"), "output_index": 0}),
        ]
        if self._call is None:
            part: JsonObject = {"annotations": [], "text": "", "type": "output_text", "logprobs": []}
            events.append(self._event("response.content_part.added", {**self._where, "part": part}))
        return b"".join(events)

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Return a delta of the text or of the arguments; empty if there is nothing new."""
        del index, finish
        if self._call is None:
            new = answers.text_delta(self._reply, start, end)
            data = {**self._where, "delta": new, "logprobs": []}
            return self._event("response.output_text.delta", data) if new else b""
        new = answers.arguments_delta(self._reply, start, end)
        data = {"delta": new, **self._where}
        return self._event("response.function_call_arguments.delta", data) if new else b""

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the events that complete the item and the response."""
        text = answers.text_until(self._reply, outs[0])
        item = self._item(text, "completed")
        events: list[bytes] = []
        if self._call is None:
            done = {**self._where, "logprobs": [], "text": text}
            events.append(self._event("response.output_text.done", done))
            part: JsonObject = {"annotations": [], "text": text, "type": "output_text", "logprobs": None}
            events.append(self._event("response.content_part.done", {**self._where, "part": part}))
        else:
            done = {"arguments": self._call.arguments, **self._where, "name": self._call.name}
            events.append(self._event("response.function_call_arguments.done", done))
        events.append(self._event("response.output_item.done", {"item": item, "output_index": 0}))
        whole = self._response(self._status(outs[0]), [item], self._ended(outs[0], job))
        events.append(self._event("response.completed", {"response": whole}))
        return b"".join(events)

    def broken(self, error: ErrorResponse) -> bytes:
        """Return an error event, which ends the stream."""
        return b"event: error\n" + error.event

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        del finishes
        item = self._item(answers.text_until(self._reply, outs[0]), "completed")
        return self._response(self._status(outs[0]), [item], self._ended(outs[0], job))

    def _ended(self, out: int, job: JobHandle) -> tuple[JsonObject, JsonObject | None]:
        """Return usage and metrics, known only at the end."""
        return self._usage(out, job), answers.metrics(self._response_context, out, job.times)

    def _status(self, out: int) -> str:
        cut = out < len(self._reply.ids) or self._reply.finish == "length"
        return "incomplete" if cut else "completed"

    def _event(self, kind: str, data: JsonObject) -> bytes:
        numbered = {**data, "sequence_number": self._serial, "type": kind}
        self._serial += 1
        return b"event: " + kind.encode() + b"\n" + answers.stream_event(numbered)

    def _item(self, text: str, status: str) -> JsonObject:
        if self._call is not None:
            arguments = self._call.arguments if status == "completed" else ""
            call: JsonObject = {"arguments": arguments, "call_id": self._call.call_id, "name": self._call.name}
            rest = {"async": None, "caller": None, "namespace": None, "status": status}
            return {**call, "type": "function_call", "id": self._item_id, **rest}
        part: JsonObject = {"annotations": [], "text": text, "type": "output_text", "logprobs": None}
        content = [part] if status == "completed" else []
        head: JsonObject = {"id": self._item_id, "content": content, "role": "assistant"}
        return {**head, "status": status, "type": "message", "phase": None}

    def _usage(self, out: int, job: JobHandle) -> JsonObject:
        cached = {"cached_tokens": job.cached_tokens[0], "cache_write_tokens": 0}
        turns: JsonObject = {"input_tokens_per_turn": [], "cached_tokens_per_turn": []}
        made = {"reasoning_tokens": 0, "tool_output_tokens": 0}
        made_turns: JsonObject = {"output_tokens_per_turn": [], "tool_output_tokens_per_turn": []}
        return {
            "input_tokens": self._response_context.prompt_tokens,
            "input_tokens_details": {**cached, **turns},
            "output_tokens": out,
            "output_tokens_details": {**made, **made_turns},
            "total_tokens": self._response_context.prompt_tokens + out,
        }

    def _response(
        self, status: str, output: list[JsonObject], ended: tuple[JsonObject, JsonObject | None] | None
    ) -> JsonObject:
        usage, metrics = ended or (None, None)
        response, body, sampling = self._response_context, self._body, self._response_context.request.sampling
        tools = body.get("tools") or []
        return {
            "id": response.answer_id,
            "created_at": response.created,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.get("instructions"),
            "metadata": body.get("metadata"),
            "model": response.model,
            "object": "response",
            "output": output,
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "temperature": sampling.temperature,
            "tool_choice": body.get("tool_choice", "auto") if tools else "none",
            "tools": [_tool(tool) for tool in tools],
            "top_p": sampling.top_p,
            "background": False,
            "max_output_tokens": sampling.max_tokens,
            "max_tool_calls": body.get("max_tool_calls"),
            "previous_response_id": None,
            "prompt": None,
            "reasoning": body.get("reasoning"),
            "service_tier": body.get("service_tier", "auto"),
            "status": status,
            "text": _text(body.get("text")),
            "top_logprobs": None,
            "truncation": body.get("truncation", "disabled"),
            "usage": usage,
            "user": body.get("user"),
            **({} if metrics is None else {"metrics": metrics}),
            "presence_penalty": sampling.presence_penalty,
            "frequency_penalty": sampling.frequency_penalty,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "input_messages": None,
            "output_messages": None,
        }


def _text(options: JsonObject | None) -> JsonObject | None:
    """Return the requested text format with all its fields."""
    wanted = (options or {}).get("format")
    if options is None or not isinstance(wanted, dict):
        return options
    form = {name: wanted.get(name) for name in ("name", "schema", "type", "description", "strict")}
    return {"format": form if wanted.get("type") == "json_schema" else wanted, "verbosity": options.get("verbosity")}


def _tool(tool: JsonObject) -> JsonObject:
    """Return the requested tool with all its fields."""
    head = {"name": tool.get("name"), "parameters": tool.get("parameters"), "strict": tool.get("strict")}
    rest = {"allowed_callers": None, "async": None, "defer_loading": None, "description": tool.get("description")}
    return {**head, "type": "function", **rest, "output_schema": None}
