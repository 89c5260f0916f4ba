"""Budgets that several routers sum in a store, so that they hold across all of them and outlive each.

Twice a second a router writes what it has reserved and spent, and reads the sums of all. In between it does not see
what the others reserve: that is the error. A starting router retries for a while before it serves, until the store
answers; an ending one writes its last sums, with retries if the store is slow. While the store does not answer, each
router uses its own part.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

from fairlead.accounting.budgets import BudgetAccount, RouterSpend
from fairlead.router import budget_store
from fairlead.router.budget_store import BudgetStore

log = logging.getLogger(__name__)

EVERY_SECONDS: Final = 0.5
AGAIN_SECONDS: Final = 0.1
"""After a failed first or last exchange."""
LAST_EXCHANGES: Final = 5


class SharedBudgets:
    """The shared counters of one router's budgets; used inside its loop."""

    def __init__(self, budgets: Callable[[], Mapping[str, BudgetAccount]], wall: Callable[[], float]) -> None:
        self._budgets = budgets
        self._wall = wall
        self._router = budget_store.router_name()
        self._url: str | None = None
        self._scope = ""
        self._stopped = asyncio.Event()
        """Belongs to the store followed now: each has its own."""
        self._following: set[asyncio.Task[None]] = set()
        self._first = asyncio.Event()
        self._away = False
        self._ending = False
        """The router ends: no more sums come under its name."""

    def apply(self, url: str | None, scope: str) -> None:
        """Use the counters at this URL from now on; `scope` names all routers that share the tenants."""
        self._scope = scope
        if url == self._url:
            return
        self._url = url
        self._stopped.set()
        self._lose()
        if url is not None:
            self._first.clear()
            self._stopped = asyncio.Event()
            task = asyncio.get_running_loop().create_task(self._follow(url, self._stopped), name="shared budgets")
            self._following.add(task)
            task.add_done_callback(self._following.discard)

    async def until_first(self, seconds: float) -> None:
        """Wait until earlier spending is known, or the time is up."""
        if self._url is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._first.wait()

    async def close(self) -> None:
        """Write the last sums."""
        self._ending = True
        self._stopped.set()
        await asyncio.gather(*self._following, return_exceptions=True)

    async def _follow(self, url: str, stopped: asyncio.Event) -> None:
        """Exchange until stopped, never stopping in the middle of an exchange."""
        client = budget_store.connect(url)
        if client is None:  # the response cache, which has the same address, logs what is wrong with it
            self._first.set()
            return
        store = BudgetStore(client, self._router)
        while not stopped.is_set():
            if await self._exchange(store, stopped):
                self._first.set()
            pause = EVERY_SECONDS if self._first.is_set() else AGAIN_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stopped.wait(), pause)
        if stopped is self._stopped:
            await self._leave(store)
        await store.close()

    async def _exchange(self, store: BudgetStore, stopped: asyncio.Event) -> bool:
        """Write this router's sums, and read all; return whether the store answered."""
        budgets = dict(self._budgets())
        if not budgets:
            return True
        sums = self._sums(budgets)
        try:
            totals = await store.exchange(sums, self._scope)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the store does not answer, and requests go on
            if not stopped.is_set():
                self._lose(type(problem).__name__)
            return False
        if stopped.is_set():
            return True
        if self._away:
            self._away = False
            log.warning("the store of budgets answers again")
        now = self._wall()
        for name, total in totals.items():
            budgets[name].share(sums[name], total, now)
        return True

    async def _leave(self, store: BudgetStore) -> None:
        """Write the last sums; if that keeps failing, the store retains the last ones it got.

        Not to a store that is replaced: under its new URL, such as one with another password, it may be the same, to
        which newer sums are written by now. For the same reason they keep this router's name until it ends.
        """
        for _ in range(LAST_EXCHANGES):
            with suppress(Exception):
                await store.exchange(self._sums(self._budgets()), self._scope)
                if self._ending:
                    await store.leave()
                break
            await asyncio.sleep(AGAIN_SECONDS)

    def _sums(self, budgets: Mapping[str, BudgetAccount]) -> dict[str, RouterSpend]:
        now = self._wall()
        return {name: account.here(now) for name, account in budgets.items()}

    def _lose(self, problem: str = "") -> None:
        """Use this router's own parts."""
        for account in self._budgets().values():
            account.shared = False
        if problem and not self._away:
            self._away = True
            log.warning("the store of budgets does not answer (%s); this router uses its share of each", problem)
