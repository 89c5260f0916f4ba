"""Which API a path belongs to: what its bodies and its events look like."""

from enum import Enum, auto
from typing import Final


class Surface(Enum):
    """One way of asking an engine."""

    CHAT = auto()
    COMPLETIONS = auto()
    RESPONSES = auto()
    MESSAGES = auto()
    EMBEDDINGS = auto()
    TOKENIZE = auto()
    OTHER = auto()
    """Passed on; only its model is looked at."""


PATHS: Final = {
    b"/v1/chat/completions": Surface.CHAT,
    b"/v1/completions": Surface.COMPLETIONS,
    b"/v1/responses": Surface.RESPONSES,
    b"/v1/messages": Surface.MESSAGES,
    b"/v1/embeddings": Surface.EMBEDDINGS,
    b"/tokenize": Surface.TOKENIZE,
}


ANTHROPIC: Final = b"/v1/messages"
"""Where its API begins; it has another shape for errors."""


def shape(path: bytes) -> Surface:
    """Whose errors are written on this path, known or not."""
    return Surface.MESSAGES if path == ANTHROPIC or path.startswith(ANTHROPIC + b"/") else of(path)


def of(path: bytes) -> Surface:
    """`path` without its query."""
    return PATHS.get(path, Surface.OTHER)
