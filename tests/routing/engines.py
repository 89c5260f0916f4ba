"""Tables of proved engines, and requests for them."""

from typing import Final

from fairlead.fleet.endpoints import Seen
from fairlead.fleet.gateways import Balancing
from fairlead.fleet.tenants import Tenant
from fairlead.routing.accounts import Account
from fairlead.routing.ask import Ask
from fairlead.routing.choosing import Chosen
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.table import Table

EVERYBODY: Final = Account(Tenant(name="everybody", keys=()))


def seen(*pods: str) -> list[Seen]:
    """As a source tells them."""
    return [Seen(pod=pod, address=f"{pod}:1") for pod in pods]


def table(*pods: str, routers: int = 1, balancing: Balancing | None = None) -> Table:
    """All proved."""
    made = Table(_nobody, balancing)
    made.take(seen(*pods))
    made.field.routers = routers
    for endpoint in made.endpoints:
        made.proved(endpoint)
    return made


def ask(*blocks: int, tokens: int | None = None, adapter: str | None = None, tried: tuple[Endpoint, ...] = ()) -> Ask:
    """A request of so many whole blocks, and a few tokens more."""
    length = 128 * len(blocks) + 10 if tokens is None else tokens
    return Ask(
        account=EVERYBODY,
        prompt_tokens=length,
        output_tokens=100,
        arrived=0.0,
        blocks=blocks,
        adapter=adapter,
        tried=list(tried),
    )


def sent(made: Table, request: Ask, now: float = 0.0) -> Endpoint:
    """Where it went."""
    choice = made.choose(request, now)
    assert isinstance(choice, Chosen), choice
    made.charge(request, choice, now)
    return choice.endpoint


def _nobody(endpoint: Endpoint) -> None:
    """Listens."""
