"""A refusal, and the tokens that a reply used. The router maps them to HTTP."""

from msgspec import Struct

from fairlead.routing.reasons import RefusalReason


class Refusal(Struct, kw_only=True, frozen=True, gc=False):
    """A refusal that the client can act on."""

    reason: RefusalReason
    message: str
    """Field, value, why, and what to do."""
    retry_after_seconds: float | None = None
    """Seconds after which a retry helps; None if the same request would be refused again."""
    param: str | None = None
    """The field of the request that is at fault."""


class TokenUsage(Struct, kw_only=True, frozen=True, gc=False):
    """Tokens, as the engine counted them."""

    prompt_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    """Prompt tokens found in the engine's cache; None if the engine does not report them."""
