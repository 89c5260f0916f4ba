"""Tenant budgets shared by routers in Redis or Valkey: one sum per router, and one for all routers that ended.

Each router writes only its own sum and adds nothing to another's, so that a write that a slow store executes twice is
counted once. It writes it each time: a store that lost its data soon has the sums of all running routers again.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from math import fsum
from typing import TYPE_CHECKING, Final

from fairlead.accounting.budgets import RouterSpend

if TYPE_CHECKING:
    from redis.asyncio import Redis

ANSWER_SECONDS: Final = 0.25
KEPT_SECONDS: Final = 40 * 86_400
"""Expiry after the last write: longer than any period."""
ENDED: Final = b"ended"
"""The sum of routers that ended."""
NAME: Final = "fairlead:budget:{}:{}:{}"
ORIGIN: Final = "fairlead:budgets:{}"
"""A random value of the exchange that wrote first; if it changes, the store has lost its data."""
REWRITING: Final = 2
"""Exchanges after a loss until every running router has written its sum again; failed ones are as frequent."""


def connect(url: str) -> "Redis | None":
    """Create a client for one exchange at a time; None if this is not a store's URL."""
    from redis.asyncio import Redis  # noqa: PLC0415 - not imported by routers without a store

    try:
        return Redis.from_url(
            url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, max_connections=1, protocol=2
        )
    except ValueError:
        return None


def router_name() -> bytes:
    """Return a new name for one router's sums, the same in each of its stores: two URLs may lead to the same one."""
    return _random()


class BudgetStore:
    """One router's sums in one store. Every error of the store is raised."""

    def __init__(self, client: "Redis", router: bytes) -> None:
        self._client = client
        self._router = router
        self._written: dict[str, RouterSpend] = {}
        """Sums by key, as this router last sent them."""
        self._origin: bytes | None = None
        self._rewriting = 0
        """How many of the next totals may lack sums that the store lost."""

    async def exchange(self, sums: Mapping[str, RouterSpend], scope: str) -> dict[str, float]:
        """Write this router's sums; return what all routers of a scope have reserved and spent, by tenant.

        Empty while the store may lack sums that other routers have to write again.
        """
        names = {tenant: _name(scope, tenant, one.period) for tenant, one in sums.items()}
        written = {names[tenant]: one for tenant, one in sums.items() if one.amount or names[tenant] in self._written}
        self._written = written
        origin = ORIGIN.format(_short(scope))
        pipeline = self._client.pipeline(transaction=True)
        for name, one in written.items():
            pipeline.hset(name, self._router, repr(one.amount))
            pipeline.expire(name, KEPT_SECONDS)
        pipeline.set(origin, _random(), nx=True)
        pipeline.expire(origin, KEPT_SECONDS)
        pipeline.get(origin)
        for name in names.values():
            pipeline.hvals(name)
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            first, *values = (await pipeline.execute())[-len(names) - 1 :]
        if self._is_without_all(first):
            return {}
        return {tenant: fsum(map(float, found)) for tenant, found in zip(names, values, strict=True)}

    def _is_without_all(self, origin: bytes) -> bool:
        """Whether the store lost its data, and other routers may not have written their sums again yet."""
        if origin != self._origin:
            self._rewriting = 0 if self._origin is None else REWRITING
            self._origin = origin
        lacks, self._rewriting = self._rewriting > 0, max(0, self._rewriting - 1)
        return lacks

    async def leave(self) -> None:
        """Add this router's sums to those of routers that ended, so that the store keeps no number for each of them."""
        pipeline = self._client.pipeline(transaction=True)
        for name, one in self._written.items():
            if one.amount:
                pipeline.hincrbyfloat(name, ENDED, one.amount)
            pipeline.hdel(name, self._router)
        self._written = {}
        with suppress(Exception):
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                await pipeline.execute()

    async def close(self) -> None:
        """Close the connection."""
        await self._client.aclose()


def _random() -> bytes:
    return os.urandom(8).hex().encode()


def _name(scope: str, tenant: str, period: float) -> str:
    return NAME.format(_short(scope), _short(tenant), int(period))


def _short(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]
