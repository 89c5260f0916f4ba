"""The answer of a tenant's rates for one request: whether it may be sent, and what is left."""

from msgspec import Struct

from fairlead.routing.reasons import RefusalReason


class RateRemainder(Struct, kw_only=True, frozen=True, gc=False):
    """What remains of one rate of a tenant."""

    limit: int
    """Limit per minute, over all routers."""
    remaining: int
    full_in_seconds: float
    """Seconds until `remaining` reaches the limit, if no more requests come."""


class Permit(Struct, kw_only=True, frozen=True, gc=False):
    """The answer for one request; an accepted request is charged already."""

    seconds: float = 0.0
    """Seconds until the same request may be accepted."""
    refused: RefusalReason | None = None
    requests: RateRemainder | None = None
    tokens: RateRemainder | None = None
    away: bool = False
    """Whether another router granted it: unused charges are refunded there."""
