"""Counts a prompt with an engine's tokenizer before admission, if its estimated length is too close to a limit.

Only where prompts are limited, and only for prompts close to the limit. If the tokenizer is slow, broken or not
available, the estimate decides.
"""

from time import monotonic
from typing import Final, Protocol

from fairlead.engines.http_api import Tokenizer
from fairlead.router import upstream_requests
from fairlead.router.attempt import Inquiry
from fairlead.router.engine_messages import EngineMessages
from fairlead.router.engine_target import EngineTarget
from fairlead.router.request import Request
from fairlead.router.wire.surfaces import Surface
from fairlead.routing import admission
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice

TIMEOUT_SECONDS: Final = 1.0
"""Counting 100,000 tokens takes vLLM some 0.1 s; an engine that needs ten times as long is too busy for it."""
COUNTED: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS})
"""Surfaces whose bodies a tokenizer accepts as engines get them, template and tools included."""


class CountedRequest(Protocol):
    """The owner of a request whose prompt is counted."""

    @property
    def messages(self) -> EngineMessages:
        """What the target's engines get."""

    def after_token_count(self, now: float) -> None:
        """Continue with the tokens known so far."""

    def internal_error(self) -> None:
        """Called on a router bug."""


def start(owner: CountedRequest, target: EngineTarget, request: Request, now: float) -> "TokenCountRequest | None":
    """Start the count that this request waits for; None if nothing can count it now, and its estimate decides."""
    dispatcher, routing = target.dispatcher, request.routing
    if request.surface not in COUNTED:
        return None
    chosen = dispatcher.table.choose(routing, now)
    if not isinstance(chosen, EndpointChoice):
        return None
    tokenizer = target.api_of(chosen.endpoint).tokenizer
    if tokenizer is None:
        return None
    count = TokenCountRequest(owner, routing, tokenizer)
    pool = target.pool(chosen.endpoint)
    body = owner.messages.body(chosen.endpoint)
    count.send(pool, upstream_requests.upstream_message(pool, b"POST", tokenizer.path, body), now)
    return count


class TokenCountRequest(Inquiry):
    """The count of one prompt, until it arrives or is given up; nothing is charged to the engine meanwhile."""

    __slots__ = ("_owner", "_routing", "_tokenizer")

    def __init__(self, owner: CountedRequest, routing: RoutingRequest, tokenizer: Tokenizer) -> None:
        super().__init__()
        self._owner = owner
        self._routing = routing
        self._tokenizer = tokenizer

    def answered(self, page: bytes | None) -> None:
        """Use the number of tokens in the answer."""
        tokens = None if page is None else self._tokenizer.count(page)
        if tokens is not None:
            self._routing.count_prompt(tokens)
        self._owner.after_token_count(monotonic())

    def give_up(self) -> None:
        """Continue with the estimate; requests, not counts, decide whether the engine is ejected."""
        self.abort()
        self._owner.after_token_count(monotonic())

    def leave(self) -> None:
        """End the count, and return what an earlier target's dispatcher charged, or an earlier answer's."""
        self.abort()
        admission.refund(self._routing)

    def internal_error(self) -> None:
        """Report a router bug."""
        self._owner.internal_error()
