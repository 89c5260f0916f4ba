"""Prompts that are counted before they are judged: an estimate too near a limit asks an engine's own tokenizer.

Only where somebody limits prompts, and only for prompts near that limit. A tokenizer that is slow, broken, or not to be
found decides nothing: the estimate does.
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
"""Counting 100,000 tokens takes vLLM some 0.1 s; whoever needs ten times as long has no time for it."""
COUNTED: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS})
"""Whose bodies `/tokenize` takes as they are, template and tools included."""


def ask(exchange: "Exchange", now: float) -> None:
    """Ask for a place, at once or with a count in hand."""
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
    """Of one exchange, until it has its count or does without; nothing is charged to the engine meanwhile."""

    __slots__ = ("_exchange", "_pieces", "_upstream")

    def __init__(self, exchange: "Exchange") -> None:
        self._exchange = exchange
        self._pieces: list[bytes] = []
        self._upstream: UpstreamConnection | None = None

    def begin(self, pool: "UpstreamPool", now: float) -> None:
        """The engine gets the body as the client wrote it."""
        message = upstream_requests.upstream_message(pool, b"POST", b"/tokenize", self._exchange.request.body)
        self._upstream = pool.send(self, message, now)

    def came(self, upstream: UpstreamConnection, data: bytes) -> None:  # noqa: ARG002 - the interface's
        """A part of the answer, which names every token."""
        self._pieces.append(data)

    def whole(self, upstream: UpstreamConnection) -> None:
        """All of it."""
        self._upstream = None
        head = upstream.reader.head
        count = _count(b"".join(self._pieces)) if head is not None and head.status == 200 else None
        if count is not None:
            self._exchange.ask.prompt_tokens = count
            self._exchange.ask.counted = True
        self.give_up()

    def lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Whether the engine is well, its requests will tell."""
        self._upstream = None
        self.give_up()

    def broke(self) -> None:
        """A fault of ours."""
        self._exchange.broke()

    def give_up(self) -> None:
        """Go on with what is known."""
        exchange = self._exchange
        now = exchange.router.now()
        self.stop()
        permit_requests.ask(exchange, now)

    def stop(self) -> None:
        """Nobody wants to know any more."""
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
