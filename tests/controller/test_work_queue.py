"""Keys take turns: fair, never two at once for one, a stuck one blocks no other, a failing one waits longer."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from fairlead.controller.work_queue import LONGEST_RETRY_S, MIN_AFTER_FAILURE_S, ReconcileOutcome, WorkQueue
from fairlead.review.context import ObjectKey


def key(name: str) -> ObjectKey:
    """A deployment's key."""
    return ObjectKey("InferenceDeployment", "default", name)


class Middle:
    """Jitter without effect."""

    def uniform(self, a: float, b: float) -> float:
        """Half-way."""
        return (a + b) / 2


class Clock:
    """A manual clock."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Work:
    """Counts what runs, and what runs at once; keeps some keys running, and fails some."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.order: list[str] = []
        self.at_once: Counter[str] = Counter()
        self.max_at_once = 0
        self.held: dict[str, asyncio.Event] = {}
        self.outcomes: dict[str, ReconcileOutcome] = {}

    async def __call__(self, one: ObjectKey) -> ReconcileOutcome:
        """Reconcile once."""
        self.at_once[one.name] += 1
        self.max_at_once = max(self.max_at_once, self.at_once[one.name])
        self.order.append(one.name)
        await (self.held[one.name].wait() if one.name in self.held else asyncio.sleep(0))
        self.at_once[one.name] -= 1
        self.done[one.name] += 1
        return self.outcomes.get(one.name, ReconcileOutcome())


Story = Callable[[WorkQueue, Work, Clock], Coroutine[Any, Any, None]]


def run_story(story: Story, workers: int = 16) -> None:
    """Run a test with a running queue."""

    async def whole() -> None:
        work, clock = Work(), Clock()
        queue = WorkQueue(work=work, chance=Middle(), workers=workers, clock=clock)
        running = asyncio.create_task(queue.run())
        try:
            async with asyncio.timeout(5):
                await story(queue, work, clock)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(whole())


async def quiet(turns: int = 50) -> None:
    """Let the loop run."""
    for _ in range(turns):
        await asyncio.sleep(0)


def test_one_hot_key_keeps_none_of_five_hundred_waiting() -> None:
    """It is woken again each time it ran, and the others come in the order in which they were added."""

    async def story(queue: WorkQueue, work: Work, __: Clock) -> None:
        work.outcomes["hot"] = ReconcileOutcome(after_s=0.0)
        queue.wake(key("hot"))
        for number in range(500):
            queue.wake(key(f"{number:03d}"))
        while sum(work.done.values()) - work.done["hot"] < 500:
            await asyncio.sleep(0)
        assert work.done["hot"] <= 501
        assert {name for name, times in work.done.items() if times == 1} >= {f"{number:03d}" for number in range(500)}

    run_story(story, workers=4)


def test_an_overloaded_api_server_is_left_alone_as_long_as_it_wants_whatever_wakes_the_key() -> None:
    """P12: otherwise each failing object would prolong the overload."""

    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        async def after(seconds: float) -> int:
            clock.now += seconds
            for name in ("a", "another, so that the queue looks at its clock"):
                queue.wake(key(name))
            await quiet()
            return work.done["a"]

        work.outcomes["a"] = ReconcileOutcome(failed="429", not_before_s=30.0)
        work.held["a"] = asyncio.Event()
        assert await after(0) == 0
        assert await after(0) == 0, "woken while it runs"
        work.held.pop("a").set()
        assert [await after(seconds) for seconds in (0, 6, 23, 1)] == [1, 1, 1, 2]
        work.outcomes["a"] = ReconcileOutcome(failed="429", not_before_s=1e9)
        assert [await after(seconds) for seconds in (30, LONGEST_RETRY_S - 1, 1)] == [3, 3, 4]

    run_story(story)


def test_a_key_woken_while_it_runs_runs_once_more_after() -> None:
    async def story(queue: WorkQueue, work: Work, __: Clock) -> None:
        work.held["a"] = asyncio.Event()
        queue.wake(key("a"))
        await quiet()
        for _ in range(7):
            queue.wake(key("a"))
        await quiet()
        assert (work.order, queue.depth) == (["a"], 1)
        work.held.pop("a").set()
        await quiet()
        assert (work.order, work.max_at_once, queue.depth) == (["a", "a"], 1, 0)

    run_story(story)


def test_a_stuck_key_blocks_no_other_and_its_age_is_reported() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        work.held["stuck"] = asyncio.Event()
        queue.wake(key("stuck"))
        await quiet()
        clock.now += 301
        for name in ("a", "b", "c"):
            queue.wake(key(name))
        await quiet()
        assert dict(work.done) == {"a": 1, "b": 1, "c": 1}
        assert queue.oldest_s() == 301

    run_story(story, workers=2)


def test_no_more_run_at_once_than_there_are_workers() -> None:
    async def story(queue: WorkQueue, work: Work, __: Clock) -> None:
        for name in ("a", "b", "c"):
            work.held[name] = asyncio.Event()
            queue.wake(key(name))
        await quiet()
        assert (work.order, queue.depth) == (["a", "b"], 1)
        work.held["a"].set()
        await quiet()
        assert work.order == ["a", "b", "c"]

    run_story(story, workers=2)


def test_a_failing_key_waits_twice_as_long_each_time_and_is_forgiven() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        async def later(seconds: float) -> int:
            clock.now += seconds
            queue.wake(key("another, so that the queue looks at its clock"))
            await quiet()
            return work.done["a"]

        work.outcomes["a"] = ReconcileOutcome(failed="no")
        queue.wake(key("a"))
        await quiet()
        for times, pause in enumerate((1, 2, 4, 8, 16, 32, 64, 128, 256, LONGEST_RETRY_S, LONGEST_RETRY_S), 1):
            assert await later(pause - 0.5) == times, pause
            assert await later(0.5) == times + 1, pause
        work.outcomes.clear()
        assert await later(LONGEST_RETRY_S) == 13
        work.outcomes["a"] = ReconcileOutcome(failed="no")
        queue.wake(key("a"))
        assert [await later(seconds) for seconds in (0, 0.5, 0.5)] == [14, 14, 15], "it waits as after a first failure"

    run_story(story)


def test_an_event_shortens_a_back_off_only_so_far() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        work.outcomes["a"] = ReconcileOutcome(failed="no")
        queue.wake(key("a"))
        await quiet()
        for pause in (1, 2, 4, 8, 16, 32, 64, 128):
            clock.now += pause
            queue.wake(key("b"))
            await quiet()
        done = work.done["a"]
        assert done == 9
        queue.wake(key("a"))
        await quiet()
        assert (work.done["a"], queue.depth, queue.oldest_s()) == (done, 0, 0.0), "it waits out its least pause"
        clock.now += MIN_AFTER_FAILURE_S
        queue.wake(key("b"))
        await quiet()
        assert work.done["a"] == done + 1

    run_story(story)


def test_a_key_whose_time_comes_while_all_workers_are_busy_is_overdue_from_then_on() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        work.held["busy"] = asyncio.Event()
        queue.wake(key("later"), 60)
        queue.wake(key("busy"))
        await quiet()
        clock.now += 59
        assert queue.depth == 0
        clock.now += 6
        queue.wake(key("now"))
        await quiet()
        assert (work.order, queue.depth) == (["busy"], 2)
        work.held.pop("busy").set()
        await quiet()
        assert (work.order, queue.depth, queue.oldest_s()) == (["busy", "later", "now"], 0, 0.0)

    run_story(story, workers=1)


def test_the_earliest_requested_time_wins() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        queue.wake(key("a"), 60)
        queue.wake(key("a"), 10)
        queue.wake(key("a"), 30)
        await quiet()
        clock.now += 10
        queue.wake(key("b"))
        await quiet()
        assert work.order == ["a", "b"]
        assert queue.oldest_s() == 0.0

    run_story(story)


def test_a_due_moment_comes_without_being_woken() -> None:
    async def story(queue: WorkQueue, work: Work, clock: Clock) -> None:
        queue.wake(key("a"), 0.01)
        await quiet()
        clock.now += 1
        while not work.done["a"]:
            await asyncio.sleep(0.005)

    run_story(story)


def test_what_runs_when_the_queue_ends_is_cancelled() -> None:
    work = Work()

    async def whole() -> None:
        work.held["a"] = asyncio.Event()
        queue = WorkQueue(work=work, chance=Middle())
        queue.wake(key("a"))
        running = asyncio.create_task(queue.run())
        await quiet()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (queue.depth, queue.oldest_s(), work.done) == (0, 0.0, Counter())

    asyncio.run(whole())
