"""Returns what requests did not use of a tenant's rates to the router that keeps them."""

import asyncio
from collections.abc import Callable
from typing import Final

from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.routing.accounts import Account

ANSWERED_WITHIN_S: Final = 2.0
"""As long as a late permit is waited for."""


class OwedReturn:
    """One return: made again if that router was not reached, and once at most if it may have been."""

    __slots__ = ("_account", "_owed", "_silent", "_upstream")

    def __init__(self, account: Account, silent: Callable[[], None]) -> None:
        self._account = account
        self._owed = account.owed_requests, account.owed_tokens
        self._silent = silent
        self._upstream: UpstreamConnection | None = None
        """While it is in flight."""

    def send(self, pool: UpstreamPool, message: UpstreamMessage, now: float) -> None:
        """Send it, and wait for the answer for a while."""
        self._upstream = pool.send(self, message, now)
        asyncio.get_running_loop().call_later(ANSWERED_WITHIN_S, self._end_wait)

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        """Need nothing of the answer but its status."""

    def is_truncated(self, upstream: UpstreamConnection) -> bool:  # noqa: ARG002 - the interface's
        """Leave it to the reader of the response."""
        return False

    def message_complete(self, upstream: UpstreamConnection) -> None:
        """End; a router that answers with an error keeps no rates now."""
        self._upstream = None
        if upstream.reader.head is None or upstream.reader.head.status != 200:
            self._silent()

    def connection_lost(self, upstream: UpstreamConnection, why: str) -> None:  # noqa: ARG002 - the interface's
        """Avoid that router for a while."""
        self._upstream = None
        self._lost(upstream)

    def internal_error(self) -> None:
        """Part of the listener's interface; no request waits for it."""

    def _end_wait(self) -> None:
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.abort()
            self._lost(upstream)

    def _lost(self, upstream: UpstreamConnection) -> None:
        """Owe it again, if nothing was sent."""
        if not upstream.reached:
            self._account.owe(*self._owed)
        self._silent()
