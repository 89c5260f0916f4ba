"""Explains where a request would go: every endpoint with its figures. Computed only on demand.

Shows the current state: after the request was sent, it includes that request's own load.
"""

from dataclasses import dataclass

from fairlead.fleet.endpoints import EndpointState
from fairlead.routing import cache_room, selection
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointTable
from fairlead.routing.routing_request import RoutingRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCandidate:
    """One endpoint, as `selection` rates it for one request."""

    pod: str
    dropped: str
    """Why it is no candidate; empty if it is one."""
    load: int
    """Tokens to compute and to write there, including other routers' requests."""
    held_blocks: int
    agreed: bool
    """Whether it is the endpoint that all routers agree on for this prefix."""
    over_bound: bool
    """Whether its load is over the bound, so its held tokens count only once."""
    adjusted_load: float
    """The candidate with the lowest value wins; of equals, the one least recently chosen."""


def candidates(table: EndpointTable, request: RoutingRequest) -> tuple[EndpointCandidate, ...]:
    """Return all endpoints: candidates from the best on, then the others."""
    fit = [one for one in table.endpoints if not _dropped(table, one, request)]
    by_last_pick = sorted(table.endpoints, key=lambda one: one.last_pick)
    rows = [_candidate(table, request, one, fit) for one in by_last_pick]
    return tuple(sorted(rows, key=lambda row: (bool(row.dropped), row.adjusted_load)))


def _candidate(table: EndpointTable, request: RoutingRequest, one: Endpoint, fit: list[Endpoint]) -> EndpointCandidate:
    context = table.context
    blocks = request.blocks if context.balancing.prefix else ()
    held = selection.held_by(one, context.index.holders(blocks))
    dropped = _dropped(table, one, request)
    load = selection.load(one)
    _, bound = selection.cache_weight(context, request, fit or [one])
    return EndpointCandidate(
        pod=one.pod,
        dropped=dropped,
        load=load,
        held_blocks=held,
        agreed=bool(blocks) and selection.agreed_endpoint(context, request, fit) is one,
        over_bound=load > bound,
        adjusted_load=selection.adjusted_load(context, request, one, fit),
    )


def _dropped(table: EndpointTable, one: Endpoint, request: RoutingRequest) -> str:
    context, split = table.context, table.split
    if one.state is not EndpointState.ROUTABLE:
        return f"{one.state.value}: {one.reason}" if one.reason else one.state.value
    if split is not None and one not in split.side(context, request):
        return "of another revision than this conversation's"
    if request.adapter is not None and (without := _without_adapter(one, request.adapter, context.short_queues)):
        return without
    if context.short_queues and not selection.has_room(one, context.max_unread):
        return "has as many requests as it can run"
    if context.short_queues and cache_room.lacked(one, request, context.max_unread, context.yielded):
        return "its KV cache has no room for the prompt"
    return "failed this request" if one in request.tried else ""


def _without_adapter(one: Endpoint, adapter: str, short_queues: bool) -> str:
    if adapter not in one.adapters:
        return f"does not serve adapter {adapter}"
    if not short_queues or one.slots.has(adapter):
        return ""
    return "its slot goes to a waiting adapter" if one.slots.cedes(adapter) else "its slots are taken by other adapters"
