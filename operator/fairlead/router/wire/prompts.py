"""A prompt's text in the order in which prefixes are compared: tools, then the system prompt, then turn by turn.

Chat templates use that order, so equal prefixes here are equal prefixes in an engine's cache. Images and audio are
represented by a digest, which distinguishes prompts without being text.
"""

from collections.abc import Sequence
from typing import Final

import xxhash
from msgspec import Raw

from fairlead.router.wire.request_bodies import (
    ChatBody,
    CompletionsBody,
    ContentPart,
    EmbeddingsBody,
    MessagesBody,
    PromptMessage,
    ResponsesBody,
    TokenizeBody,
)

TURN: Final = b"\x1e"
"""Separates turns and members: the record separator, which no chat template uses."""


def of_chat(body: ChatBody, pieces: list[bytes]) -> None:
    """Collect a chat's prompt."""
    _raw(body.tools, pieces)
    _turns(body.messages, pieces)


def of_completions(body: CompletionsBody, pieces: list[bytes]) -> None:
    """Collect prompts of completions, concatenated."""
    _any(body.prompt, pieces)


def of_responses(body: ResponsesBody, pieces: list[bytes]) -> None:
    """Collect a prompt of the Responses API."""
    _raw(body.tools, pieces)
    if body.instructions:
        pieces.append(body.instructions.encode())
    if isinstance(body.input, str):
        _any(body.input, pieces)
    else:
        _turns(body.input or (), pieces)


def of_messages(body: MessagesBody, pieces: list[bytes]) -> None:
    """Collect a prompt of Anthropic's messages."""
    _raw(body.tools, pieces)
    _content(body.system, pieces)
    _turns(body.messages, pieces)


def of_embeddings(body: EmbeddingsBody, pieces: list[bytes]) -> None:
    """Collect text, tokens, or a conversation."""
    _any(body.input, pieces)
    _turns(body.messages, pieces)


def of_tokenize(body: TokenizeBody, pieces: list[bytes]) -> None:
    """Collect text or a conversation."""
    _any(body.prompt, pieces)
    _turns(body.messages, pieces)


def _turns(messages: Sequence[PromptMessage], pieces: list[bytes]) -> None:
    for message in messages:
        pieces.append(message.role.encode())
        content = message.content
        if type(content) is str:
            pieces.append(content.encode())
        elif content:
            _content(content, pieces)
        if message.tool_calls or message.arguments or message.output or message.reasoning:
            _rest(message, pieces)


def _rest(message: PromptMessage, pieces: list[bytes]) -> None:
    """Collect members that only some turns have."""
    if message.reasoning:
        pieces.append(message.reasoning.encode())
    for raw in (message.tool_calls, message.arguments, message.output):
        _raw(raw, pieces)


def _content(content: str | list[ContentPart] | None, pieces: list[bytes]) -> None:
    if isinstance(content, str):
        pieces.append(content.encode())
        return
    for part in content or ():
        if part.text is not None:
            pieces.append(part.text.encode())
        else:
            _part(part, pieces)


def _part(part: ContentPart, pieces: list[bytes]) -> None:
    if part.thinking:
        pieces.append(part.thinking.encode())
    _raw(part.content, pieces)
    _raw(part.input, pieces)
    if media := part.media:
        pieces.append(xxhash.xxh3_64_digest(bytes(media)))


def _raw(raw: Raw, pieces: list[bytes]) -> None:
    if raw:
        pieces.append(bytes(raw))


def _any(prompt: object, pieces: list[bytes]) -> None:
    """Collect text unchanged, a list of texts one by one, and tokens as their numbers, four bytes each."""
    if isinstance(prompt, str):
        pieces.append(prompt.encode())
    elif isinstance(prompt, list):
        try:
            pieces.append(b"".join([token.to_bytes(4, "little") for token in prompt]))
        except (AttributeError, OverflowError):
            for one in prompt:
                _any(one, pieces)
