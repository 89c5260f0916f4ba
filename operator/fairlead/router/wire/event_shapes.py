"""Typed parts of each API's events and whole responses: tokens, endings and errors; the rest is skipped."""

from typing import Any

from msgspec import Raw, Struct

from fairlead.routing.refusal import TokenUsage

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
    cache_creation_input_tokens: Any = None


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


class MessageStop(Struct, gc=False):
    """The content of Anthropic's `message_delta`."""

    stop_reason: str | None = None


class AnswerSummary(Struct, frozen=True, gc=False):
    """Usage and ending of a whole response."""

    usage: TokenUsage | None
    finish_reason: str | None
    error: bool
