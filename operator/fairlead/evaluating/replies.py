"""Reads replies to items, whatever they contain."""

import re
from dataclasses import dataclass
from typing import Final

from fairlead.documents import json_document
from fairlead.routing.answers import reply_reader
from fairlead.routing.answers.answer import ToolCall

_OPEN, _CLOSE = "<think>", "</think>"
_TOKENS: Final = re.compile(rb'"completion_tokens"\s*:\s*(\d{1,9})')


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReply:
    """One reply; if it has an error, there is no answer."""

    text: str = ""
    """The text without reasoning."""
    calls: tuple[ToolCall, ...] = ()
    cut: bool = False
    tokens: int | None = None
    error: str = ""
    unreachable: bool = False
    """There was no reply at all, which says nothing about the model."""


def read(body: bytes) -> ItemReply:
    """Read the first choice of a complete reply."""
    answer = reply_reader.answer_in(body)
    if answer is None:
        return ItemReply(error="the reply is not a chat completion")
    counted = _TOKENS.search(body)
    return ItemReply(
        text=without_reasoning(answer[0].text),
        calls=answer[0].calls,
        cut=answer[0].cut,
        tokens=int(counted[1]) if counted else None,
    )


def model_name(page: str) -> str | None:
    """The first model that an engine lists, which is its base model."""
    try:
        return str(json_document.read(page)["data"][0]["id"])
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def without_reasoning(text: str) -> str:
    """Remove the reasoning, which is no answer; reasoning without an end leaves nothing after it."""
    _, closed, rest = text.rpartition(_CLOSE)
    if closed:
        return rest.strip()
    return text.partition(_OPEN)[0].strip()
