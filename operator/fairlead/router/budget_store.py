"""Tenant budgets shared by routers in Redis or Valkey: one sum per router, and one for all routers that ended.

Each router writes only its own sum and adds nothing to another's, so that a write that a slow store executes twice is
counted once.
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
"""Expiry after the last change: longer than any period."""
ENDED: Final = b"ended"
"""The sum of routers that ended."""
NAME: Final = "fairlead:budget:{}:{}:{}"


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
    return os.urandom(8).hex().encode()


class BudgetStore:
    """One router's sums in one store. Every error of the store is raised."""

    def __init__(self, client: "Redis", router: bytes) -> None:
        self._client = client
        self._router = router
        self._written: dict[str, tuple[str, RouterSpend]] = {}
        """Each tenant's key and sum as this router last wrote them."""

    async def exchange(self, sums: Mapping[str, RouterSpend], scope: str) -> dict[str, float]:
        """Write what changed; return what all routers of a scope have reserved and spent, by tenant."""
        names = {tenant: _name(scope, tenant, one.period) for tenant, one in sums.items()}
        pipeline = self._client.pipeline(transaction=True)
        for tenant, one in sums.items():
            place = names[tenant], one
            nothing = tenant not in self._written and not one.amount
            if not nothing and place != self._written.get(tenant):
                pipeline.hset(names[tenant], self._router, repr(one.amount))
                pipeline.expire(names[tenant], KEPT_SECONDS)
        for name in names.values():
            pipeline.hvals(name)
        async with asyncio.timeout(2 * ANSWER_SECONDS):
            values = (await pipeline.execute())[-len(names) :]
        self._written = {tenant: (names[tenant], one) for tenant, one in sums.items()}
        return {tenant: fsum(map(float, found)) for tenant, found in zip(names, values, strict=True)}

    async def leave(self) -> None:
        """Add this router's sums to those of routers that ended, so that the store keeps no number for each of them."""
        pipeline = self._client.pipeline(transaction=True)
        for name, one in self._written.values():
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


def _name(scope: str, tenant: str, period: float) -> str:
    return NAME.format(_short(scope), _short(tenant), int(period))


def _short(name: str) -> str:
    return sha256(name.encode()).hexdigest()[:16]
