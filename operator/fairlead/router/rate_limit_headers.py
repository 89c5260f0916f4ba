"""What remains of a tenant's rates in OpenAI's headers: the limit, the remainder, and when it is full again."""

from math import ceil

from fairlead.routing.rates import Permit, RateRemainder


def lines(permit: Permit) -> bytes:
    """Header lines of the configured rates."""
    fields = [*_fields("requests", permit.requests), *_fields("tokens", permit.tokens)]
    return "".join(f"x-ratelimit-{name}: {value}\r\n" for name, value in fields).encode()


def _fields(what: str, left: RateRemainder | None) -> list[tuple[str, str]]:
    if left is None:
        return []
    return [
        (f"limit-{what}", str(left.limit)),
        (f"remaining-{what}", str(left.remaining)),
        (f"reset-{what}", _span(left.full_in_seconds)),
    ]


def _span(seconds: float) -> str:
    """A duration as OpenAI writes it: 120ms, 15s, 6m0s."""
    if seconds < 1:
        return f"{ceil(seconds * 1000)}ms"
    whole = ceil(seconds)
    return f"{whole}s" if whole < 60 else f"{whole // 60}m{whole % 60}s"
