"""Counts a prompt with an engine's tokenizer before admission, if its estimated length is too close to a limit.

Only where prompts are limited, and only for prompts close to the limit. Where the tokenizer is slow, broken or not
available, the estimate decides.
"""

import json
from typing import TYPE_CHECKING, Final

from fairlead.router import permit_requests, upstream_requests
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.selection import EndpointChoice

if TYPE_CHECKING:
    from fairlead.router.exchange import Exchange
    from fairlead.router.upstream_pool import UpstreamPool

TIMEOUT_SECONDS: Final = 1.0
"""Counting 100,000 tokens takes vLLM some 0.1 s; an engine that needs ten times as long is too busy for it."""
COUNTED: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS})
"""Surfaces whose bodies `/tokenize` accepts unchanged, template and tools included."""


def ask(exchange: "Exchange", now: float) -> None:
    """Continue with admission, at once or after a token count."""
    desk = exchange.router.desk
    if desk.needs_count(exchange.ask) and exchange.surface in COUNTED:
        chosen = desk.table.choose(exchange.ask, now)
        if isinstance(chosen, EndpointChoice):
            exchange.counting = TokenCountRequest(exchange)
            exchange.due = now + TIMEOUT_SECONDS
            exchange.counting.begin(exchange.router.pool(chosen.endpoint), now)
            return
    permit_requests.ask(exchange, now)


class TokenCountRequest:
    """The count of one exchange, until it arrives or is given up; nothing is charged to the engine meanwhile."""

    __slots__ = ("_exchange", "_pieces", "_upstream")

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._pieces: list[bytes] = []
        self._upstream: UpstreamConnection | None = None

    def begin(self, pool: "UpstreamPool", now: float) -> None:
        """Send the body to the engine as the client wrote it."""
        message = upstream_requests.upstream_message(pool, b"POST", b"/tokenize", self._exchange.request.body)
        self._upstream = pool.send(self, message, now)

    def came(self, upstream: UpstreamConnection, data: bytes) -> None:  # noqa: ARG002 - the interface's
        """A part of the answer, which contains every token."""
        self._pieces.append(data)

    def whole(self, upstream: UpstreamConnection) -> None:
        """The answer is complete."""
        self._upstream = None
        head = upstream.reader.head
        count = _count(b"".join(self._pieces)) if head is not None and head.status == 200 else None
        if count is not None:
            self._exchange.ask.prompt_tokens = count
            self._exchange.ask.counted = True
        self.give_up()

    def lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """The connection was lost; requests, not counts, decide whether the engine is ejected."""
        self._upstream = None
        self.give_up()

    def broke(self) -> None:
        """A bug of the router."""
        self._exchange.broke()

    def give_up(self) -> None:
        """Continue with the tokens known so far."""
        exchange = self._exchange
        now = exchange.router.now()
        self.stop()
        permit_requests.ask(exchange, now)

    def stop(self) -> None:
        """Abort the count: its result is not needed any more."""
        self._exchange.counting = None
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()


def _count(page: bytes) -> int | None:
    try:
        count = json.loads(page)["count"]
    except (ValueError, KeyError, TypeError):
        return None
    return count if isinstance(count, int) and count >= 0 else None
