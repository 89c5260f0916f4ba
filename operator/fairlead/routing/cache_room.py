"""Whether an engine's KV cache has room for one more prompt, from its latest sample and what was sent there since.

A prompt without room would wait in the engine's own queue, where no order and no share can change anything any more, or
it would take the room of a running request, which is then computed again.
"""

from math import inf
from typing import Final

from fairlead.fleet.light_dataclass import light
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.tenant_occupancy import ShareUse

GROWTH: Final = 0.05
"""Part of a cache that is left to the replies that are being written. A tenant within its share takes it, where others
are active: what is then computed again is most likely theirs."""
MOST_NEEDED: Final = 0.2
"""Part of a cache that no prompt needs to find free, however long it is: it would wait for most of the others to end,
and all behind it too."""
YIELDED_PROMPTS: Final = 3.0
"""Mean prompts for which a tenant above its share leaves room. By bench/overload.py, a tenant at half of its share
beside a flood loses 1.6 of 100 first tokens in time with 3, 2.3 with 2 and 6.7 with none; at a load of just what the
fleet can serve, the tenant above its share loses 1.0, 0.6 and none."""
MOST_YIELDED: Final = 0.1
"""Part of a cache, at most."""
FRESH_SECONDS: Final = 5.0
"""Beyond this age a sample says nothing about the room of now."""


@light
class TokensNeeded:
    """What a request needs to find free in a cache, before what it leaves to others."""

    tokens: float
    yielded: float
    """Left by a tenant above its share."""
    share: ShareUse
    most: float
    """Whatever its share, this is enough."""


NOTHING: Final = TokensNeeded(tokens=0.0, yielded=0.0, share=ShareUse.ALONE, most=-inf)
"""Room is not asked for: without an objective, who waits in the router or in an engine comes in the same order."""


def needed(request: RoutingRequest, yielded: float) -> TokensNeeded:
    """By its share, and the prompt that no engine holds as far as that is known."""
    tokens = request.uncached or request.prompt_tokens
    share = ShareUse.ALONE if request.use is None else request.use.share(request.prompt_tokens)
    return TokensNeeded(tokens=tokens, yielded=yielded, share=share, most=tokens + yielded)


def lacked(endpoint: Endpoint, request: RoutingRequest, most_unread: float, yielded: float) -> bool:
    """The same of one engine by its latest sample, for an explanation."""
    sample = endpoint.figures
    if sample is None or most_unread == inf:
        return False
    return lacks_room(endpoint, needed(request, yielded), sample.at)


def lacks_room(endpoint: Endpoint, needed: TokensNeeded, now: float) -> bool:
    """Whether it is to get no such prompt.

    An engine without our requests always has room: samples that no longer come must not exclude it for good.
    """
    size, sample = endpoint.kv_tokens, endpoint.figures
    if size is None or sample is None or not endpoint.inflight or now > sample.at + FRESH_SECONDS:
        return False
    room = endpoint.kv_room
    if needed.share is ShareUse.ABOVE:
        room -= min(needed.yielded, MOST_YIELDED * size)
    elif needed.share is ShareUse.WITHIN:
        room += GROWTH * size
    return room < min(needed.tokens, MOST_NEEDED * size)
