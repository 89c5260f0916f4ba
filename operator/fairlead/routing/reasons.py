"""Why a request was sent where it was, waits, or is refused; the same words stand in errors, metrics and logs."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why this room says no. What HTTP makes of it is the router's business."""

    UNKNOWN_KEY = "unknown_key"
    """Tenants are named, and the request brings no key of any of them."""
    MODEL_NOT_ALLOWED = "model_not_allowed"
    MODEL_NOT_FOUND = "model_not_found"
    PROMPT_TOO_LONG = "prompt_too_long"
    OUTPUT_TOO_LONG = "output_too_long"
    CONTEXT_TOO_LONG = "context_too_long"
    TOKEN_RATE = "token_rate"
    REQUEST_RATE = "request_rate"
    QUEUE_FULL = "queue_full"
    QUEUE_TIME = "queue_time"
    """It waited as long as it may, with replicas there but busy."""
    NO_REPLICA = "no_replica_routable"
    """It was held as long as it may, or as many are held as may be, and no replica can be asked."""
    NO_ADAPTER = "adapter_not_loaded"
    NO_OTHER_REPLICA = "no_other_replica"
    """A retry was wanted, and every replica that could be asked was."""
    RETRY_BUDGET = "retry_budget_spent"
    DRAINING = "draining"


class PickReason(StrEnum):
    """What settled where a request goes."""

    ONLY_ONE = "only_one"
    PREFIX = "prefix"
    """It holds the longest part of the prompt within the load bound."""
    SHORTER_PREFIX = "shorter_prefix"
    """Who holds the longest part is over the load bound; this one holds some of it."""
    RENDEZVOUS = "rendezvous"
    """Nobody holds any of it: the place that all routers agree on for prompts that begin so."""
    LEAST_LOADED = "least_loaded"
    """The place they agree on is over the load bound, or the prompt is too short to be worth a place."""


class AttemptEnding(StrEnum):
    """How one attempt at a replica ended; each gives back what it took exactly once."""

    DONE = "done"
    CLIENT_LEFT = "client_left"
    REFUSED = "refused"
    """The engine's own 4xx: nobody is to blame but the request."""
    BUSY = "busy"
    """The engine is well and full."""
    LEAVING = "leaving"
    """It finishes what it has and takes nothing new."""
    NOT_CONNECTED = "not_connected"
    FAILED = "failed"
    """5xx, garbage, or an end before the answer began."""
    CUT = "cut"
    """An end in the middle of the answer."""
    SLOW = "slow"
    """One of the time-outs passed."""
    OUTRUN = "outrun"
    """The other one of a hedged pair answered first."""
