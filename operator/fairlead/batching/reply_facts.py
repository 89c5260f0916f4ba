"""What a reply's body says: whether it is JSON, its error's code, and the tokens that it used."""

import re
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from fairlead.documents import typed_json

_CODE: Final = re.compile("[A-Za-z][A-Za-z0-9_.-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """Tokens as an engine counts them."""

    prompt: int = 0
    cached: int = 0
    """Of the prompt, from the KV cache."""
    output: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyFacts:
    """What was read of a body."""

    is_json: bool
    code: str = ""
    usage: TokenUsage = field(default_factory=TokenUsage)


class _Reply(msgspec.Struct, gc=False):
    error: Any = None
    usage: Any = None
    code: Any = None
    """Some servers write the error's members at the top."""
    type: Any = None


_reply: Final = typed_json.reader(_Reply)


def read(body: bytes) -> ReplyFacts:
    """Read a body; of one that is no JSON object only that."""
    try:
        body.decode()  # the decoder skips members that it does not need, and with them bytes that are no text
        found = _reply(body)
    except ValueError:
        return ReplyFacts(is_json=False)
    error = found.error if isinstance(found.error, dict) else {"code": found.code, "type": found.type}
    codes = (one for one in (error.get("code"), error.get("type")) if isinstance(one, str) and _CODE.fullmatch(one))
    return ReplyFacts(is_json=True, code=next(codes, ""), usage=_usage(found.usage))


def _usage(given: object) -> TokenUsage:
    """Read OpenAI's names, those of its responses, and Anthropic's, whose input is without what is cached."""
    if not isinstance(given, dict):
        return TokenUsage()
    details = given.get("prompt_tokens_details") or given.get("input_tokens_details")
    cached = _count(given.get("cache_read_input_tokens"))
    apart = cached + _count(given.get("cache_creation_input_tokens"))
    if isinstance(details, dict):
        cached, apart = _count(details.get("cached_tokens")), 0
    return TokenUsage(
        prompt=_count(given.get("prompt_tokens")) or _count(given.get("input_tokens")) + apart,
        cached=cached,
        output=_count(given.get("completion_tokens", given.get("output_tokens"))),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
