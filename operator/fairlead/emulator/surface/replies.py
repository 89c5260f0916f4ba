"""The reply of each sequence: tokens, text and finish reason, known before the first token is emitted.

The same prompt, seed and adapter give the same reply, whether it is streamed, stopped or cut.
"""

import struct
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from fairlead.documents import json_document
from fairlead.emulator.surface import errors, tools
from fairlead.emulator.surface.generation_requests import SamplingParams
from fairlead.emulator.surface.structured_outputs import OutputForm, StructuredOutput
from fairlead.emulator.surface.tools import ToolCall
from fairlead.emulator.text import grammars, patterns, prose, schema_instances
from fairlead.emulator.text.draws import SeededDraws
from fairlead.emulator.text.tokenizer import Tokenizer

_JSON_FORMS: Final = (OutputForm.OBJECT, OutputForm.SCHEMA, OutputForm.CALL)
_ANY_OBJECT: Final = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "count": {"type": "integer"}, "sure": {"type": "boolean"}},
    "required": ["answer"],
}
"""The schema for JSON mode without a schema."""


@dataclass(slots=True, kw_only=True)
class GeneratedReply:
    """The reply of one sequence."""

    ids: list[int]
    text: str
    """The whole text that the client gets."""
    ends: list[int]
    """For each token, how many characters of the text a stream has sent after it."""
    finish: str
    stop_reason: int | str | None = None
    call: ToolCall | None = None

    @property
    def called(self) -> bool:
        """Whether the reply contains the whole tool call."""
        return self.call is not None and len(self.text) >= len(self.call.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyGenerator:
    """Generates replies in place of a model."""

    tokenizer: Tokenizer
    mean_tokens: float | None = None
    invalid_rate: float = 0.0
    seed: int = 0
    """Another seed gives other replies to the same prompts; 0 leaves the seeds of prompts as they are."""

    def reply(self, sampling: SamplingParams, structured: StructuredOutput | None, seed: bytes) -> GeneratedReply:
        """Generate one whole reply."""
        called: ToolCall | None = None
        if self.seed:
            seed = blake2b(seed, key=str(self.seed).encode(), digest_size=16).digest()
        if structured is None:
            ids, finish = self._free(sampling, seed)
        else:
            text, called = self._bound(structured, seed)
            ids = [*self.tokenizer.encode(text), self.tokenizer.end]
            finish = "stop" if len(ids) <= sampling.max_tokens else "length"
            del ids[sampling.max_tokens :]
        text, ends = self.tokenizer.decode_with_ends(ids)
        reply = GeneratedReply(ids=ids, text=text, ends=ends, finish=finish, call=called)
        if sampling.stop_token_ids:
            _stop_at_token(reply, sampling)
        if sampling.stop:
            _stop_at_text(reply, sampling)
        return reply

    def _free(self, sampling: SamplingParams, seed: bytes) -> tuple[list[int], str]:
        """Return prose up to its drawn length or to `max_tokens`, with the finish reason."""
        length = max(prose.natural_length(seed, self.mean_tokens), sampling.min_tokens + 1)
        if sampling.ignore_eos or length > sampling.max_tokens:
            return prose.tokens(self.tokenizer, seed, sampling.max_tokens), "length"
        return [*prose.tokens(self.tokenizer, seed, length - 1), self.tokenizer.end], "stop"

    def _bound(self, structured: StructuredOutput, seed: bytes) -> tuple[str, ToolCall | None]:
        text = _fitting(structured, seed) or self.tokenizer.decode(prose.tokens(self.tokenizer, seed, 16))
        if structured.form in _JSON_FORMS and SeededDraws(seed + b"valid").share() < self.invalid_rate:
            text = _broken(text)
        if structured.form is OutputForm.CALL:
            called = tools.call(structured.function, text)
            return called.text, called
        return text, None


def seed_of(prompt: Sequence[int], sampling: SamplingParams, place: int, adapter: str | None) -> bytes:
    """Derive a seed from all that a reply depends on; `place` is the index among the choices of one prompt."""
    whole = blake2b(struct.pack(f"<{len(prompt)}I", *prompt), digest_size=16)
    whole.update(f"{sampling.seed}/{place}/{adapter or ''}".encode())
    return whole.digest()


def _fitting(structured: StructuredOutput, seed: bytes) -> str | None:
    """Return a text that fits the structured output; None if none can be made; an error if it is invalid."""
    try:
        match structured.form:
            case OutputForm.OBJECT:
                return schema_instances.answer(_ANY_OBJECT, seed)
            case OutputForm.SCHEMA | OutputForm.CALL:
                wanted = structured.what
                schema = json_document.read(wanted, as_python=True) if isinstance(wanted, str) else wanted
                return schema_instances.answer(schema, seed)
            case OutputForm.CHOICE:
                return str(structured.what[SeededDraws(seed).below(len(structured.what))])
            case OutputForm.PATTERN:
                return patterns.example(str(structured.what), SeededDraws(seed))
            case OutputForm.GRAMMAR:
                return grammars.example(str(structured.what), SeededDraws(seed))
    except patterns.UnsupportedPattern:
        return None
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, RecursionError) as problem:
        raise errors.bad_request(f"Grammar error: {problem}") from None


def _broken(text: str) -> str:
    """Make JSON invalid: cut off the last third, or add an opening brace."""
    return text[: len(text) * 2 // 3] if text[:1] in ("{", "[") else "{" + text


def _stop_at_token(reply: GeneratedReply, sampling: SamplingParams) -> None:
    """Cut after the first stop token; it counts, and its text is shown only with `include_stop_str_in_output`."""
    for place in range(max(sampling.min_tokens - 1, 0), len(reply.ids)):
        if reply.ids[place] in sampling.stop_token_ids:
            shown = reply.ends[place if sampling.include_stop else place - 1] if place or sampling.include_stop else 0
            _cut(reply, place, shown, reply.ids[place])
            return


def _stop_at_text(reply: GeneratedReply, sampling: SamplingParams) -> None:
    """Cut where the first stop string is complete. Until then a stream holds back text that may become one."""
    shown_at_least = reply.ends[min(sampling.min_tokens, len(reply.ends)) - 1] if sampling.min_tokens else 0
    found: list[tuple[int, str]] = []
    for stop in sampling.stop:
        at = reply.text.find(stop, max(0, shown_at_least - len(stop) + 1))
        if at >= 0:
            found.append((at + len(stop), stop))
    if found:
        end, stop = min(found, key=lambda one: one[0])
        shown = end if sampling.include_stop else end - len(stop)
        _cut(reply, bisect_left(reply.ends, end), shown, stop)
    held = 0 if sampling.include_stop else max(map(len, sampling.stop)) - 1
    last = len(reply.text)
    reply.ends = [min(max(0, end - held), last) for end in reply.ends]
    reply.ends[-1] = last


def _cut(reply: GeneratedReply, place: int, shown: int, why: int | str) -> None:
    del reply.ids[place + 1 :], reply.ends[place + 1 :]
    reply.text = reply.text[:shown]
    reply.ends = [min(end, shown) for end in reply.ends]
    reply.finish, reply.stop_reason = "stop", why
