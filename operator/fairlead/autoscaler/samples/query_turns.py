"""Turns of queries that block: each runs in a thread of its own, and a namespace has only a few at once.

A server that answers slowly, or never, so delays queries of its own namespace alone: threads of a shared pool would all
wait for such servers, and every namespace with them.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Final, TypeVar
from weakref import WeakValueDictionary

AT_ONCE: Final = 2
"""Queries of one namespace: one slow server does not stop the others of its namespace."""

Answer = TypeVar("Answer")


class QueryTurns:
    """The turns of all namespaces."""

    def __init__(self) -> None:
        self._free: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def run(self, namespace: str, work: Callable[[], Answer]) -> Answer:
        """Run it in a thread once the namespace has a turn; the turn ends with the thread, even if this task ended."""
        free = self._free.get(namespace)
        if free is None:
            free = self._free[namespace] = asyncio.Semaphore(AT_ONCE)
        await free.acquire()
        loop, outcome = asyncio.get_running_loop(), Future[Answer]()

        def end(_: object) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile, and with it all turns
                loop.call_soon_threadsafe(free.release)

        outcome.add_done_callback(end)
        outcome.set_running_or_notify_cancel()
        threading.Thread(target=_settle, args=(outcome, work), name=f"query of {namespace}", daemon=True).start()
        return await asyncio.wrap_future(outcome)


def _settle(outcome: Future[Answer], work: Callable[[], Answer]) -> None:
    try:
        found = work()
    except Exception as problem:  # noqa: BLE001 - passed on to the task that waits
        outcome.set_exception(problem)
    else:
        outcome.set_result(found)
