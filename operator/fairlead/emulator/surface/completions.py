"""Responses of `/v1/completions`, whole or as stream chunks."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from fairlead.emulator.surface import logprobs
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.response_writers import ResponseContext

_KIND: Final = "text_completion"


class CompletionResponse:
    """Writes one completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        head = {"id": response.answer_id, "object": _KIND, "created": response.created, "model": response.model}
        self._head = head
        self._prefix = b"data: " + answers.compact_json(head)[:-1] + b',"choices":[{"index":'
        self._plain = (
            self._request.sampling.logprobs is None
            and not self._request.token_ids
            and not self._request.continuous_usage
            and not self._request.echo
        )
        self._alone = self._request.echo and self._request.body.get("max_tokens") == 0
        """Only the prompt is echoed; vLLM generates and counts one token anyway."""
        self._offsets = [0] * len(response.replies)

    def opening(self) -> bytes:
        """A completion stream has no opening chunk."""
        return b""

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Join common chunks from prepared bytes, and build the others field by field."""
        if finish is None and self._plain:
            text = answers.json_string(answers.text_delta(self._response.replies[index], start, end))
            return b"".join((self._prefix, b'%d,"text":' % index, text, _REST))
        return self._made(index, start, end, finish)

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the usage if requested, then `[DONE]`."""
        if not self._request.include_usage:
            return answers.DONE
        usage = answers.usage(self._response.prompt_tokens, sum(outs))
        if self._response.details:
            usage["prompt_tokens_details"] = {"cached_tokens": job.cached_tokens[-1]}
        last = {**self._head, "choices": [], "usage": usage, "system_fingerprint": self._response.fingerprint}
        metrics = answers.metrics(self._response, sum(outs), job.times)
        return answers.stream_event(answers.without_nulls({**last, "metrics": metrics})) + answers.DONE

    def broken(self, error: ErrorResponse) -> bytes:
        """Return an error event, then `[DONE]`."""
        return error.event + answers.DONE

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        response = self._response
        tokens = sum(outs)
        details = {"cached_tokens": job.cached_tokens[-1], "created_cache_tokens": None, "multimodal_tokens": None}
        usage = answers.usage(response.prompt_tokens, tokens) | {
            "prompt_tokens_details": details if response.details else None,
            "completion_tokens_details": None,
        }
        return {
            **self._head,
            "choices": [self._choice(index, out, finishes[index]) for index, out in enumerate(outs)],
            "service_tier": None,
            "system_fingerprint": response.fingerprint,
            "usage": usage,
            "kv_transfer_params": None,
            "ec_transfer_params": None,
            "metrics": answers.metrics(response, tokens, job.times),
        }

    def _made(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        request, response = self._request, self._response
        reply = response.replies[index]
        prompt = list(response.prompt_of(index))
        first = start == 0
        text = answers.text_delta(reply, start, end)
        if first and request.echo:
            text = ("" if request.token_ids else response.tokenizer.decode(prompt)) + ("" if self._alone else text)
        choice: dict[str, Any] = {"index": index, "text": text, "logprobs": self._logprobs(index, start, end)}
        choice |= {"finish_reason": finish, "stop_reason": reply.stop_reason if finish == "stop" else None}
        choice["prompt_token_ids"] = prompt if first and (request.token_ids or request.echo) else None
        choice["token_ids"] = reply.ids[start:end] if request.token_ids else None
        chunk = {**self._head, "choices": [choice]}
        if request.continuous_usage:
            chunk["usage"] = answers.usage(len(prompt), end)
        if finish is not None and not request.include_usage:
            chunk["system_fingerprint"] = response.fingerprint
        return answers.stream_event(chunk)

    def _logprobs(self, index: int, start: int, end: int) -> dict[str, Any] | None:
        """Return a chunk's logprobs; text offsets continue from the previous chunk."""
        top = self._request.sampling.logprobs
        if top is None:
            return None
        ids: list[int | None] = [] if self._alone else list(self._response.replies[index].ids[start:end])
        if self._request.echo and start == 0:
            ids = [None, *self._response.prompt_of(index)[1:], *ids]
        tokenizer = self._response.tokenizer
        entries = logprobs.of_completion(ids, self._offsets[index], top, tokenizer, by_id=self._request.tokens_as_ids)
        if self._request.echo and start == 0:
            entries["tokens"][0] = tokenizer.strings(self._response.prompt_of(index)[:1])[0]
            entries["text_offset"] = list(accumulate(map(len, entries["tokens"][:-1]), initial=0))
        if entries["tokens"]:
            self._offsets[index] = entries["text_offset"][-1] + len(entries["tokens"][-1])
        return entries

    def _choice(self, index: int, out: int, finish: str) -> dict[str, Any]:
        request, response = self._request, self._response
        reply = response.replies[index]
        prompt = list(response.prompt_of(index))
        text = answers.text_until(reply, out)
        if request.echo and not request.token_ids:
            text = response.tokenizer.decode(prompt) + ("" if self._alone else text)
        top = request.sampling.prompt_logprobs
        if request.echo and top is None:
            top = request.sampling.logprobs
        return {
            "index": index,
            "text": text,
            "logprobs": self._logprobs(index, 0, out),
            "finish_reason": finish,
            "stop_reason": reply.stop_reason if finish == "stop" else None,
            "token_ids": reply.ids[:out] if request.token_ids else None,
            "prompt_logprobs": None if top is None else logprobs.of_prompt(prompt, top, response.tokenizer),
            "prompt_token_ids": prompt if request.token_ids else None,
            "routed_experts": None,
        }


_REST: Final = (
    b',"logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}]}\n\n'
)
