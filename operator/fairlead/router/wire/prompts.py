"""A prompt's text in the order in which prefixes are compared: tools, then the system prompt, then turn by turn.

Chat templates use that order, so equal prefixes here are equal prefixes in an engine's cache. Images and audio are
represented by a digest, which distinguishes prompts without being text. Each function returns how many there are.
"""

from array import array
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import xxhash
from msgspec import Raw

from fairlead.router.wire.prompt_size import PromptSize
from fairlead.router.wire.request_bodies import (
    ChatBody,
    CompletionsBody,
    ContentPart,
    EmbeddingsBody,
    MessagesBody,
    PromptMessage,
    RequestBody,
    ResponsesBody,
    TokenizeBody,
)

TURN: Final = b"\x1e"
"""Separates turns and members: the record separator, which no chat template uses."""
ID_BYTES: Final = 4
"""Each token id of a prompt takes this many in its canonical text."""
SPEAKERS: Final = {role.decode(): role for role in (b"user", b"system", b"assistant")}
"""Roles of turns that have few other members; all of them are looked for in tools' turns and in Responses' items."""
TEXTS: Final = frozenset({"text", "input_text", "output_text"})
"""Types of parts that have nothing but text."""
RESULT_PARTS: Final = msgspec.json.Decoder(list[ContentPart])


def of_chat(body: ChatBody, pieces: list[bytes]) -> int:
    """Collect a chat's prompt."""
    _raw(body.tools, pieces)
    if body.documents:
        _raw(body.documents, pieces)
    return _turns(body.messages, pieces) + _template(body, pieces)


def of_completions(body: CompletionsBody, pieces: list[bytes]) -> int:
    """Collect prompts of completions, concatenated."""
    _any(body.prompt, pieces)
    return 0


def of_responses(body: ResponsesBody, pieces: list[bytes]) -> int:
    """Collect a prompt of the Responses API."""
    _raw(body.tools, pieces)
    if body.instructions:
        pieces.append(body.instructions.encode())
    _raw(body.previous_input_messages, pieces)
    if isinstance(body.input, str):
        _any(body.input, pieces)
        return _template(body, pieces)
    return _turns(body.input or (), pieces) + _template(body, pieces)


def of_messages(body: MessagesBody, pieces: list[bytes]) -> int:
    """Collect a prompt of Anthropic's messages."""
    _raw(body.tools, pieces)
    return _content(body.system, pieces) + _turns(body.messages, pieces) + _template(body, pieces)


def of_embeddings(body: EmbeddingsBody, pieces: list[bytes]) -> int:
    """Collect text, tokens, or a conversation."""
    _any(body.input, pieces)
    return _turns(body.messages, pieces) + _template(body, pieces)


def of_tokenize(body: TokenizeBody, pieces: list[bytes]) -> int:
    """Collect text or a conversation."""
    _any(body.prompt, pieces)
    return _turns(body.messages, pieces) + _template(body, pieces)


def _template(body: RequestBody, pieces: list[bytes]) -> int:
    """Collect what a chat template gets, last, since conversations go on before it; there is no image in it."""
    if body.chat_template_kwargs or body.chat_template:
        _raw(body.chat_template, pieces)
        _raw(body.chat_template_kwargs, pieces)
    return 0


def _turns(messages: Sequence[PromptMessage], pieces: list[bytes]) -> int:
    media = 0
    for message in messages:
        role = SPEAKERS.get(message.role)
        pieces.append(role or message.role.encode())
        content = message.content
        if type(content) is str:
            pieces.append(content.encode())
        elif content:
            media += _content(content, pieces)
        if (
            role is None
            or message.type
            or message.tool_calls
            or message.name
            or message.reasoning
            or message.reasoning_content
        ):
            media += _rest(message, pieces)
    return media


def _rest(message: PromptMessage, pieces: list[bytes]) -> int:
    """Collect members that only some turns have."""
    texts = (message.name, message.tool_call_id, message.reasoning, message.reasoning_content)
    pieces += [text.encode() for text in texts if text]
    pieces += [bytes(raw) for raw in (message.tools, message.summary, message.tool_calls, message.arguments) if raw]
    return _result(message.output, pieces)


def _content(content: str | list[ContentPart] | None, pieces: list[bytes]) -> int:
    if isinstance(content, str):
        pieces.append(content.encode())
        return 0
    media = 0
    for part in content or ():
        if part.text is not None and (part.type == "text" or part.type in TEXTS):
            pieces.append(part.text.encode())
        else:
            media += _part(part, pieces)
    return media


def _part(part: ContentPart, pieces: list[bytes]) -> int:
    _texts(part, pieces)
    inner = _result(part.content, pieces)
    _raw(part.input, pieces)
    return inner + _medium(part.media, pieces)


def _texts(part: ContentPart, pieces: list[bytes]) -> None:
    """Collect all that may be text, whatever the part's type."""
    texts = (part.text, part.thinking, part.refusal, part.name, part.tool_name)
    pieces += [text.encode() for text in texts if text]
    _raw(part.tool, pieces)


def _result(raw: Raw, pieces: list[bytes]) -> int:
    """Collect what a tool returned: a text as it is written, or parts, of which no further ones are read."""
    if not raw:
        return 0
    written = bytes(raw)
    if written.startswith(b"["):
        try:
            return _inner(RESULT_PARTS.decode(written), pieces)
        except msgspec.ValidationError:
            pass  # of another API: all of it counts
    pieces.append(written)
    return 0


def _inner(parts: list[ContentPart], pieces: list[bytes]) -> int:
    media = 0
    for part in parts:
        _texts(part, pieces)
        _raw(part.content, pieces)
        media += _medium(part.media, pieces)
    return media


def _medium(medium: Raw, pieces: list[bytes]) -> int:
    if not medium:
        return 0
    pieces.append(xxhash.xxh3_64_digest(bytes(medium)))
    return 1


def _raw(raw: Raw, pieces: list[bytes]) -> None:
    if raw:
        pieces.append(bytes(raw))


def _any(prompt: object, pieces: list[bytes]) -> None:
    """Collect text unchanged, a list of texts one by one, and tokens as their numbers, four bytes each."""
    if isinstance(prompt, str):
        pieces.append(prompt.encode())
    elif isinstance(prompt, list):
        try:
            pieces.append(array("I", prompt).tobytes())
        except (TypeError, OverflowError):
            for one in prompt:
                if type(one) is str or type(one) is list:
                    _any(one, pieces)


def ids(prompt: object) -> int:
    """Return how many token ids a prompt has, or a list of prompts."""
    if not isinstance(prompt, list):
        return 0
    if begins_with_id(prompt):
        return len(prompt)
    return sum(len(one) for one in prompt if isinstance(one, list))


def begins_with_id(prompt: list[Any]) -> bool:
    """Whether a list is one prompt's tokens; engines take 7.0 for 7."""
    return bool(prompt) and isinstance(prompt[0], (int, float))


def size(prompt: object) -> PromptSize:
    """Return the size of one of several prompts."""
    if isinstance(prompt, str):
        return PromptSize(text_bytes=len(prompt) if prompt.isascii() else len(prompt.encode()))
    return PromptSize(ids=len(prompt)) if isinstance(prompt, list) else PromptSize()
