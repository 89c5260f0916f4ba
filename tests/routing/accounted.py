"""Requests and accounts for the tests of the queue."""

from itertools import count

from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.routing_request import RoutingRequest

_arrivals = count()


def tenant(name: str = "shop", *, weight: int = 1, rank: int = 0) -> Account:
    """An account without limits."""
    return Account(tenant=Tenant(name=name, keys=(), weight=weight), rank=rank)


def request_of(account: Account, cost: int = 100, adapter: str | None = None) -> RoutingRequest:
    """A request that is expected to take this many tokens; it arrived after those made before it."""
    request = RoutingRequest(
        account=account, prompt_tokens=cost, max_output_tokens=0, arrived=0.0, adapter=adapter, expected_tokens=cost
    )
    request.queued_at = float(next(_arrivals))
    return request
