"""The fields read from replies, whole or streamed, of all APIs: chat completions, completions, responses, messages."""

from math import exp

import msgspec
from msgspec import Raw, Struct


class LogProbability(Struct):
    """Log probability of one token."""

    logprob: float = 0.0


class LogProbabilities(Struct):
    """By token for chats, as a list for completions."""

    content: list[LogProbability] | None = None
    token_logprobs: list[float | None] | None = None

    def each(self) -> list[float]:
        """Return the tokens' probabilities."""
        if self.content is not None:
            return [exp(min(0.0, one.logprob)) for one in self.content]
        return [exp(min(0.0, one)) for one in self.token_logprobs or () if one is not None]


class Function(Struct):
    """The function that a call names; in streams a piece of it."""

    name: str | None = None
    arguments: str | None = None


class Call(Struct):
    """A tool call in a chat."""

    index: int = 0
    function: Function | None = None


class ReplyPart(Struct):
    """A part of a message's content, of the responses and messages APIs."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    name: str | None = None
    input: Raw = Raw()
    logprobs: list[LogProbability] | None = None


class ReplyMessage(Struct):
    """A chat's message, or its next piece in a stream."""

    content: str | list[ReplyPart] | None = None
    tool_calls: list[Call] | None = None
    refusal: str | None = None


class Choice(Struct):
    """One reply of chats and completions."""

    index: int = 0
    message: ReplyMessage | None = None
    delta: ReplyMessage | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: LogProbabilities | None = None


class OutputItem(Struct):
    """One item of the responses API."""

    type: str = ""
    content: list[ReplyPart] | None = None
    name: str | None = None
    arguments: str | None = None


class Reply(Struct):
    """A whole reply, or one event of a stream."""

    choices: list[Choice] | None = None
    output: list[OutputItem] | None = None
    content: list[ReplyPart] | None = None
    status: str | None = None
    stop_reason: str | None = None


class Delta(Struct):
    """A piece of a message of the messages API."""

    text: str | None = None
    partial_json: str | None = None
    stop_reason: str | None = None


class StreamedEvent(Struct):
    """One event of any stream."""

    type: str = ""
    choices: list[Choice] | None = None
    response: Reply | None = None
    index: int = 0
    content_block: ReplyPart | None = None
    delta: Delta | str | None = None


REPLY = msgspec.json.Decoder(Reply)
EVENT = msgspec.json.Decoder(StreamedEvent)
