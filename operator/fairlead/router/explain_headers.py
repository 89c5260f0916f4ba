"""`x-fairlead-explain: 1`: response headers for permitted tenants that explain the choice of endpoint and the waits.

Costs nothing for other requests.
"""

from typing import Final

from fairlead.router.observability.request_record import RequestRecord
from fairlead.routing.accounts import Account
from fairlead.routing.explanations import EndpointCandidate
from fairlead.routing.routing_request import RoutingRequest

EXPLAIN_HEADER: Final = b"x-fairlead-explain"
MAX_SHOWN: Final = 16
"""Endpoints in one header: clients refuse heads of more than some kilobytes."""


def allowed(account: Account) -> bool:
    """Whether the tenant has the permission; without tenants every client has it."""
    return account.tenant.explain or not account.name


def lines(request: RoutingRequest, candidates: tuple[EndpointCandidate, ...]) -> bytes:
    """Format header lines for these candidates; those about the replica only once one is chosen."""
    shown = [
        ("x-fairlead-lane", request.lane.value),
        ("x-fairlead-prompt-tokens-estimated", str(request.prompt_tokens)),
    ]
    if request.endpoint is not None and request.pick is not None:
        held = f"held={request.held_blocks}/{len(request.blocks)}"
        shown.append(("x-fairlead-replica", request.endpoint.pod))
        shown.append(("x-fairlead-decision", f"{request.pick.value}; {held}"))
    shown.append(("x-fairlead-candidates", ", ".join(_shown(one) for one in candidates[:MAX_SHOWN])))
    return "".join(f"{name}: {value}\r\n" for name, value in shown).encode("latin-1", "replace")


def phases(record: RequestRecord, now: float) -> bytes:
    """Format each phase's duration until the engine's first byte, in milliseconds, as browsers read it."""
    began = record.waited_from
    times = {
        "read": began - record.arrived,
        "queue": record.first_sent_at - began,
        "retries": record.sent_at - record.first_sent_at,
        "engine": now - record.sent_at,
    }
    shown = ", ".join(f"{name};dur={max(seconds, 0.0) * 1000:.2f}" for name, seconds in times.items())
    return f"server-timing: {shown}\r\n".encode("ascii")


def _shown(one: EndpointCandidate) -> str:
    if one.dropped:
        why = one.dropped.replace(",", ";").replace("\r", " ").replace("\n", " ")
        return f"{one.pod} dropped ({why})"
    marks = "".join(mark for mark, is_so in ((" agreed", one.agreed), (" over-bound", one.over_bound)) if is_so)
    return f"{one.pod} adjusted={one.adjusted_load:.0f} load={one.load} held={one.held_blocks}{marks}"
