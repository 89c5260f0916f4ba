"""SGLang's responses of `/v1/completions`: `srt/entrypoints/openai/serving_completions.py`."""

from collections.abc import Sequence
from typing import Any, Final

from fairlead.emulator.sglang import errors, usage
from fairlead.emulator.surface import logprobs
from fairlead.emulator.surface import response_writers as answers
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobHandle
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.surface.response_writers import ResponseContext

_KIND: Final = "text_completion"
_REST: Final = b',"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null}\n\n'


class SglangCompletion:
    """Writes one completion."""

    def __init__(self, response: ResponseContext) -> None:
        self._response = response
        self._request = response.request
        self._head = {"id": response.answer_id, "object": _KIND, "created": response.created, "model": response.model}
        self._prefix = b"data: " + answers.compact_json(self._head)[:-1] + b',"choices":[{"index":'
        self._plain = (
            self._request.sampling.logprobs is None
            and not self._request.token_ids
            and not self._request.continuous_usage
            and not self._request.echo
        )

    def opening(self) -> bytes:
        """A completion stream has no opening chunk."""
        return b""

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Join common chunks from prepared bytes, and build the others field by field."""
        if finish is None and self._plain:
            text = answers.json_string(answers.text_delta(self._response.replies[index], start, end))
            return b"".join((self._prefix, b'%d,"text":' % index, text, _REST))
        text_delta = answers.text_delta(self._response.replies[index], start, end)
        if start == 0 and self._request.echo:
            text_delta = self._prompt(index) + text_delta
        choice = self._choice(index, (start, end), text_delta, finish)
        counted = None
        if self._request.continuous_usage:
            counted = usage.usage(len(self._response.prompt_of(index)), end)
        return answers.stream_event({**self._head, "choices": [choice], "usage": counted})

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return the usage, without null fields, if requested; then `[DONE]`."""
        if not self._request.include_usage:
            return answers.DONE
        last = {**self._head, "choices": [], "usage": usage.of(self._response, outs, job)}
        return answers.stream_event(answers.without_nulls(last)) + answers.DONE

    def broken(self, error: ErrorResponse) -> bytes:
        """Return an error event, then `[DONE]`."""
        return errors.event(error) + answers.DONE

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response."""
        choices = []
        for index, out in enumerate(outs):
            text = answers.text_until(self._response.replies[index], out)
            text = self._prompt(index) + text if self._request.echo else text
            choices.append(self._choice(index, (0, out), text, finishes[index]))
        return {
            **self._head,
            "choices": choices,
            "usage": usage.of(self._response, outs, job),
            "metadata": usage.metadata(outs),
        }

    def _choice(self, index: int, span: tuple[int, int], text: str, finish: str | None) -> dict[str, Any]:
        reply = self._response.replies[index]
        choice: dict[str, Any] = {"index": index, "text": text, "logprobs": self._logprobs(reply, *span)}
        choice |= {"finish_reason": finish, "matched_stop": matched(self._response, reply, finish)}
        if self._request.token_ids:
            choice["token_ids"] = reply.ids[slice(*span)]
            if span[0] == 0:
                choice["prompt_token_ids"] = list(self._response.prompt_of(index))
        return choice

    def _prompt(self, index: int) -> str:
        return self._response.tokenizer.decode(self._response.prompt_of(index))

    def _logprobs(self, reply: GeneratedReply, start: int, end: int) -> dict[str, Any] | None:
        """Return logprobs without text offsets, which SGLang does not report."""
        top = self._request.sampling.logprobs
        if top is None:
            return None
        columns = logprobs.of_completion(reply.ids[start:end], 0, top, self._response.tokenizer, by_id=False)
        order = ("text_offset", "token_logprobs", "tokens", "top_logprobs")
        return {name: columns[name] for name in order} | {"text_offset": [-1] * (end - start)}


def matched(response: ResponseContext, reply: GeneratedReply, finish: str | None) -> int | str | None:
    """Return what a reply stopped at: a text, or a token; the end token if it ended by itself."""
    if finish != "stop":
        return None
    return response.tokenizer.end if reply.stop_reason is None else reply.stop_reason
