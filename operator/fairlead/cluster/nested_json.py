"""Reads JSON however deep it nests: a user's field without a schema may hold more levels than Python's parser takes.

Without this, one such object ends every list and watch of its kind, and so the process, for all namespaces.
"""

import json
import re
from typing import Any, Final

MAX_LEVELS: Final = 200
"""What lies deeper is left out, in a document that cannot be read whole; no kind of Kubernetes needs half of it."""
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]')


def loads(text: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Parse JSON; of a document that nests too deeply, `null` stands for what lies below `MAX_LEVELS`."""
    try:
        return json.loads(text)
    except RecursionError:
        return json.loads(_cut(text))


def _cut(text: bytes) -> bytes:
    """Replace what nests too deeply; a document that does not end stays one that cannot be parsed."""
    kept, depth, at = [], 0, 0
    for token in _TOKEN.finditer(text):
        if token[0] in b"[{":
            if depth == MAX_LEVELS:
                kept.append(text[at : token.start()] + b"null")
            depth += 1
        elif token[0] in b"]}":
            depth -= 1
            if depth == MAX_LEVELS:
                at = token.end()
    return b"".join((*kept, text[at:])) if depth <= MAX_LEVELS else b""
