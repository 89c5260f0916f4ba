"""TensorRT-LLM's responses of `/v1/completions`: `serve/openai_protocol.py`, `postprocess_handlers.py`."""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.surface import logprobs
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.response_writers import ResponseContext
from fairlead.emulator.tensorrt_llm import usage

_KIND: Final = "text_completion"
_REST: Final = (
    b',"token_ids":null,"logprobs":null,"finish_reason":null,"stop_reason":null,"avg_decoded_tokens_per_iter":null}],'
    b'"usage":null}\n\n'
)


class TensorRtCompletion:
    """Writes one completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        self._head = {"id": response.answer_id, "object": _KIND, "created": response.created, "model": response.model}
        self._prefix = b"data: " + answers.compact_json(self._head)[:-1] + b',"choices":[{"index":'
        self._plain = self._request.sampling.logprobs is None and not self._request.echo

    def opening(self) -> bytes:
        """A completion stream has no opening chunk."""
        return b""

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Join common chunks from prepared bytes, and build the others field by field."""
        text = answers.text_delta(self._response.replies[index], start, end)
        if finish is None and self._plain:
            return b"".join((self._prefix, b'%d,"text":' % index, answers.json_string(text), _REST))
        if start == 0 and self._request.echo:
            text = self._prompt(index) + text
        return answers.stream_event(
            {**self._head, "choices": [self._choice(index, (start, end), text, finish)], "usage": None}
        )

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return a usage chunk per prompt if requested; then `[DONE]`."""
        if not self._request.include_usage:
            return answers.DONE
        counted = usage.by_prompt(self._response, outs, job)
        chunks = (answers.stream_event({**self._head, "choices": [], "usage": one}) for one in counted)
        return b"".join((*chunks, answers.DONE))

    def broken(self, error: ErrorResponse) -> bytes:
        """The connection just closes."""
        del error
        return b""

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        choices = []
        for index, out in enumerate(outs):
            text = answers.text_until(self._response.replies[index], out)
            text = self._prompt(index) + text if self._request.echo else text
            choice = self._choice(index, (0, out), text, finishes[index])
            choices.append(choice | {"context_logits": None, "disaggregated_params": None})
        counted = usage.of(self._response, outs, job)
        return {**self._head, "choices": choices, "usage": counted, "prompt_token_ids": None}

    def _choice(self, index: int, span: tuple[int, int], text: str, finish: str | None) -> dict[str, Any]:
        reply = self._response.replies[index]
        return {
            "index": index,
            "text": text,
            "token_ids": None,
            "logprobs": self._logprobs(reply, *span),
            "finish_reason": finish,
            "stop_reason": reply.stop_reason if finish == "stop" else None,
            "avg_decoded_tokens_per_iter": None,
        }

    def _prompt(self, index: int) -> str:
        return self._response.tokenizer.decode(self._response.prompt_of(index))

    def _logprobs(self, reply: GeneratedReply, start: int, end: int) -> dict[str, Any] | None:
        top = self._request.sampling.logprobs
        if top is None:
            return None
        before = reply.ends[start - 1] if start else 0
        return logprobs.of_completion(reply.ids[start:end], before, top, self._response.tokenizer, by_id=False)
