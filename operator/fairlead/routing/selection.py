"""Which engine takes a request: filters, then what each holds of the prompt against what it has to do, then one pick.

    worth = load - WORTH * tokens held        the least worth wins; load counts tokens to read and to write

A token that is in a cache counts four times a token in the queue: it spares the reading now, and keeps the other
caches free of a copy. An engine over the load bound gets it counted once, which is what it really spares.

Where several routers stand in front of the same engines, each knows only what it sent itself. So a prompt is taken to
be held by the place that all routers agree on, a rendezvous hash of its session or of the block that names its talk,
and cached tokens count eight times: what one router moves because of load it alone sees, the others go on looking for
at the place. The mean load is then unknown to each, so there is no other bound. A single router goes by load.

Constants were tuned on the first half of the Mooncake trace and of the Claude Code sessions by
`bench/router_prefix.py`; it reports on the other halves. Changes nothing, and keeps nothing.
"""

from enum import Enum, auto
from math import inf
from typing import Final

from fairlead.fleet.gateways import Balancing
from fairlead.fleet.light_dataclass import light
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.prefix import PrefixIndex, PrefixLevel
from fairlead.routing.prefix_popularity import PrefixPopularity
from fairlead.routing.reasons import PickReason
from fairlead.routing.rendezvous import rendezvous_endpoint
from fairlead.routing.routing_request import RoutingRequest

WORTH: Final = 4.0
"""3 to 8 do equally well on both traces; 1 loses a third of Mooncake's hits."""
OVER_BOUND: Final = 1.0
SLACK_TOKENS: Final = 8192
"""Over the load bound's own: a step of a large card's engine. An idle fleet has no mean worth multiplying."""
WORTH_SHARED: Final = 8.0
"""With other routers. 4 loses one point more of Mooncake's hits with ten of them; 16 keeps none more and doubles the
95th percentile of first tokens."""
MOST_WAITING: Final = 8.0
"""Requests in an engine's own queue; the rest waits in the router, where order can still change."""


class NoCandidate(Enum):
    """Why no engine can be named."""

    NONE_ROUTABLE = auto()
    NO_ADAPTER = auto()
    """There are routable engines, and none that serves this adapter."""
    FULL = auto()
    """There are engines for it, and each has as much as it can run."""


@light
class EndpointChoice:
    """An engine, and what settled it."""

    endpoint: Endpoint
    reason: PickReason
    held_blocks: int = 0


class SelectionContext:
    """What choosing looks at."""

    __slots__ = ("balancing", "block_tokens", "crowds", "index", "picks", "routable", "routers", "short_queues")

    def __init__(self, balancing: Balancing, index: PrefixIndex, crowds: PrefixPopularity) -> None:
        self.balancing = balancing
        """Replaced when the configuration changes."""
        self.index = index
        self.crowds = crowds
        self.routable: tuple[Endpoint, ...] = ()
        self.block_tokens = 128.0
        """Tokens that one block of a prompt stands for."""
        self.routers = 1
        """That share these engines, this one included."""
        self.short_queues = True
        """Whether an engine that has enough in its own queue is passed over: somebody must keep what is not sent."""
        self.picks = 0


def has_room(endpoint: Endpoint) -> bool:
    """Whether it would begin one more soon. What came and went since its figures is ours to know, others' is not.

    An engine with nothing of ours always has room: figures that no longer come must not close it for good.
    """
    if endpoint.inflight >= endpoint.most_requests:
        return False
    since = endpoint.inflight - endpoint.inflight_then
    return not (endpoint.queued_then and endpoint.inflight) or endpoint.queued_then + since < MOST_WAITING


def choose(field: SelectionContext, ask: RoutingRequest, now: float) -> EndpointChoice | NoCandidate:  # noqa: ARG001  # every act takes the moment
    """One that has not failed it; among those that have, when there is no other."""
    routable = field.routable
    if not routable:
        return NoCandidate.NONE_ROUTABLE
    adapter, tried, short = ask.adapter, ask.tried, field.short_queues
    fit: list[Endpoint] = []
    tired: list[Endpoint] = []
    served = False
    for one in routable:
        if adapter is not None and adapter not in one.adapters:
            continue
        served = True
        # `has_room`, written out: a call for each engine is a tenth of choosing (bench/choosing_cost.py).
        if short and (
            one.inflight >= one.most_requests
            or (one.queued_then and one.inflight and one.queued_then + one.inflight - one.inflight_then >= MOST_WAITING)
        ):
            continue
        (tired if tried and one in tried else fit).append(one)
    if not (fit := fit or tired):
        return NoCandidate.FULL if served else NoCandidate.NO_ADAPTER
    blocks = ask.blocks
    if len(fit) == 1:
        held = held_by(fit[0], field.index.holders(blocks)) if blocks else 0
        return EndpointChoice(endpoint=fit[0], reason=PickReason.ONLY_ONE, held_blocks=held)
    if not blocks or not field.balancing.prefix:
        return EndpointChoice(endpoint=_least_loaded(fit), reason=PickReason.LEAST_LOADED)
    return _by_prefix(field, ask, fit)


def _least_loaded(fit: list[Endpoint]) -> Endpoint:
    """Of equals the one longest not chosen."""
    best = fit[0]
    least = best.prompt_load + best.reply_load + best.others_load
    for one in fit:
        load = one.prompt_load + one.reply_load + one.others_load
        if load < least or (load == least and one.last_pick < best.last_pick):
            best, least = one, load
    return best


def _by_prefix(field: SelectionContext, ask: RoutingRequest, fit: list[Endpoint]) -> EndpointChoice:
    levels = field.index.holders(ask.blocks)
    deepest = levels[-1][0] if levels else 0
    if not levels and field.routers == 1:
        return EndpointChoice(endpoint=_least_loaded(fit), reason=PickReason.LEAST_LOADED)
    agreed = agreed_endpoint(field, ask, fit)
    worth_of_held, bound = cache_weight(field, ask, fit)
    tokens, prompt, whole = field.block_tokens, ask.prompt_tokens, len(ask.blocks)
    best, least, best_held = fit[0], inf, 0
    for one in fit:
        load = one.prompt_load + one.reply_load + one.others_load
        held = 0
        for depth, mask in levels:
            if mask >> one.slot & 1:
                held = depth
        missing = prompt - held * tokens
        believed = whole if one is agreed else held
        worth = load - (worth_of_held if load <= bound else OVER_BOUND) * believed * tokens
        if missing > one.free_tokens:
            # Its cache has no room: somebody would be preempted and read again.
            worth += missing - one.free_tokens
        if worth < least or (worth == least and one.last_pick < best.last_pick):
            best, least, best_held = one, worth, held
    return EndpointChoice(endpoint=best, reason=_why(best_held, deepest, agreed is best), held_blocks=best_held)


def agreed_endpoint(field: SelectionContext, ask: RoutingRequest, fit: list[Endpoint]) -> Endpoint | None:
    """Where other routers would look for it; nowhere without them."""
    if field.routers == 1:
        return None
    return rendezvous_endpoint(ask.talk or field.crowds.key(ask.blocks, len(field.routable)), fit)


def cache_weight(field: SelectionContext, ask: RoutingRequest, fit: list[Endpoint]) -> tuple[float, float]:
    """What a cached token counts, and the load beyond which it counts no more than it spares."""
    if field.routers > 1:
        return WORTH_SHARED, inf
    total = 0
    for one in fit:
        total += one.prompt_load + one.reply_load + one.others_load
    return WORTH, field.balancing.load_bound * total / len(fit) + ask.prompt_tokens + SLACK_TOKENS


def _why(held: int, deepest: int, agreed: bool) -> PickReason:
    if held:
        return PickReason.PREFIX if held == deepest else PickReason.SHORTER_PREFIX
    return PickReason.RENDEZVOUS if agreed else PickReason.LEAST_LOADED


def held_by(endpoint: Endpoint, levels: list[PrefixLevel]) -> int:
    """Blocks that it holds, by what the index answered."""
    held = 0
    for depth, mask in levels:
        if mask >> endpoint.slot & 1:
            held = depth
    return held
