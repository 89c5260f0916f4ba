"""Closed lists of label values and log values, each with `other` or the like for unexpected ones."""

from enum import StrEnum
from typing import Final

from fairlead.routing.reasons import RefusalReason

OTHER: Final = "other"
"""Values that are not on a list, or beyond a bound."""
FINISHES: Final = frozenset((
    "stop", "length", "tool_calls", "content_filter", "abort", "error", "repetition",
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "completed", "incomplete",
))  # fmt: skip
"""Finish reasons of OpenAI, vLLM and Anthropic, and the states of the Responses API."""
CUT_SHORT: Final = frozenset(("length", "max_tokens", "incomplete"))
"""Finish reasons of a response that reached the token limit: a JSON document is then invalid."""
QUEUED_REFUSALS: Final = frozenset(
    (RefusalReason.QUEUE_TIME.value, RefusalReason.TOO_LATE.value, RefusalReason.NO_REPLICA.value)
)
"""Refusals after a wait; every other comes at once and says nothing about the queue."""


class HeldOutcome(StrEnum):
    """What became of an answer that was held and judged."""

    GIVEN = "given"
    ESCALATED = "escalated"
    RETRIED = "retried"
    OVER_BUDGET = "over_budget"
    """It did not pass, and as many as may had gone on; it was given."""
    NO_OTHER = "no_other"
    """It did not pass, and no other target had a replica; it was given."""
    TOO_LARGE = "too_large"
    """It was given before it was whole."""


class CopyResult(StrEnum):
    """What became of the copy of a request that a route's shadow wants."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """By the engine."""
    FAILED = "failed"
    LATE = "late"
    """It was ended when a client would not have waited any longer."""
    NO_ROOM = "no_room"
    """None was made: no replica had room, or the deployment could not have taken the request at all."""


class KeyReadingResult(StrEnum):
    """How a reading of the keys of tenants' issuer ended."""

    READ = "read"
    UNREACHABLE = "unreachable"
    """No connection, a certificate of another authority, or no answer in time."""
    REFUSED = "refused"
    """Another status than 200, redirects among them."""
    UNUSABLE = "unusable"
    """Too large, no JSON, of another issuer, or without a key that signs."""


class AbortStage(StrEnum):
    """The stage of a request when its client disconnected."""

    HEAD = "head"
    BODY = "body"
    QUEUED = "queued"
    FIRST_TOKEN = "first_token"
    STREAM = "stream"
