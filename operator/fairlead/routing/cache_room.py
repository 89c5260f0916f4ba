"""Whether an engine's KV cache has room for one more prompt, from its latest sample and the requests sent since.

A prompt without room would wait in the engine's own queue, where no order or share applies, or take the room of a
running request, which is then computed again.
"""

from math import inf
from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenant_occupancy import ShareUse

GROWTH: Final = 0.05
"""Part of a cache left to replies in progress. A tenant within its share takes it while others are active: what is then
computed again is most likely theirs."""
MAX_NEEDED: Final = 0.2
"""Largest part of a cache that a prompt must find free, however long it is: otherwise it would wait for most of the
others to end, and so would all behind it."""
YIELDED_PROMPTS: Final = 3.0
"""Mean prompts for which a tenant above its share leaves room. By bench/overload.py, a tenant at half of its share
beside a flood loses 1.6 of 100 first tokens in time with 3, 2.3 with 2 and 6.7 with none; at a load of just what the
fleet can serve, the tenant above its share loses 1.0, 0.6 and none."""
MAX_YIELDED: Final = 0.1
"""Part of a cache, at most."""
FRESH_SECONDS: Final = 5.0
"""A sample older than this says nothing about the present room."""


@light
class TokensNeeded:
    """Free cache that a request needs, before what it leaves to others."""

    tokens: float
    yielded: float
    """Left by a tenant above its share."""
    share: ShareUse
    most: float
    """Enough for any share."""


NOTHING: Final = TokensNeeded(tokens=0.0, yielded=0.0, share=ShareUse.ALONE, most=-inf)
"""No room is needed: without an objective, the order is the same in the router's queue and the engine's."""


def needed(request: RoutingRequest, yielded: float) -> TokensNeeded:
    """Return the need by its share and by the part of the prompt that no engine is known to hold."""
    tokens = request.uncached or request.prompt_tokens
    share = ShareUse.ALONE if request.tenant_use is None else request.tenant_use.share(request.prompt_tokens)
    return TokensNeeded(tokens=tokens, yielded=yielded, share=share, most=tokens + yielded)


def lacked(endpoint: Endpoint, request: RoutingRequest, max_unread: float, yielded: float) -> bool:
    """Return the same for one engine by its latest sample, for an explanation."""
    sample = endpoint.sample
    if sample is None or max_unread == inf:
        return False
    return lacks_room(endpoint, needed(request, yielded), sample.at)


def lacks_room(endpoint: Endpoint, needed: TokensNeeded, now: float) -> bool:
    """Return whether to send it no such prompt.

    An engine without our requests always has room: missing samples must not exclude it for good.
    """
    size, sample = endpoint.kv_tokens, endpoint.sample
    if size is None or sample is None or not endpoint.inflight or now > sample.at + FRESH_SECONDS:
        return False
    room = endpoint.kv_room
    if needed.share is ShareUse.ABOVE:
        room -= min(needed.yielded, MAX_YIELDED * size)
    elif needed.share is ShareUse.WITHIN:
        room += GROWTH * size
    return room < min(needed.tokens, MAX_NEEDED * size)
