"""Regular expressions in time that grows only with the text: no backtracking, so nothing can hang a router.

The engine is Rust's, through the library that checks JSON schemas. It has neither look-around nor back references.
"""

import functools
import importlib
import re
from collections.abc import Callable
from math import prod
from types import ModuleType
from typing import Final

MAX_CHARACTERS: Final = 512
SIZE_LIMIT: Final = 2**20
"""Bytes that a compiled pattern may take: bounds nested counted repetitions."""
_COUNTS: Final = re.compile(r"[{,]([0-9]+)\}")
Pattern = Callable[[str], bool]


@functools.cache
def library() -> ModuleType:
    """Return the library, loaded on first use: it takes 6 MiB, which a router without patterns and schemas saves."""
    return importlib.import_module("jsonschema_rs")


def options() -> object:
    """Return how patterns are matched, in schemas too."""
    return library().RegexOptions(size_limit=SIZE_LIMIT, dfa_size_limit=SIZE_LIMIT)


def compiled(pattern: str) -> Pattern | str:
    """Return a pattern to search texts with, or why it is refused."""
    if len(pattern) > MAX_CHARACTERS:
        return f"the pattern has {len(pattern)} characters, at most {MAX_CHARACTERS} are accepted; shorten it"
    schema = {"type": "string", "pattern": pattern}
    try:
        found: Pattern = library().Draft202012Validator(schema, offline=True, pattern_options=options()).is_valid
    except ValueError:
        return (
            f"the pattern {pattern[:60]!r} is not accepted: it is not a regular expression, or has lookarounds, "
            "backreferences or nested repetitions; write it without these"
        )
    return functools.partial(_matches, found)


def _matches(found: Pattern, text: str) -> bool:
    """Search a text; one that is not valid Unicode matches nothing."""
    try:
        return found(text)
    except ValueError:
        return False


def size(pattern: str) -> int:
    """Estimate the bytes of a compiled pattern by its length and its counted repetitions."""
    counts = [int(one[:4]) for one in _COUNTS.findall(pattern)]
    repeated = prod(counts) if "){" in pattern else sum(counts)
    return int(min(2 * SIZE_LIMIT, 512 * (len(pattern) + repeated)))
