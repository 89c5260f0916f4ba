"""Reads an answer from the bytes of a whole reply."""

from typing import Final

from fairlead.routing.answers.answer import Answer, AnswerChoice, ToolCall
from fairlead.routing.answers.reply_shapes import (
    REPLY,
    Choice,
    LogProbabilities,
    OutputItem,
    Reply,
    ReplyMessage,
    ReplyPart,
)

MAX_BYTES: Final = 2**21
"""Largest reply that is read; a larger one is returned unchecked."""


def answer_in(body: bytes) -> Answer | None:
    """Return the model's answer; None if the bytes are no reply of a known API, or too many."""
    if len(body) > MAX_BYTES:
        return None
    try:
        reply = REPLY.decode(body)
    except (ValueError, RecursionError):
        return None
    return answer_of(reply)


def answer_of(reply: Reply) -> Answer | None:
    """Return the answer in a decoded reply."""
    if reply.choices is not None:
        return tuple(_choice(one) for one in reply.choices) or None
    if reply.output is not None:
        return (_items(reply.output, cut=reply.status == "incomplete"),)
    if reply.content is not None:
        return (_parts(reply.content, cut=reply.stop_reason == "max_tokens"),)
    return None


def mean(probabilities: list[float]) -> float | None:
    """Return the mean; None for an empty list."""
    return sum(probabilities) / len(probabilities) if probabilities else None


def _choice(choice: Choice) -> AnswerChoice:
    message = choice.message or ReplyMessage(content=choice.text)
    content = message.content
    return AnswerChoice(
        text=content if isinstance(content, str) else "".join(one.text or "" for one in content or ()),
        calls=tuple(
            ToolCall(name=one.function.name or "", arguments=one.function.arguments or "")
            for one in message.tool_calls or ()
            if one.function is not None
        ),
        refusal=message.refusal or "",
        cut=choice.finish_reason == "length",
        probability=mean(choice.logprobs.each()) if choice.logprobs is not None else None,
    )


def _items(items: list[OutputItem], *, cut: bool) -> AnswerChoice:
    """Read items of the responses API."""
    parts = [part for item in items if item.type == "message" for part in item.content or ()]
    spoken = _parts(parts, cut=cut)
    calls = tuple(
        ToolCall(name=item.name or "", arguments=item.arguments or "") for item in items if item.type == "function_call"
    )
    return AnswerChoice(text=spoken.text, calls=calls, refusal=spoken.refusal, cut=cut, probability=spoken.probability)


def _parts(parts: list[ReplyPart], *, cut: bool) -> AnswerChoice:
    """Read parts of the messages API, or of messages among a response's items."""
    logs = [one for part in parts for one in part.logprobs or ()]
    return AnswerChoice(
        text="".join(part.text or "" for part in parts if part.type in ("text", "output_text")),
        calls=tuple(
            ToolCall(name=part.name or "", arguments=bytes(part.input).decode())
            for part in parts
            if part.type == "tool_use"
        ),
        refusal="".join(part.refusal or "" for part in parts),
        cut=cut,
        probability=mean(LogProbabilities(content=logs).each()),
    )
