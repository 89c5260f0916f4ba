"""The waiting room: requests that came while no engine was routable, held for a while instead of refused."""

import asyncio
from collections.abc import Collection

from fairlead.fleet.endpoints import EndpointState
from fairlead.fleet.gateways import Hold
from fairlead.router import answers
from fairlead.router.answers import Problem
from fairlead.router.endpoints import Endpoint, Table


class WaitingRoom:
    """Everybody inside is woken when an engine becomes routable, and picks for itself."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._inside: set[asyncio.Future[None]] = set()

    @property
    def held(self) -> int:
        """How many wait now."""
        return len(self._inside)

    def wake(self, endpoint: Endpoint) -> None:
        """An engine changed; if it can be asked now, nobody needs to wait any more."""
        if endpoint.state is EndpointState.ROUTABLE:
            for waiter in self._inside:
                if not waiter.done():
                    waiter.set_result(None)

    async def endpoint(self, hold: Hold, tried: Collection[Endpoint]) -> Endpoint | Problem:
        """An engine to ask, at once or later, or why there is none."""
        if (found := self._table.pick(tried)) is not None:
            return found
        if len(self._inside) >= hold.max_requests:
            return answers.nobody(hold.max_seconds, f"{hold.max_requests} requests are held already")
        try:
            async with asyncio.timeout(hold.max_seconds):
                while (found := self._table.pick(tried)) is None:
                    await self._woken()
                return found
        except TimeoutError:
            return answers.nobody(hold.max_seconds, f"none became so within {hold.max_seconds:g} s")

    async def _woken(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._inside.add(waiter)
        try:
            await waiter
        finally:
            self._inside.discard(waiter)
