"""`x-fairlead-explain: 1`: why a request went to its endpoint, as response headers, for tenants with the permission.

Costs nothing for other requests.
"""

from typing import TYPE_CHECKING, Final

from fairlead.routing import explanations
from fairlead.routing.accounts import Account
from fairlead.routing.explanations import EndpointCandidate

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange

EXPLAIN_HEADER: Final = b"x-fairlead-explain"
MOST_SHOWN: Final = 16
"""Endpoints in one header: clients refuse heads of more than some kilobytes."""


def allowed(account: Account) -> bool:
    """Whether the tenant has the permission; without tenants every client has."""
    return account.tenant.explain or not account.name


def candidates(exchange: "Exchange") -> tuple[EndpointCandidate, ...]:
    """All endpoints before this request adds to the load of any of them."""
    return explanations.candidates(exchange.router.desk.table, exchange.ask)


def lines(exchange: "Exchange", seen: tuple[EndpointCandidate, ...]) -> bytes:
    """Header lines; those about the replica only once there is one."""
    ask = exchange.ask
    told = [("x-fairlead-lane", ask.lane.value), ("x-fairlead-prompt-tokens-estimated", str(ask.prompt_tokens))]
    if ask.endpoint is not None and ask.pick is not None:
        held = f"held={ask.held_blocks}/{len(ask.blocks)}"
        told.append(("x-fairlead-replica", ask.endpoint.pod))
        told.append(("x-fairlead-decision", f"{ask.pick.value}; {held}"))
    told.append(("x-fairlead-candidates", ", ".join(_shown(one) for one in seen[:MOST_SHOWN])))
    return "".join(f"{name}: {value}\r\n" for name, value in told).encode("latin-1", "replace")


def _shown(one: EndpointCandidate) -> str:
    if one.dropped:
        why = one.dropped.replace(",", ";").replace("\r", " ").replace("\n", " ")
        return f"{one.pod} dropped ({why})"
    marks = "".join(mark for mark, is_so in ((" agreed", one.agreed), (" over-bound", one.over_bound)) if is_so)
    return f"{one.pod} worth={one.worth:.0f} load={one.load} held={one.held_blocks}{marks}"
