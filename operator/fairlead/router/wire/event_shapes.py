"""Typed parts of each API's events and whole responses: tokens, endings and errors; the rest is skipped."""

from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from fairlead.router.wire.surfaces import Surface

NONE: Raw = Raw(b"")


class PromptTokensDetails(Struct, gc=False):
    """Details of prompt tokens."""

    cached_tokens: Any = None


class UsageFields(Struct, gc=False):
    """Usage under the names of OpenAI, its Responses API, and Anthropic."""

    prompt_tokens: Any = None
    completion_tokens: Any = None
    input_tokens: Any = None
    output_tokens: Any = None
    prompt_tokens_details: PromptTokensDetails | None = None
    input_tokens_details: PromptTokensDetails | None = None
    cache_read_input_tokens: Any = None


class MessageDelta(Struct, gc=False):
    """A piece of a chat message; anything in it is a generated token."""

    content: Any = None
    reasoning: Any = None
    reasoning_content: Any = None
    refusal: Any = None
    tool_calls: Any = None
    function_call: Any = None
    audio: Any = None


class EventChoice(Struct, gc=False):
    """A choice of chat or completions."""

    delta: MessageDelta | None = None
    finish_reason: str | None = None
    text: Any = None


class EventResponse(Struct, gc=False):
    """The response in a Responses event, or the message that begins an Anthropic stream."""

    usage: UsageFields | None = None
    status: str | None = None


class ReplyEvent(Struct, gc=False):
    """One event of a stream, or one whole response."""

    type: str = ""
    choices: list[EventChoice] = []
    usage: UsageFields | None = None
    error: Raw = NONE
    response: Raw = NONE
    message: Raw = NONE
    """The message, if one begins; in an error event only text."""
    delta: Raw = NONE
    status: Any = None
    stop_reason: Any = None

    @property
    def fails(self) -> bool:
        """Whether it reports an error."""
        return self.type in FAILURES or (bool(self.error) and bytes(self.error) != b"null")


class MessageStop(Struct, gc=False):
    """The content of Anthropic's `message_delta`."""

    stop_reason: str | None = None


FAILURES: Final = frozenset({"error", "response.failed"})
INNER: Final = msgspec.json.Decoder(EventResponse)
STOP: Final = msgspec.json.Decoder(MessageStop)
EVENT: Final = msgspec.json.Decoder(ReplyEvent)
STREAMS_DELTAS: Final = {Surface.RESPONSES: b".delta\ndata: ", Surface.MESSAGES: b"content_block_delta\ndata: "}
"""Bytes between an event's name and its data. They contain a raw line break, which a model's text cannot."""


def event(data: bytes) -> ReplyEvent | None:
    """Parse the event; None for data of another shape."""
    try:
        return EVENT.decode(data)
    except (ValueError, RecursionError):
        return None


def inner(reply_event: ReplyEvent) -> EventResponse | None:
    """Parse the response or message that an event carries."""
    raw = reply_event.response or reply_event.message
    try:
        return INNER.decode(raw) if raw else None
    except (ValueError, RecursionError):
        return None


def stop_reason(reply_event: ReplyEvent) -> str | None:
    """Return why a message ended."""
    try:
        return STOP.decode(reply_event.delta).stop_reason
    except (ValueError, RecursionError):
        return None


def tokens(value: object) -> int | None:
    """Return the value if it is a number of tokens."""
    return value if type(value) is int and 0 <= value < 2**62 else None
