"""Whether a tenant's rates have room for one request, asked where they are kept, and what is left of them then.

Each tenant with rates has one router that keeps them whole, the same one for all who see the same routers; the others
ask it. So a limit means the same whichever router a client meets, and nobody is refused within it.
"""

from fairlead.fleet.light_dataclass import light
from fairlead.routing.accounts import Account
from fairlead.routing.rates import RateBucket
from fairlead.routing.reasons import RefusalReason


@light
class RateRemainder:
    """What a tenant may still use of one rate."""

    limit: int
    """A minute, over all routers."""
    remaining: int
    full_in_seconds: float
    """Until all of it may be used again, if nothing more comes."""


@light
class Permit:
    """The answer for one request; what it takes is taken."""

    seconds: float = 0.0
    """To wait before the same question may be answered otherwise."""
    refused: RefusalReason | None = None
    requests: RateRemainder | None = None
    tokens: RateRemainder | None = None
    away: bool = False
    """Another router gave it: what comes back of it goes there."""


def take(account: Account, cost: int, now: float) -> Permit:
    """Requests first; what they were charged goes back when the tokens do not suffice."""
    seconds, refused = 0.0, None
    if account.requests is not None and (seconds := account.requests.take(1, now)):
        refused = RefusalReason.REQUEST_RATE
    elif account.tokens is not None and (seconds := account.tokens.take(cost, now)):
        refused = RefusalReason.TOKEN_RATE
        give_back(account, 1, 0)
    return Permit(
        seconds=seconds,
        refused=refused,
        requests=_left(account.requests, account.tenant.requests_per_minute, now),
        tokens=_left(account.tokens, account.tenant.tokens_per_minute, now),
    )


def give_back(account: Account, requests: int, tokens: int) -> None:
    """What was taken and not used; negative tokens are those used beyond."""
    if account.requests is not None and requests:
        account.requests.give_back(requests)
    if account.tokens is not None and tokens:
        account.tokens.give_back(tokens)


def _left(bucket: RateBucket | None, limit: int | None, now: float) -> RateRemainder | None:
    if bucket is None or limit is None:
        return None
    level = min(bucket.per_minute, bucket.level + (now - bucket.at) * bucket.per_minute / 60.0)
    missing = (bucket.per_minute - level) * 60.0 / bucket.per_minute
    return RateRemainder(limit=limit, remaining=max(0, int(level)), full_in_seconds=missing)
