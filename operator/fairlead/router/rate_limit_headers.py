"""What remains of a tenant's rates in OpenAI's headers: the limit, the remainder, and when it is full again."""

from math import ceil
from typing import Final

from fairlead.routing.rate_permits import Permit, RateRemainder

_REQUESTS: Final = (
    b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\nx-ratelimit-reset-requests: %b\r\n"
)
_TOKENS: Final = _REQUESTS.replace(b"-requests:", b"-tokens:")
"""Whole lines: formatting them field by field took a twentieth of a short request (bench/router_cpu)."""


def lines(permit: Permit) -> bytes:
    """Format header lines for the configured rates."""
    return _lines(_REQUESTS, permit.requests) + _lines(_TOKENS, permit.tokens)


def _lines(form: bytes, remainder: RateRemainder | None) -> bytes:
    return b"" if remainder is None else form % (remainder.limit, remainder.remaining, _span(remainder.full_in_seconds))


def _span(seconds: float) -> bytes:
    """Format a duration as OpenAI does: 120ms, 15s, 6m0s."""
    if seconds < 1:
        return b"%dms" % ceil(seconds * 1000)
    whole = ceil(seconds)
    return b"%ds" % whole if whole < 60 else b"%dm%ds" % divmod(whole, 60)
