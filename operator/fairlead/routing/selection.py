"""Which engine gets a request: filters, then the prompt tokens that each holds against its load, then one pick.

    adjusted load = load - WORTH * tokens held        the least wins; load counts tokens to compute and to write

A cached token counts four times a queued one: it saves prefill now, and keeps a copy out of the other caches. At an
engine over the load bound it counts once, which is what it saves.

If several routers serve the same engines, each knows only what it sent itself. So the endpoint that all routers agree
on, a rendezvous hash of the session or of the prompt's key block, is taken to hold the whole prompt, and cached
tokens count eight times: if one router moved a prompt because of load that it alone sees, the others would still send
theirs to the agreed endpoint. No router knows the mean load then, so there is no load bound. A single router uses load.

Constants were tuned on the first half of the Mooncake trace and of the Claude Code sessions by
`bench/router_prefix.py`; it reports on the other halves. The functions change no state.
"""

from collections.abc import Sequence
from enum import Enum, auto
from math import inf
from typing import Final

from fairlead.fleet.gateways import Balancing
from fairlead.fleet.light_dataclass import light
from fairlead.routing import cache_room
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
"""Added to the load bound: a step of a large card's engine. An idle fleet's mean load is too small to multiply."""
WORTH_SHARED: Final = 8.0
"""Replaces `WORTH` with several routers. 4 loses one point more of Mooncake's hits with ten of them; 16 keeps no more
and doubles the 95th percentile of first tokens."""
MAX_WAITING: Final = 8.0
"""Requests in an engine's own queue; the rest waits in the router, where the order can still change."""


class NoCandidate(Enum):
    """Why there is no candidate."""

    NONE_ROUTABLE = auto()
    NO_ADAPTER = auto()
    """There are routable endpoints, but none serves this adapter."""
    FULL = auto()
    """There are endpoints for it, but each has as many requests as it can run."""


@light
class EndpointChoice:
    """An endpoint, and what decided for it."""

    endpoint: Endpoint
    reason: PickReason
    held_blocks: int = 0


class SelectionContext:
    """The input of `choose`."""

    __slots__ = (
        "balancing",
        "block_tokens",
        "index",
        "max_unread",
        "picks",
        "popularity",
        "routable",
        "routers",
        "short_queues",
        "together",
        "yielded",
    )

    def __init__(self, balancing: Balancing, index: PrefixIndex, popularity: PrefixPopularity) -> None:
        self.balancing = balancing
        """Replaced when the configuration changes."""
        self.index = index
        self.popularity = popularity
        self.routable: tuple[Endpoint, ...] = ()
        self.block_tokens = 128.0
        """Tokens in one prefix block."""
        self.routers = 1
        """Routers that share these engines, including this one."""
        self.together = False
        """Whether the other routers report their requests, so that this one may choose as if it were alone."""
        self.max_unread = inf
        """Prompt tokens that an endpoint may have to compute before it gets another request."""
        self.yielded = 0.0
        """Tokens of each cache that a tenant above its share leaves to those below theirs."""
        self.short_queues = True
        """Whether to skip an engine with enough in its own queue; what is not sent must wait elsewhere."""
        self.picks = 0

    @property
    def has_whole_load(self) -> bool:
        """Whether the load and the prefixes that this router knows are those of all routers."""
        return self.routers == 1 or self.together


def has_room(endpoint: Endpoint, max_unread: float = inf) -> bool:
    """Return whether the engine would soon start one more. Counts our requests since its sample; others' are unknown.

    An engine without our requests always has room: missing samples must not exclude it for good.
    """
    inflight = endpoint.inflight + endpoint.peers_inflight
    if inflight >= endpoint.max_sequences or endpoint.pending_prefill + endpoint.peers_prompt >= max_unread:
        return False
    since = inflight - endpoint.inflight_then
    return not (endpoint.queued_then and endpoint.inflight) or endpoint.queued_then + since < MAX_WAITING


def choose(
    context: SelectionContext,
    request: RoutingRequest,
    now: float,
    among: tuple[Endpoint, ...] | None = None,
) -> EndpointChoice | NoCandidate:
    """Choose an endpoint, of some or of all routable ones; one that failed the request only if there is no other.

    One without room is another: the request waits for it. An engine that has just died has room for everything.
    """
    routable = context.routable if among is None else among
    if not routable:
        return NoCandidate.NONE_ROUTABLE
    adapter, tried, short, unread = request.adapter, request.tried, context.short_queues, context.max_unread
    if adapter is None and not (tried or short):
        return _chosen(context, request, routable)
    needed = cache_room.NOTHING if unread == inf else cache_room.needed(request, context.yielded)
    enough = needed.most
    fit: list[Endpoint] = []
    tired: list[Endpoint] = []
    served = other_is_full = False
    for one in routable:
        if adapter is not None and (adapter not in one.adapters or (short and not one.slots.has(adapter))):
            served = served or one.adapters_unknown or adapter in one.adapters
            continue
        served = True
        # `has_room`, inlined: a call for each engine is a tenth of choosing (bench/choosing_cost.py).
        if short and (
            (inflight := one.inflight + one.peers_inflight) >= one.max_sequences
            or one.pending_prefill + one.peers_prompt >= unread
            or (one.queued_then and one.inflight and one.queued_then + inflight - one.inflight_then >= MAX_WAITING)
            or (one.kv_room < enough and cache_room.lacks_room(one, needed, now))
        ):
            other_is_full = other_is_full or one not in tried
            continue
        (tired if tried and one in tried else fit).append(one)
    if not fit and (other_is_full or not tired):
        return NoCandidate.FULL if served else NoCandidate.NO_ADAPTER
    return _chosen(context, request, fit or tired)


def _chosen(context: SelectionContext, request: RoutingRequest, fit: Sequence[Endpoint]) -> EndpointChoice:
    """Choose one of those that may get it."""
    blocks = request.blocks
    if len(fit) == 1:
        held = held_by(fit[0], context.index.holders(blocks)) if blocks else 0
        return EndpointChoice(endpoint=fit[0], reason=PickReason.ONLY_ONE, held_blocks=held)
    if not blocks or not context.balancing.prefix:
        return EndpointChoice(endpoint=_least_loaded(fit), reason=PickReason.LEAST_LOADED)
    return _by_prefix(context, request, fit)


def load(endpoint: Endpoint) -> int:
    """Return what stands before a request there, in tokens to compute and to write; every choice compares this.

    A scorer that does not depend on the request adds its term here.
    """
    return endpoint.prompt_load + endpoint.reply_load + endpoint.others_load


def _least_loaded(fit: Sequence[Endpoint]) -> Endpoint:
    """Return the endpoint with the least load; of equals, the one least recently chosen."""
    loads = [load(one) for one in fit]
    least = min(loads)
    if loads.count(least) == 1:
        return fit[loads.index(least)]
    return min((one for one, tokens in zip(fit, loads, strict=True) if tokens == least), key=_last_pick)


def _last_pick(one: Endpoint) -> int:
    return one.last_pick


def _by_prefix(context: SelectionContext, request: RoutingRequest, fit: Sequence[Endpoint]) -> EndpointChoice:
    levels = context.index.holders(request.blocks)
    deepest = levels[-1][0] if levels else 0
    if not levels and context.has_whole_load:
        return EndpointChoice(endpoint=_least_loaded(fit), reason=PickReason.LEAST_LOADED)
    agreed = agreed_endpoint(context, request, fit)
    worth_of_held, bound = cache_weight(context, request, fit)
    tokens, prompt, whole = context.block_tokens, request.prompt_tokens, len(request.blocks)
    best, least, best_held = fit[0], inf, 0
    for one in fit:
        before = load(one)
        held = 0
        for depth, mask in levels:
            if mask >> one.slot & 1:
                held = depth
        missing = prompt - held * tokens
        credited = whole if one is agreed else held
        # `adjusted_load`, inlined as `has_room` is above.
        adjusted = before - (worth_of_held if before <= bound else OVER_BOUND) * credited * tokens
        if missing > one.free_tokens:
            # Its cache has no room: a running sequence would be preempted and computed again.
            adjusted += missing - one.free_tokens
        if adjusted < least or (adjusted == least and one.last_pick < best.last_pick):
            best, least, best_held = one, adjusted, held
    return EndpointChoice(endpoint=best, reason=_why(best_held, deepest, agreed is best), held_blocks=best_held)


def adjusted_load(
    context: SelectionContext, request: RoutingRequest, endpoint: Endpoint, fit: Sequence[Endpoint]
) -> float:
    """Return the figure by which `choose` compares an endpoint with the others that fit: the least wins."""
    before, blocks = load(endpoint), request.blocks
    if not blocks or not context.balancing.prefix:
        return before
    levels = context.index.holders(blocks)
    if not levels and context.has_whole_load:
        return before
    held = held_by(endpoint, levels)
    worth_of_held, bound = cache_weight(context, request, fit or [endpoint])
    credited = len(blocks) if agreed_endpoint(context, request, fit) is endpoint else held
    missing = request.prompt_tokens - held * context.block_tokens
    adjusted = before - (worth_of_held if before <= bound else OVER_BOUND) * credited * context.block_tokens
    return adjusted + max(missing - endpoint.free_tokens, 0.0)


def agreed_endpoint(context: SelectionContext, request: RoutingRequest, fit: Sequence[Endpoint]) -> Endpoint | None:
    """Return the endpoint where other routers send this prefix; None with a single router, or if no endpoint fits."""
    if context.has_whole_load or not fit:
        return None
    return rendezvous_endpoint(request.session or context.popularity.key(request.blocks, len(context.routable)), fit)


def cache_weight(context: SelectionContext, request: RoutingRequest, fit: Sequence[Endpoint]) -> tuple[float, float]:
    """Return the weight of a cached token, and the load beyond which it counts only once."""
    if not context.has_whole_load:
        return WORTH_SHARED, inf
    total = 0
    for one in fit:
        total += load(one)
    return WORTH, context.balancing.load_bound * total / len(fit) + request.prompt_tokens + SLACK_TOKENS


def _why(held: int, deepest: int, agreed: bool) -> PickReason:
    if held:
        return PickReason.PREFIX if held == deepest else PickReason.SHORTER_PREFIX
    return PickReason.RENDEZVOUS if agreed else PickReason.LEAST_LOADED


def held_by(endpoint: Endpoint, levels: list[PrefixLevel]) -> int:
    """Return the blocks that the endpoint holds, by the index's levels."""
    held = 0
    for depth, mask in levels:
        if mask >> endpoint.slot & 1:
            held = depth
    return held
