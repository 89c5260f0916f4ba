"""What stands in every piece of one answer: its id, its model, its counts; and how texts and counts are written.

Pieces of streams are put together from prepared bytes: `json.dumps` for each token would cost more than all the rest.
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
    """One request's answer, before its first token."""

    asked: GenerationRequest
    prompts: Sequence[Sequence[int]]
    replies: Sequence[GeneratedReply]
    """For each prompt its `n` choices, one prompt after the other."""
    answer_id: str
    created: int
    model: str
    words: Tokenizer
    fingerprint: str
    details: bool = False
    """`--enable-prompt-tokens-details`."""
    reasoning: bool = False
    """A reasoning parser is set: usage has its tokens, of which there are none."""
    parsed: bool = False
    """A parser of tools or of reasoning reads the reply: tokens without text make no chunk."""
    timed: bool = False
    """`--enable-per-request-metrics`."""

    def prompt_of(self, index: int) -> Sequence[int]:
        """The prompt that a choice answers."""
        return self.prompts[index // self.asked.sampling.n]

    @property
    def prompt_tokens(self) -> int:
        """Of all prompts; each counts once, however many choices it has."""
        return sum(map(len, self.prompts))


class ResponseWriter(Protocol):
    """How one endpoint writes an answer. `outs` are the tokens that are out, by choice."""

    def whole(self, outs: Sequence[int], finishes: Sequence[str], feed: JobHandle) -> dict[str, Any]:
        """All of it in one piece."""


class StreamingResponseWriter(ResponseWriter, Protocol):
    """And how it writes it as a stream."""

    def opening(self) -> bytes:
        """Before the first token."""

    def piece(self, index: int, start: int, end: int, finish: str | None) -> bytes:
        """The tokens from `start` to `end` of one choice; with the last of them its finish. May be nothing."""

    def closing(self, outs: Sequence[int], feed: JobHandle) -> bytes:
        """After the last token of all."""

    def broken(self, no: ErrorResponse) -> bytes:
        """Instead of the rest."""


def json_string(text: str) -> bytes:
    """A JSON string, as vLLM writes it: nothing beyond ASCII is escaped."""
    return encode_basestring(text).encode(errors="replace")


def compact_json(told: object) -> bytes:
    """JSON without spaces, as vLLM's answers are."""
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def stream_event(told: object) -> bytes:
    """One piece of a stream."""
    return b"data: " + compact_json(told) + b"\n\n"


def text_delta(reply: GeneratedReply, start: int, end: int) -> str:
    """The text that those tokens add for the client."""
    first = reply.ends[start - 1] if start else 0
    return reply.text[first : reply.ends[end - 1] if end else 0]


def arguments_delta(reply: GeneratedReply, start: int, end: int) -> str:
    """What those tokens add to the arguments of the call that the reply is."""
    if reply.call is None:
        return ""
    opened = len(reply.call.opening)
    before = reply.ends[start - 1] if start else 0
    after = reply.ends[end - 1] if end else 0
    return reply.call.arguments[max(0, before - opened) : max(0, after - opened)]


def text_until(reply: GeneratedReply, out: int) -> str:
    """The text after so many tokens; all of it when they all are out."""
    return reply.text if out >= len(reply.ids) else text_delta(reply, 0, out)


def usage(prompt_tokens: int, tokens: int) -> dict[str, Any]:
    """The three counts, in vLLM's order."""
    return {"prompt_tokens": prompt_tokens, "total_tokens": prompt_tokens + tokens, "completion_tokens": tokens}


def metrics(answer: ResponseContext, tokens: int, times: SequenceTimes | None) -> dict[str, Any] | None:
    """Of one sequence only; what vLLM calls the time to the first token counts from its scheduling, not its arrival."""
    if not answer.timed or len(answer.replies) > 1 or times is None:
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


def without_nulls(told: dict[str, Any]) -> dict[str, Any]:
    """Without what is null, as the last chunk of a stream is written."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in told.items()
        if value is not None
    }
