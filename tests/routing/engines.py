"""Tables of proved engines, and requests for them."""

from typing import Final

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice

EVERYBODY: Final = Account(Tenant(name="everybody", keys=()))


def seen(*pods: str) -> list[DiscoveredEndpoint]:
    """As a source reports them."""
    return [DiscoveredEndpoint(pod=pod, address=f"{pod}:1") for pod in pods]


def table(*pods: str, routers: int = 1, balancing: Balancing | None = None) -> EndpointTable:
    """A table with all of them proved."""
    made = EndpointTable(_ignore, balancing)
    made.apply_discovered(seen(*pods))
    made.context.routers = routers
    for endpoint in made.endpoints:
        made.probe_succeeded(endpoint)
    return made


def request_of(
    *blocks: int, tokens: int | None = None, adapter: str | None = None, tried: tuple[Endpoint, ...] = ()
) -> RoutingRequest:
    """A request of these whole blocks, and a few tokens more."""
    length = 128 * len(blocks) + 10 if tokens is None else tokens
    return RoutingRequest(
        account=EVERYBODY,
        prompt_tokens=length,
        max_output_tokens=100,
        arrived=0.0,
        blocks=blocks,
        adapter=adapter,
        tried=list(tried),
    )


def sent(made: EndpointTable, request: RoutingRequest, now: float = 0.0) -> Endpoint:
    """The endpoint that it was sent to."""
    choice = made.choose(request, now)
    assert isinstance(choice, EndpointChoice), choice
    made.charge(request, choice, now)
    return choice.endpoint


def _ignore(endpoint: Endpoint) -> None:
    """Do nothing."""
