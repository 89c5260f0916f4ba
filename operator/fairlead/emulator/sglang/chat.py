"""SGLang's responses of `/v1/chat/completions`: `srt/entrypoints/openai/serving_chat.py`, `sse_utils.py`.

A stream has a separate chunk for each choice's finish reason, after the last text of all choices.
"""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.sglang import errors, usage
from fairlead.emulator.sglang.completions import matched
from fairlead.emulator.surface import logprobs
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.response_writers import ResponseContext

_CHUNK: Final = "chat.completion.chunk"
_DELTA: Final = b',"delta":{"reasoning_content":null,"content":'
_REST: Final = b'},"logprobs":null,"finish_reason":null,"matched_stop":null}]}\n\n'


class SglangChat:
    """Writes one chat completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        self._head = {"id": response.answer_id, "object": _CHUNK, "created": response.created, "model": response.model}
        self._prefix = b"data: " + answers.compact_json(self._head)[:-1] + b',"choices":[{"index":'
        self._plain = self._request.sampling.logprobs is None and not self._request.continuous_usage
        self._finishes: dict[int, str] = {}

    def opening(self) -> bytes:
        """Return every choice's first chunk, with its role."""
        delta = {"reasoning_content": None, "role": "assistant", "content": ""}
        return b"".join(self._chunk(index, delta) for index in range(len(self._response.replies)))

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Return text or a tool call; tokens without text make no chunk."""
        reply = self._response.replies[index]
        if finish is not None:
            self._finishes[index] = self._finish(reply, finish, end)
        if reply.call is not None:
            return self._call(index, start, end)
        text = answers.text_delta(reply, start, end)
        if not text:
            return b""
        if self._plain:
            return b"".join((self._prefix, b"%d" % index, _DELTA, answers.json_string(text), _REST))
        delta = {"reasoning_content": None, "content": text}
        counted = None
        if self._request.continuous_usage:
            counted = usage.usage(len(self._response.prompts[0]), end)
        return self._chunk(index, delta, found=self._logprobs(reply, start, end), counted=counted)

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return each finish reason, the usage if requested, then `[DONE]`."""
        pieces = [
            self._chunk(index, {"reasoning_content": None}, finish=finish) for index, finish in self._finishes.items()
        ]
        if self._request.include_usage:
            counted = usage.of(self._response, outs, job)
            pieces.append(answers.stream_event({**self._head, "choices": [], "usage": counted}))
        return b"".join((*pieces, answers.DONE))

    def broken(self, error: ErrorResponse) -> bytes:
        """Return an error event, then `[DONE]`."""
        return errors.event(error) + answers.DONE

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [self._choice(index, out, finishes[index]) for index, out in enumerate(outs)],
            "usage": usage.of(self._response, outs, job),
            "metadata": usage.metadata(outs),
        }

    def _chunk(
        self,
        index: int,
        delta: dict[str, Any],
        *,
        found: dict[str, Any] | None = None,
        finish: str | None = None,
        counted: dict[str, Any] | None = None,
    ) -> bytes:
        stop = matched(self._response, self._response.replies[index], finish)
        choice = {"index": index, "delta": delta, "logprobs": found, "finish_reason": finish, "matched_stop": stop}
        chunk: dict[str, Any] = {**self._head, "choices": [choice]}
        return answers.stream_event(chunk if counted is None else {**chunk, "usage": counted})

    def _call(self, index: int, start: int, end: int) -> bytes:
        """Return the name once the call's opening is out, then the arguments as they come."""
        reply = self._response.replies[index]
        call = reply.call
        if call is None:
            return b""
        before, after = (reply.ends[place - 1] if place else 0 for place in (start, end))
        deltas: list[dict[str, Any]] = []
        if before < len(call.opening) <= after:
            function = {"name": call.name, "arguments": ""}
            deltas.append({"id": _call_id(reply), "index": 0, "type": "function", "function": function})
        if new := answers.arguments_delta(reply, start, end):
            deltas.append({"id": None, "index": 0, "type": "function", "function": {"name": None, "arguments": new}})
        empty = {"role": None, "content": None, "reasoning_content": None}
        return b"".join(self._chunk(index, {**empty, "tool_calls": [one]}) for one in deltas)

    def _choice(self, index: int, out: int, finish: str) -> dict[str, Any]:
        reply = self._response.replies[index]
        called = reply.called and out >= len(reply.ids)
        message: dict[str, Any] = {"role": "assistant", "content": "" if called else answers.text_until(reply, out)}
        message["reasoning_content"] = None
        if called and reply.call is not None:
            function = {"name": reply.call.name, "arguments": reply.call.arguments}
            call = {"id": _call_id(reply), "index": 0, "type": "function", "function": function}
            message["tool_calls"] = [call]
        return {
            "index": index,
            "message": message,
            "logprobs": self._logprobs(reply, 0, out),
            "finish_reason": self._finish(reply, finish, out),
            "matched_stop": matched(self._response, reply, finish),
        }

    def _finish(self, reply: GeneratedReply, finish: str, out: int) -> str:
        """Return `tool_calls` for a whole call, even of a tool that the client named."""
        return "tool_calls" if finish == "stop" and reply.called and out >= len(reply.ids) else finish

    def _logprobs(self, reply: GeneratedReply, start: int, end: int) -> dict[str, Any] | None:
        top = self._request.sampling.logprobs
        if top is None:
            return None
        return logprobs.of_chat(reply.ids[start:end], start, top, self._response.tokenizer, by_id=False)


def _call_id(reply: GeneratedReply) -> str:
    """Return SGLang's call id."""
    return "" if reply.call is None else f"call_{reply.call.call_id.rpartition('-')[2]:0<24}"
