"""Which API a path belongs to: the shape of its bodies and its events."""

from enum import StrEnum, auto
from typing import Final


class Surface(StrEnum):
    """One API of an engine."""

    CHAT = auto()
    COMPLETIONS = auto()
    RESPONSES = auto()
    MESSAGES = auto()
    EMBEDDINGS = auto()
    TOKENIZE = auto()
    TEXTS = auto()
    """Documents to rank, score or classify, each a prompt of its own, and texts and tokens to count: no limit of one
    prompt applies."""
    OTHER = auto()
    """Passed on; the router reads only its model, and takes the whole for one prompt."""


PATHS: Final = {
    b"/v1/chat/completions": Surface.CHAT,
    b"/v1/completions": Surface.COMPLETIONS,
    b"/v1/responses": Surface.RESPONSES,
    b"/v1/messages": Surface.MESSAGES,
    b"/v1/embeddings": Surface.EMBEDDINGS,
    b"/tokenize": Surface.TOKENIZE,
    b"/v1/rerank": Surface.TEXTS,
    b"/v1/score": Surface.TEXTS,
    b"/v1/classify": Surface.TEXTS,
    b"/v1/messages/count_tokens": Surface.TEXTS,
    b"/detokenize": Surface.TEXTS,
    b"/v1/detokenize": Surface.TEXTS,
}
"""Paths of our own address (docs/router.md), by which clients are served whichever engine answers."""
COUNTING: Final = frozenset(
    (*(b"/tokenize", b"/v1/tokenize", b"/v1/messages/count_tokens"), *(b"/detokenize", b"/v1/detokenize"))
)
"""Paths on which an engine's tokenizer works, and no model."""
MAX_OUTPUT: Final = {
    Surface.CHAT: "max_tokens",
    Surface.COMPLETIONS: "max_tokens",
    Surface.MESSAGES: "max_tokens",
    Surface.RESPONSES: "max_output_tokens",
}
"""Surfaces on which a model generates text, and each one's name for the output token limit."""
STREAM_USAGE: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS})
"""Surfaces whose streams contain usage only if requested. The router requests it where a tenant's tokens or costs are
limited, and removes it again, along with the engine's `system_fingerprint`, which is then in the same event. Other
streams pass unchanged; each event counts as a token."""


ANTHROPIC: Final = b"/v1/messages"
"""The start of Anthropic's API, which has another shape for errors."""


def shape(path: bytes) -> Surface:
    """Return the API whose error shape is used on this path, known or not."""
    return Surface.MESSAGES if path == ANTHROPIC or path.startswith(ANTHROPIC + b"/") else of(path)


def of(path: bytes) -> Surface:
    """Return the surface of a path without its query."""
    return PATHS.get(path, Surface.OTHER)
