"""Closed lists of words that labels and lines use, each with room for what nobody foresaw."""

from enum import StrEnum
from typing import Final

from fairlead.routing.reasons import RefusalReason

OTHER: Final = "other"
"""What is not on a list, or beyond a bound."""
SURFACES: Final = (
    "chat", "completions", "responses", "embeddings", "messages", "tokenize", "models", OTHER,
)  # fmt: skip
FINISHES: Final = frozenset((
    "stop", "length", "tool_calls", "content_filter", "abort", "error", "repetition",
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "completed", "incomplete",
))  # fmt: skip
"""OpenAI's, vLLM's own, Anthropic's, and the states of the Responses API."""
CUT_SHORT: Final = frozenset(("length", "max_tokens", "incomplete"))
"""Finish reasons of an answer that ran into the token limit: of a JSON document, no valid one."""
QUEUED_REFUSALS: Final = frozenset((RefusalReason.QUEUE_TIME.value, RefusalReason.NO_REPLICA.value))
"""Refusals that come after a wait; every other comes at once and says nothing of the queue."""


class RequestResult(StrEnum):
    """How a request ended, from the client's side."""

    ANSWERED = "answered"
    CACHED = "cached"
    """From the response cache, or together with another that asked the same."""
    REFUSED = "refused"
    """By the router, with a reason."""
    ENGINE_REFUSED = "engine_refused"
    """The engine's 4xx, passed on."""
    ENGINE_FAILED = "engine_failed"
    """The engine's 5xx, passed on."""
    CUT = "cut"
    CLIENT_LEFT = "client_left"


class AbortStage(StrEnum):
    """How far a request had come when its client left."""

    HEAD = "head"
    BODY = "body"
    QUEUED = "queued"
    FIRST_TOKEN = "first_token"
    STREAM = "stream"
