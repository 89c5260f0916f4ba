"""Why a request was sent where it was, waits, or is refused; errors, metrics and logs use the same words."""

from enum import StrEnum


class RefusalReason(StrEnum):
    """Why a request is refused. The router maps it to HTTP."""

    UNKNOWN_KEY = "unknown_key"
    """Tenants are configured, but the request has no key of any of them."""
    TOKEN_REFUSED = "token_refused"
    """A token not signed by a key of the issuer, from another issuer, for another audience, or not valid now."""
    UNKNOWN_TENANT = "unknown_tenant"
    """A valid token that names no tenant."""
    NO_ISSUER_KEYS = "issuer_keys_unread"
    """The issuer's keys, or the one that a token names, have not been read yet."""
    MODEL_NOT_ALLOWED = "model_not_allowed"
    MODEL_NOT_FOUND = "model_not_found"
    PROMPT_TOO_LONG = "prompt_too_long"
    OUTPUT_TOO_LONG = "output_too_long"
    CONTEXT_TOO_LONG = "context_too_long"
    TOKEN_RATE = "token_rate"
    REQUEST_RATE = "request_rate"
    BUDGET = "budget_spent"
    """The rest of its tenant's budget may not pay for it."""
    QUEUE_FULL = "queue_full"
    QUEUE_TIME = "queue_time"
    """It waited as long as it may, with replicas routable but busy."""
    TOO_LATE = "too_late"
    """No first token within the objective was possible any more, and late requests are refused."""
    NO_REPLICA = "no_replica_routable"
    """No replica is routable, and it was held as long as it may, or no more requests may be held."""
    ROUTER_LEAVING = "router_leaving"
    """Batch work that waited in a router that drains."""
    NO_ADAPTER = "adapter_not_loaded"
    NO_OTHER_REPLICA = "no_other_replica"
    """A retry was needed, but every candidate was tried."""
    RETRY_BUDGET = "retry_budget_spent"


class PickReason(StrEnum):
    """What decided the endpoint of a request."""

    ONLY_ONE = "only_one"
    PREFIX = "prefix"
    """The endpoint holds the longest prefix and is within the load bound."""
    SHORTER_PREFIX = "shorter_prefix"
    """The endpoint with the longest prefix is over the load bound; this one holds some of it."""
    RENDEZVOUS = "rendezvous"
    """No endpoint holds any of the prefix: it is the one that all routers agree on for it."""
    LEAST_LOADED = "least_loaded"
    """The agreed endpoint is over the load bound, or the prompt is too short to have one."""


class AttemptEnding(StrEnum):
    """How one attempt at a replica ended; each releases its charges exactly once."""

    DONE = "done"
    CLIENT_LEFT = "client_left"
    REFUSED = "refused"
    """The engine answered 4xx: the request is at fault, not the engine."""
    BUSY = "busy"
    """The engine is healthy and full."""
    LEAVING = "leaving"
    """The engine drains: it finishes its requests and accepts no new ones."""
    NOT_CONNECTED = "not_connected"
    FAILED = "failed"
    """5xx, an invalid response, or an end before the reply began."""
    CUT = "cut"
    """The response ended in the middle of the reply."""
    SLOW = "slow"
    """One of the time-outs expired."""
    OUTRUN = "outrun"
    """The other attempt of a hedged pair answered first."""
