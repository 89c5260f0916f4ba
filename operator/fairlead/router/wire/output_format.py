"""The kind of output format that a request wants: only its `type` says so, since a schema may hold any word."""

from typing import Any, Final

import msgspec
from msgspec import Struct

TEXT: Final = "text"
"""No format at all."""
JSON: Final = frozenset({"json_schema", "json_object"})


class _Format(Struct, gc=False):
    type: Any = None


class _Text(Struct, gc=False):
    format: _Format | None = None


_FORMAT: Final = msgspec.json.Decoder(_Format)
_TEXT: Final = msgspec.json.Decoder(_Text)


def of(value: bytes) -> str | None:
    """Return the type of `response_format`; None if it has none, and engines decide what it is."""
    try:
        return _name(_FORMAT.decode(value))
    except (ValueError, RecursionError):
        return None


def of_text(value: bytes) -> str | None:
    """Return the type that the `text` of the responses API wants; None if it has none."""
    try:
        return _name(_TEXT.decode(value).format)
    except (ValueError, RecursionError):
        return None


def _name(found: _Format | None) -> str | None:
    return found.type if found is not None and isinstance(found.type, str) else None
