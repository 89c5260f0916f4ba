"""What this room says no with, and what an answer used. Light values; HTTP is the router's business."""

from fairlead.fleet.light_dataclass import light
from fairlead.routing.reasons import RefusalReason


@light
class Refusal:
    """A no that its reader can act on."""

    reason: RefusalReason
    message: str
    """Field, value, why, and what to do."""
    retry_after_seconds: float | None = None
    """When coming again helps; nothing where the same request is refused again."""
    param: str | None = None
    """The field of the request that is at fault."""


@light
class TokenUsage:
    """Tokens, as the engine counted them."""

    prompt_tokens: int
    output_tokens: int
    cached_tokens: int | None = None
    """Of the prompt, found in the engine's cache; nothing when the engine does not tell."""
