"""The parts shared by all chunks of a response (id, model, usage), and functions that write texts and usage.

Chunks are joined from prepared bytes: `json.dumps` for each token would cost more than all the rest.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Final, Protocol

from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.generation_requests import GenerationRequest
from fairlead.emulator.surface.jobs import JobHandle, SequenceTimes
from fairlead.emulator.surface.replies import GeneratedReply
from fairlead.emulator.text.tokenizer import Tokenizer

DONE: Final = b"data: [DONE]\n\n"


@dataclass(slots=True, kw_only=True)
class ResponseContext:
    """One request's whole response, generated before its first token is emitted."""

    request: GenerationRequest
    prompts: Sequence[Sequence[int]]
    replies: Sequence[GeneratedReply]
    """The `n` choices of each prompt, in the order of the prompts."""
    answer_id: str
    created: int
    model: str
    """The model's name in the response."""
    adapter: str | None = None
    tokenizer: Tokenizer
    fingerprint: str
    details: bool = False
    """`--enable-prompt-tokens-details`."""
    reasoning: bool = False
    """Whether a reasoning parser is set: usage then reports 0 reasoning tokens."""
    parsed: bool = False
    """Whether a tool or reasoning parser is set: tokens without text then make no chunk."""
    timed: bool = False
    """`--enable-per-request-metrics`."""

    def prompt_of(self, index: int) -> Sequence[int]:
        """Return the prompt that a choice answers."""
        return self.prompts[index // self.request.sampling.n]

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all prompts; each prompt counts once, however many choices it has."""
        return sum(map(len, self.prompts))


class ResponseWriter(Protocol):
    """Writes one endpoint's response. `outs` are the emitted tokens of each choice."""

    def whole(self, outs: Sequence[int], finishes: Sequence[str], job: JobHandle) -> dict[str, Any]:
        """Return the whole response as one JSON object."""


class StreamingResponseWriter(ResponseWriter, Protocol):
    """Writes one endpoint's response, also as a stream."""

    def opening(self) -> bytes:
        """Return what is sent before the first token."""

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """Return the tokens from `start` to `end` of one choice, the last with its finish reason. May be empty."""

    def closing(self, outs: Sequence[int], job: JobHandle) -> bytes:
        """Return what is sent after the last token of all choices."""

    def broken(self, error: ErrorResponse) -> bytes:
        """Return what is sent when the rest fails."""


def json_string(text: str) -> bytes:
    """Return a JSON string as vLLM writes it, without escapes for non-ASCII characters."""
    return encode_basestring(text).encode(errors="replace")


def compact_json(value: object) -> bytes:
    """Return JSON without spaces, as in vLLM's responses."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def stream_event(value: object) -> bytes:
    """Return one server-sent event."""
    return b"data: " + compact_json(value) + b"\n\n"


def text_delta(reply: GeneratedReply, start: int, end: int) -> str:
    """Return a token range's text for the client."""
    first = reply.ends[start - 1] if start else 0
    return reply.text[first : reply.ends[end - 1] if end else 0]


def arguments_delta(reply: GeneratedReply, start: int, end: int) -> str:
    """Return a token range's part of a tool call's arguments."""
    if reply.call is None:
        return ""
    opened = len(reply.call.opening)
    before = reply.ends[start - 1] if start else 0
    after = reply.ends[end - 1] if end else 0
    return reply.call.arguments[max(0, before - opened) : max(0, after - opened)]


def text_until(reply: GeneratedReply, out: int) -> str:
    """Return the text after `out` tokens."""
    return reply.text if out >= len(reply.ids) else text_delta(reply, 0, out)


def usage(prompt_tokens: int, tokens: int) -> dict[str, Any]:
    """Return the three counts, in vLLM's order."""
    return {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens + tokens, "completion_tokens": tokens}


def metrics(response: ResponseContext, tokens: int, times: SequenceTimes | None) -> dict[str, Any] | None:
    """Return the metrics of a response with one sequence; vLLM's `time_to_first_token_ms` begins at scheduling."""
    if not response.timed or len(response.replies) > 1 or times is None:
        return None
    decoding = times.last_token - times.first_token
    inference = times.last_token - times.scheduled
    return {
        "time_to_first_token_ms": (times.first_token - times.scheduled) * 1000,
        "generation_time_ms": decoding * 1000,
        "queue_time_ms": (times.scheduled - times.queued) * 1000,
        "mean_itl_ms": decoding / (tokens - 1) * 1000 if tokens > 1 else None,
        "tokens_per_second": tokens / inference if inference > 0 else None,
        "speculative_decoding": None,
    }


def without_nulls(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the object without null fields, as in the last chunk of a stream."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in fields.items()
        if value is not None
    }
