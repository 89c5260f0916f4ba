"""Decides which object is reconciled next: each key runs at most once at a time, and again if woken while it runs.

One namespace gets at most three quarters of the workers: where a policy's webhook hangs, all reconciles of its
namespace do too, and those of others go on.

Knows keys, due times and back-off, but not what a key stands for. Other modules wake keys.
"""

import asyncio
import heapq
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from fairlead.cluster import slots
from fairlead.review.context import ObjectKey

FIRST_RETRY_S: Final = 1.0
LONGEST_RETRY_S: Final = 300.0
MIN_AFTER_FAILURE_S: Final = 5.0
"""An event may shorten a back-off to this and no further: a failing object's own events must not make it spin, and a
corrected spec should not wait for minutes."""
WORKERS: Final = 16
"""A reconcile mostly waits for the API server; more workers than it serves at once would only wait there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconcileOutcome:
    """How one reconcile ended: done, due again at a later time, or failed and to be retried."""

    after_s: float | None = None
    """Seconds until the next reconcile unless the key is woken earlier."""
    failed: str = ""
    """Why it failed; it is retried with growing back-off. Empty: it succeeded."""
    not_before_s: float = 0.0
    """How long an overloaded API server wants to be left alone after a failure."""
    gone: bool = False
    """The object is deleted or being deleted: no further reconcile unless its key is woken."""


class JitterSource(Protocol):
    """The part of `random.Random` that jitter needs."""

    def uniform(self, a: float, b: float) -> float:
        """Return a random number."""


@dataclass(slots=True)
class WorkQueue:
    """The keys that wait, the keys that run, and the worker tasks."""

    work: Callable[[ObjectKey], Awaitable[ReconcileOutcome]]
    chance: JitterSource
    workers: int = WORKERS
    clock: Callable[[], float] = time.monotonic
    _due: dict[ObjectKey, float] = field(default_factory=dict)
    _heap: list[tuple[float, ObjectKey]] = field(default_factory=list)
    _set_aside: dict[str, deque[tuple[float, ObjectKey]]] = field(default_factory=dict)
    """By namespace, due keys that wait until one of the same namespace ends."""
    _running: dict[ObjectKey, float] = field(default_factory=dict)
    _running_of: Counter[str] = field(default_factory=Counter)
    _failures: dict[ObjectKey, int] = field(default_factory=dict)
    _not_before: dict[ObjectKey, float] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def wake(self, key: ObjectKey, after_s: float = 0.0) -> None:
        """Reconcile this key now, or after some seconds; the earliest time wins."""
        due = max(self.clock() + after_s, self._not_before.get(key, 0.0))
        if key in self._due and self._due[key] <= due:
            return
        self._due[key] = due
        heapq.heappush(self._heap, (due, key))
        self._changed.set()

    @property
    def depth(self) -> int:
        """Return the number of due keys without a worker."""
        return len(self._overdue())

    def oldest_s(self) -> float:
        """Return the longest time that any key has waited or run."""
        begun = [*self._overdue(), *self._running.values()]
        return self.clock() - min(begun) if begun else 0.0

    def _overdue(self) -> list[float]:
        """Return the due times that have passed; a key that waits out a pause is not due."""
        now = self.clock()
        return [due for due in self._due.values() if due <= now]

    async def run(self) -> None:
        """Work until cancelled; running reconciles are cancelled too."""
        try:
            while True:
                self._changed.clear()
                pause = self._start_what_is_due()
                try:
                    async with asyncio.timeout(pause):  # `wait_for` of Python 3.11 may swallow a cancellation
                        await self._changed.wait()
                except TimeoutError:
                    continue
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start_what_is_due(self) -> float | None:
        """Start as many keys as workers allow; return how long until the next is due."""
        later: list[tuple[float, ObjectKey]] = []
        pause = None
        while self._heap and len(self._running) < self.workers:
            due, key = self._heap[0]
            if self._due.get(key) != due:
                heapq.heappop(self._heap)
            elif due > self.clock():
                pause = due - self.clock()
                break
            else:
                heapq.heappop(self._heap)
                if key in self._running:
                    later.append((due, key))
                elif self._running_of[key.namespace] >= slots.of_one_namespace(self.workers):
                    self._set_aside.setdefault(key.namespace, deque()).append((due, key))
                else:
                    self._begin(key)
        for one in later:
            heapq.heappush(self._heap, one)
        return pause

    def _begin(self, key: ObjectKey) -> None:
        del self._due[key]
        self._running[key] = self.clock()
        self._running_of[key.namespace] += 1
        task = asyncio.create_task(self._run_one(key))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _end(self, key: ObjectKey) -> None:
        """Free the worker, and take up the next key of its namespace that was set aside."""
        del self._running[key]
        self._running_of[key.namespace] -= 1
        if not self._running_of[key.namespace]:
            del self._running_of[key.namespace]
        aside = self._set_aside.get(key.namespace, deque())
        while aside:
            due, other = aside.popleft()
            if self._due.get(other) == due:
                heapq.heappush(self._heap, (due, other))
                break
        if not aside:
            self._set_aside.pop(key.namespace, None)
        self._changed.set()

    async def _run_one(self, key: ObjectKey) -> None:
        try:
            outcome = await self.work(key)
        finally:
            self._end(key)
        if outcome.failed:
            times = self._failures[key] = self._failures.get(key, 0) + 1
            pause = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(times - 1, 20)) * self.chance.uniform(0.8, 1.2)
            self._not_before[key] = self.clock() + max(
                min(outcome.not_before_s, LONGEST_RETRY_S), min(pause, MIN_AFTER_FAILURE_S)
            )
            woken = self._due.pop(key, None) is not None  # while it ran
            self.wake(key, 0.0 if woken else pause)
            return
        self._failures.pop(key, None)
        self._not_before.pop(key, None)
        if outcome.after_s is not None:
            self.wake(key, outcome.after_s)
