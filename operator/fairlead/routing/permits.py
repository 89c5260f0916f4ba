"""Whether a tenant's rates allow one request, checked where the rates are kept, and what remains of them.

One router keeps the rates of a tenant, the same one for all routers that agree on the ready ones; the others send it
permit requests. So a limit is the same at every router, and no request within it is refused.
"""

from fairlead.routing.accounts import Account
from fairlead.routing.rate_permits import Permit, RateRemainder
from fairlead.routing.rates import RateBucket
from fairlead.routing.reasons import RefusalReason


def take(account: Account, cost: int, now: float) -> Permit:
    """Charge the request rate, then the token rate; refund the former if the tokens do not suffice.

    What takes no tokens is not refused for those that others took.
    """
    seconds, refused = 0.0, None
    if account.requests is not None and (seconds := account.requests.take(1, now)):
        refused = RefusalReason.REQUEST_RATE
    elif account.tokens is not None and cost and (seconds := account.tokens.take(cost, now)):
        refused = RefusalReason.TOKEN_RATE
        give_back(account, 1, 0)
    return Permit(
        seconds=seconds,
        refused=refused,
        requests=_left(account.requests, account.tenant.requests_per_minute, now),
        tokens=_left(account.tokens, account.tenant.tokens_per_minute, now),
    )


def give_back(account: Account, requests: int, tokens: int) -> None:
    """Refund unused charges; negative tokens charge what was used beyond."""
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
