"""Closed lists of label values and log values, each with `other` or the like for unexpected ones."""

from enum import StrEnum
from typing import Final

from fairlead.routing.reasons import RefusalReason

OTHER: Final = "other"
"""Values that are not on a list, or exceed a bound."""
FINISHES: Final = frozenset((
    "stop", "length", "tool_calls", "content_filter", "abort", "error", "repetition",
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal", "completed", "incomplete",
))  # fmt: skip
"""Finish reasons of OpenAI, vLLM and Anthropic, and the states of the Responses API."""
CUT_SHORT: Final = frozenset(("length", "max_tokens", "incomplete"))
"""Finish reasons of a response that reached the token limit, which makes a JSON document invalid."""
QUEUED_REFUSALS: Final = frozenset(
    one.value
    for one in (
        RefusalReason.QUEUE_TIME,
        RefusalReason.TOO_LATE,
        RefusalReason.NO_REPLICA,
        RefusalReason.ROUTER_LEAVING,
    )
)
"""Refusals after a wait; every other one is immediate and says nothing about the queue."""


class Copied(StrEnum):
    """A request's role in a route's shadow."""

    NOT = ""
    ORIGINAL = "original"
    """A copy of it was sent."""
    COPY = "copy"
    """It is a copy, whose reply was discarded."""


class ReplyFailure(StrEnum):
    """Reasons of the router's own errors that are no refusals: an engine or the router failed the request."""

    UNREACHABLE = "replica_unreachable"
    TIMEOUT = "replica_timeout"
    HUNG = "replica_hung"
    CUT = "stream_cut"
    """The engine's response broke. The request counts as refused only if its client had no byte yet."""
    KEY_REFUSED = "external_key_refused"
    FAULT = "router_fault"


class HeldOutcome(StrEnum):
    """The outcome of an answer that was held and judged."""

    GIVEN = "given"
    ESCALATED = "escalated"
    RETRIED = "retried"
    OVER_BUDGET = "over_budget"
    """It did not pass, but the limit of escalations was reached; it was given."""
    NO_OTHER = "no_other"
    """It did not pass, but no other target had a replica; it was given."""
    TOO_LARGE = "too_large"
    """It was given before it was complete."""


class CopyResult(StrEnum):
    """The result of a request's copy for a route's shadow."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """Refused by the engine."""
    FAILED = "failed"
    LATE = "late"
    """Ended at the time when a client would have stopped waiting."""
    NO_ROOM = "no_room"
    """No copy was made: no replica had room, or the deployment could not have taken the request at all."""


class KeyReadingResult(StrEnum):
    """The result of reading the issuer's keys."""

    READ = "read"
    UNREACHABLE = "unreachable"
    """No connection, a certificate of another authority, or no answer in time."""
    REFUSED = "refused"
    """A status other than 200, including redirects."""
    UNUSABLE = "unusable"
    """Too large, not JSON, of another issuer, or without a signing key."""


class AbortStage(StrEnum):
    """The stage of a request when its client disconnected."""

    HEAD = "head"
    BODY = "body"
    QUEUED = "queued"
    FIRST_TOKEN = "first_token"
    STREAM = "stream"
