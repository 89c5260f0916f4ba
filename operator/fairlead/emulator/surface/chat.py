"""Responses of `/v1/chat/completions`, whole or as stream chunks, with tool calls if the reply is one."""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.surface import logprobs, tools
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.response_writers import ResponseContext

_CHUNK: Final = "chat.completion.chunk"
_REST: Final = b'},"logprobs":null,"finish_reason":null,"token_ids":null}]}\n\n'


class ChatCompletionResponse:
    """Writes one chat completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        self._head = {"id": response.answer_id, "object": _CHUNK, "created": response.created, "model": response.model}
        self._prefix = b"data: " + answers.compact_json(self._head)[:-1] + b',"choices":[{"index":'
        self._plain = (
            self._request.sampling.logprobs is None
            and not self._request.token_ids
            and not self._request.continuous_usage
        )
        self._forced = self._request.structured is None or self._request.structured.forced

    def opening(self) -> bytes:
        """Return every choice's first chunk, with its role."""
        request, response = self._request, self._response
        pieces = []
        for index in range(request.sampling.n):
            delta = {"role": "assistant", "content": ""}
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
            chunk: dict[str, Any] = {**self._head, "choices": [choice]}
            if request.continuous_usage:
                chunk["usage"] = self._usage(0)
            chunk["prompt_token_ids"] = list(response.prompts[0]) if request.token_ids else None
            chunk["prompt_text"] = response.tokenizer.decode(response.prompts[0]) if request.prompt_text else None
            pieces.append(answers.stream_event(chunk))
        return b"".join(pieces)

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Join common chunks from prepared bytes, and build the others field by field."""
        reply = self._response.replies[index]
        if reply.call is None:
            text = answers.text_delta(reply, start, end)
            if finish is None and self._plain and (text or not self._response.parsed):
                return b"".join((self._prefix, b'%d,"delta":{"content":' % index, answers.json_string(text), _REST))
            deltas = [] if self._response.parsed and not text else [{"content": text}]
            return self._made(index, start, end, deltas, finish)
        return self._made(index, start, end, _call_deltas(reply, start, end), finish)

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the usage if requested, then `[DONE]`."""
        if not self._request.include_usage:
            return answers.DONE
        usage = self._usage(sum(outs)) | {"prompt_tokens_details": self._details(job)}
        last = {**self._head, "choices": [], "usage": usage, "system_fingerprint": self._response.fingerprint}
        metrics = answers.metrics(self._response, sum(outs), job.times)
        return answers.stream_event(answers.without_nulls({**last, "metrics": metrics})) + answers.DONE

    def broken(self, error: ErrorResponse) -> bytes:
        """Return an error event, then `[DONE]`."""
        return error.event + answers.DONE

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        request, response = self._request, self._response
        tokens = sum(outs)
        usage = answers.usage(response.prompt_tokens, tokens) | {
            "prompt_tokens_details": self._details(job),
            "completion_tokens_details": {"reasoning_tokens": 0} if response.reasoning else None,
        }
        prompt = list(response.prompts[0])
        top = 0 if request.echo and request.sampling.prompt_logprobs is None else request.sampling.prompt_logprobs
        return {
            **self._head,
            "object": "chat.completion",
            "choices": [self._choice(index, out, finishes[index]) for index, out in enumerate(outs)],
            "service_tier": None,
            "system_fingerprint": response.fingerprint,
            "usage": usage,
            "prompt_logprobs": None if top is None else logprobs.of_prompt(prompt, top, response.tokenizer),
            "prompt_token_ids": prompt if request.token_ids else None,
            "prompt_text": response.tokenizer.decode(prompt) if request.prompt_text else None,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "metrics": answers.metrics(response, tokens, job.times),
        }

    def _made(self, index: int, start: int, end: int, deltas: list[dict[str, Any]], finish: str | None) -> bytes:
        """Return one chunk for each delta; the last one carries logprobs, token ids and the finish reason."""
        pieces = []
        for delta in deltas[:-1]:
            choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None, "token_ids": None}
            pieces.append(answers.stream_event({**self._head, "choices": [choice]}))
        request = self._request
        if not deltas and finish is None and self._plain:
            return b"".join(pieces)
        reply = self._response.replies[index]
        choice = {
            "index": index,
            "delta": deltas[-1] if deltas else {},
            "logprobs": self._logprobs(reply, start, end),
            "finish_reason": None if finish is None else self._finish(reply, finish, streamed=end),
        }
        if finish is not None:
            choice["stop_reason"] = reply.stop_reason if finish == "stop" else None
        choice["token_ids"] = reply.ids[start:end] if request.token_ids else None
        chunk: dict[str, Any] = {**self._head, "choices": [choice]}
        if request.continuous_usage:
            chunk["usage"] = self._usage(end)
        if finish is not None and not request.include_usage:
            chunk["system_fingerprint"] = self._response.fingerprint
        return b"".join((*pieces, answers.stream_event(chunk)))

    def _usage(self, tokens: int) -> dict[str, Any]:
        reasoning = {"reasoning_tokens": 0} if self._response.reasoning else None
        return answers.usage(self._response.prompt_tokens, tokens) | {"completion_tokens_details": reasoning}

    def _details(self, job: JobHandle) -> dict[str, Any] | None:
        if not self._response.details:
            return None
        return {"cached_tokens": job.cached_tokens[0], "created_cache_tokens": 0, "multimodal_tokens": None}

    def _finish(self, reply: GeneratedReply, finish: str, *, streamed: int) -> str:
        """Return `tool_calls` if the model called a tool that the client had not named."""
        if finish != "stop" or reply.call is None or tools.client_named_tool(self._request.body):
            return finish
        return "tool_calls" if reply.called and streamed >= len(reply.ids) else finish

    def _logprobs(self, reply: GeneratedReply, start: int, end: int) -> dict[str, Any] | None:
        top = self._request.sampling.logprobs
        if top is None:
            return None
        by_id = self._request.tokens_as_ids
        return logprobs.of_chat(reply.ids[start:end], start, top, self._response.tokenizer, by_id=by_id)

    def _choice(self, index: int, out: int, finish: str) -> dict[str, Any]:
        reply = self._response.replies[index]
        called = reply.called and out >= len(reply.ids)
        text: str | None = answers.text_until(reply, out)
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None, "annotations": None}
        message |= {"audio": None, "function_call": None}
        if called and reply.call is not None:
            message["content"] = "" if self._forced else None
            message["tool_calls"] = [reply.call.json_object]
        message["reasoning"] = None
        return {
            "index": index,
            "message": message,
            "logprobs": self._logprobs(reply, 0, out),
            "finish_reason": self._finish(reply, finish, streamed=out),
            "stop_reason": reply.stop_reason if finish == "stop" else None,
            "token_ids": reply.ids[:out] if self._request.token_ids else None,
            "routed_experts": None,
        }


def _call_deltas(reply: GeneratedReply, start: int, end: int) -> list[dict[str, Any]]:
    """Return the name once the call's opening is out, then the arguments as they come, without the markup around
    them."""
    call = reply.call
    if call is None:
        return []
    before = reply.ends[start - 1] if start else 0
    deltas: list[dict[str, Any]] = []
    if before < len(call.opening) <= (reply.ends[end - 1] if end else 0):
        head = {"id": call.call_id, "type": "function", "index": 0, "function": {"name": call.name}}
        deltas.append({"content": None, "tool_calls": [head]})
    if new := answers.arguments_delta(reply, start, end):
        deltas.append({"content": None, "tool_calls": [{"index": 0, "function": {"arguments": new}}]})
    return deltas
