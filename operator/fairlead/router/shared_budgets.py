"""Budgets that several routers add up in a Redis or Valkey, so that they hold over all of them and outlive each.

Twice a second a router writes what it has reserved and spent, and reads what all of them have. Between two such moments
it does not see what the others reserve: that is the error. Each writes its own sum and adds nothing to another's, so
that what a slow store carries out twice is counted once; a router that ends well leaves its sum with those that ended
before. While the store does not answer, each router goes by its own part.
"""

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from hashlib import sha256
from math import fsum
from typing import TYPE_CHECKING, Final

from fairlead.accounting.budgets import BudgetAccount, RouterSpend

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 0.5
ANSWER_SECONDS: Final = 0.25
KEPT_SECONDS: Final = 40 * 86_400
"""After its last change: longer than any period."""
ENDED: Final = b"ended"
"""The sum of routers that ended."""
NAME: Final = "fairlead:budget:{}:{}:{}"


class SharedBudgets:
    """The shared counters of one router's budgets; used inside its loop."""

    def __init__(self, budgets: Callable[[], Mapping[str, BudgetAccount]], wall: Callable[[], float]) -> None:
        self._budgets = budgets
        self._wall = wall
        self._url: str | None = None
        self._scope = ""
        self._task: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._first = asyncio.Event()
        self._away = False
        self._router = os.urandom(8).hex().encode()
        self._written: dict[str, RouterSpend] = {}
        """What the store has of this router."""

    def apply(self, url: str | None, scope: str) -> None:
        """Use the counters at this URL from now on; `scope`: what names all routers that share the tenants."""
        self._scope = sha256(scope.encode()).hexdigest()[:16]
        if url == self._url:
            return
        self._url = url
        self._stop()
        self._lose()
        if url is not None:
            self._first.clear()
            self._task = asyncio.get_running_loop().create_task(self._follow(url), name="shared budgets")

    async def until_first(self, seconds: float) -> None:
        """Wait until what was spent before is known, or until it is clear that nobody says it in time."""
        if self._task is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._first.wait()

    async def close(self) -> None:
        """Write what is left to write."""
        self._stop()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def _stop(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
            task.cancel()

    async def _follow(self, url: str) -> None:
        """Until it is cancelled; then once more."""
        client = self._opened(url)
        if client is None:
            self._first.set()
            return
        try:
            while True:
                await self._exchange(client)
                self._first.set()
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            await self._exchange(client)
            await self._end(client)
            await client.aclose()

    def _opened(self, url: str) -> "Redis | None":
        from redis.asyncio import Redis  # noqa: PLC0415 - not imported by routers that have none

        try:
            return Redis.from_url(
                url, socket_connect_timeout=ANSWER_SECONDS, socket_timeout=ANSWER_SECONDS, max_connections=1, protocol=2
            )
        except ValueError:
            return None  # the response cache, which has the same address, says what is wrong with it

    async def _exchange(self, client: "Redis") -> None:
        """Write what changed, and read all."""
        now = self._wall()
        budgets = dict(self._budgets())
        if not budgets:
            return
        here = {name: account.here(now) for name, account in budgets.items()}
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                totals = await self._totals(client, here)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the store does not answer, and requests go on
            self._lose(type(problem).__name__)
            return
        if self._away:
            self._away = False
            log.warning("the store of budgets answers again")
        self._written, now = here, self._wall()
        for name, total in totals.items():
            budgets[name].share(here[name], total, now)

    async def _totals(self, client: "Redis", here: Mapping[str, RouterSpend]) -> dict[str, float]:
        names = {name: self._name(name, one.period) for name, one in here.items()}
        pipeline = client.pipeline(transaction=True)
        for name, one in here.items():
            if one != self._written.get(name, RouterSpend(period=one.period, amount=0.0)):
                pipeline.hset(names[name], self._router, repr(one.amount))
                pipeline.expire(names[name], KEPT_SECONDS)
        for name in names.values():
            pipeline.hvals(name)
        values = (await pipeline.execute())[-len(names) :]
        return {name: fsum(map(float, found)) for name, found in zip(names, values, strict=True)}

    async def _end(self, client: "Redis") -> None:
        """Add this router's sums to those of routers that ended, so that the store keeps no number for each of them."""
        pipeline = client.pipeline(transaction=True)
        for name, one in self._written.items():
            if one.amount:
                place = self._name(name, one.period)
                pipeline.hincrbyfloat(place, ENDED, one.amount)
                pipeline.hdel(place, self._router)
        with suppress(Exception):
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                await pipeline.execute()
        self._written = {}

    def _name(self, tenant: str, period: float) -> str:
        return NAME.format(self._scope, sha256(tenant.encode()).hexdigest()[:16], int(period))

    def _lose(self, problem: str = "") -> None:
        """Go by the own parts."""
        for account in self._budgets().values():
            account.shared = False
        if problem and not self._away:
            self._away = True
            log.warning("the store of budgets does not answer (%s); this router goes by its part of each", problem)
