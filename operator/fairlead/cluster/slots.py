"""Slots for work in flight, of which one namespace gets at most three quarters: what hangs there delays no other."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def of_one_namespace(slots: int) -> int:
    """Return how many of these one namespace may have."""
    return max(1, slots - slots // 4)


class NamespaceSlots:
    """Slots that are waited for, in order of arrival for each namespace."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._all = asyncio.Semaphore(slots)
        self._of: dict[str, asyncio.Semaphore] = {}
        self._users: Counter[str] = Counter()

    @asynccontextmanager
    async def taken(self, namespace: str) -> AsyncIterator[None]:
        """Hold one while the block runs; first one of the namespace's, so that those that wait for it hold no other."""
        own = self._of.setdefault(namespace, asyncio.Semaphore(of_one_namespace(self._slots)))
        self._users[namespace] += 1
        try:
            async with own, self._all:
                yield
        finally:
            self._users[namespace] -= 1
            if not self._users[namespace]:
                del self._users[namespace], self._of[namespace]
