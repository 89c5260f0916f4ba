"""TensorRT-LLM's responses of `/v1/chat/completions`: `serve/openai_protocol.py`, `postprocess_handlers.py`.

Stream chunks have no null fields, except the usage chunk.
"""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.surface import logprobs, tools
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.response_writers import ResponseContext
from fairlead.emulator.tensorrt_llm import usage

_CHUNK: Final = "chat.completion.chunk"
_DELTA: Final = b',"delta":{"content":'
_REST: Final = b',"reasoning_content":""}}]}\n\n'


class TensorRtChat:
    """Writes one chat completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        self._head = {"id": response.answer_id, "object": _CHUNK, "created": response.created, "model": response.model}
        self._prefix = b"data: " + answers.compact_json(self._head)[:-1] + b',"choices":[{"index":'
        self._named = tools.client_named_tool(self._request.body)

    def opening(self) -> bytes:
        """Return every choice's first chunk, with its role."""
        return b"".join(self._chunk(index, {"role": "assistant"}) for index in range(len(self._response.replies)))

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Return text or a tool call; the last tokens come with their finish reason."""
        reply = self._response.replies[index]
        text = answers.text_delta(reply, start, end)
        if finish is None and reply.call is None and self._request.sampling.logprobs is None:
            return b"".join((self._prefix, b"%d" % index, _DELTA, answers.json_string(text), _REST))
        delta = {"content": text, "reasoning_content": ""} if reply.call is None else self._call(index, start, end)
        choice: dict[str, Any] = {}
        if (found := self._logprobs(reply, start, end)) is not None:
            choice["logprobs"] = found
        if finish is not None:
            choice["finish_reason"] = self._finish(reply, finish, end)
            if finish == "stop" and reply.stop_reason is not None:
                choice["stop_reason"] = reply.stop_reason
        return self._chunk(index, delta, **choice)

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the usage if requested, then `[DONE]`."""
        if not self._request.include_usage:
            return answers.DONE
        last = {**self._head, "choices": [], "usage": usage.of(self._response, outs, job)}
        return answers.stream_event(last) + answers.DONE

    def broken(self, error: ErrorResponse) -> bytes:
        """The connection just closes."""
        del error
        return b""

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [self._choice(index, out, finishes[index]) for index, out in enumerate(outs)],
            "usage": usage.of(self._response, outs, job),
            "prompt_token_ids": None,
            "prompt_token_ids_b64": None,
        }

    def _chunk(self, index: int, delta: dict[str, Any], **more: object) -> bytes:
        return answers.stream_event({**self._head, "choices": [{"index": index, "delta": delta, **more}]})

    def _call(self, index: int, start: int, end: int) -> dict[str, Any]:
        """Return a call's delta. For a client-named tool all text is arguments; else the name comes first."""
        reply = self._response.replies[index]
        call = reply.call
        assert call is not None
        new = answers.arguments_delta(reply, start, end)
        if self._named:
            return {"tool_calls": [{"type": "function", "index": index, "function": _function(call.name, new)}]}
        before, after = (reply.ends[place - 1] if place else 0 for place in (start, end))
        calls: list[dict[str, Any]] = []
        if before < len(call.opening) <= after:
            opened = {"id": call.call_id, "type": "function", "index": 0, "function": _function(call.name, "")}
            calls.append(opened)
        if new:
            calls.append({"type": "function", "index": 0, "function": {"arguments": new}})
        return {"content": "", "reasoning_content": ""} | ({"tool_calls": calls} if calls else {})

    def _choice(self, index: int, out: int, finish: str) -> dict[str, Any]:
        reply = self._response.replies[index]
        called = reply.called and out >= len(reply.ids)
        text = "" if reply.call is not None and (called or self._named) else answers.text_until(reply, out)
        message: dict[str, Any] = {"role": "assistant", "content": text, "reasoning_content": "", "reasoning": None}
        message["tool_calls"] = []
        if reply.call is not None and (called or self._named):
            arguments = answers.arguments_delta(reply, 0, out)
            call = {"id": reply.call.call_id, "type": "function", "function": _function(reply.call.name, arguments)}
            message["tool_calls"] = [call]
        return {
            "index": index,
            "message": message,
            "logprobs": self._logprobs(reply, 0, out),
            "finish_reason": self._finish(reply, finish, out),
            "stop_reason": reply.stop_reason if finish == "stop" else None,
            "mm_embedding_handle": None,
            "disaggregated_params": None,
            "avg_decoded_tokens_per_iter": None,
        }

    def _finish(self, reply: GeneratedReply, finish: str, out: int) -> str:
        """Return `tool_calls` if the model called a tool that the client had not named."""
        called = finish == "stop" and reply.called and out >= len(reply.ids) and not self._named
        return "tool_calls" if called else finish

    def _logprobs(self, reply: GeneratedReply, start: int, end: int) -> dict[str, Any] | None:
        top = self._request.sampling.logprobs
        if top is None:
            return None
        return logprobs.of_chat(reply.ids[start:end], start, top, self._response.tokenizer, by_id=False)


def _function(name: str, arguments: str) -> dict[str, str]:
    return {"name": name, "arguments": arguments}
