"""A namespace in which reconciles hang leaves workers to all others, and loses no key itself."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from fairlead.controller.work_queue import ReconcileOutcome, WorkQueue
from fairlead.review.context import ObjectKey
from tests.controller.test_work_queue import Middle, quiet


def key(namespace: str, number: int) -> ObjectKey:
    return ObjectKey("InferenceDeployment", namespace, f"model-{number}")


class Hanging:
    """Reconciles of some namespaces hang until they may go on."""

    def __init__(self, *namespaces: str) -> None:
        self.namespaces = namespaces
        self.go_on = asyncio.Event()
        self.begun: list[ObjectKey] = []
        self.done: list[ObjectKey] = []
        self.at_once = 0

    async def __call__(self, one: ObjectKey) -> ReconcileOutcome:
        """Reconcile once."""
        self.begun.append(one)
        self.at_once += 1
        await (self.go_on.wait() if one.namespace in self.namespaces else asyncio.sleep(0))
        self.at_once -= 1
        self.done.append(one)
        return ReconcileOutcome()


@asynccontextmanager
async def running(queue: WorkQueue) -> AsyncIterator[None]:
    """Run its workers until the story ends."""
    task = asyncio.create_task(queue.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def of(some: Sequence[ObjectKey], namespace: str) -> list[ObjectKey]:
    return [one for one in some if one.namespace == namespace]


def test_a_webhook_that_hangs_in_one_namespace_delays_no_other() -> None:
    async def story() -> None:
        work = Hanging("stuck")
        queue = WorkQueue(work=work, chance=Middle(), workers=16)
        async with running(queue):
            for number in range(100):
                queue.wake(key("stuck", number))
            await quiet()
            assert work.at_once == 12
            for number in range(100):
                queue.wake(key("fine", number))
            await quiet(2000)
            assert len(of(work.done, "fine")) == 100
            assert queue.depth == 88
            assert not of(work.done, "stuck")
            work.go_on.set()
            await quiet(2000)
            assert of(work.begun, "stuck") == [key("stuck", number) for number in range(100)], "each once, in turn"
            assert queue.depth == 0

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_key_that_was_set_aside_and_woken_again_runs_once() -> None:
    async def story() -> None:
        work = Hanging("stuck")
        queue = WorkQueue(work=work, chance=Middle(), workers=4)
        async with running(queue):
            for number in range(8):
                queue.wake(key("stuck", number))
            await quiet()
            for number in range(8):
                queue.wake(key("stuck", number), -1.0)
            await quiet()
            work.go_on.set()
            await quiet(400)
            assert sorted(of(work.done, "stuck")) == sorted(
                [key("stuck", number) for number in range(8)] + [key("stuck", number) for number in range(3)]
            ), "those that ran meanwhile once more"

    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_single_worker_serves_every_namespace() -> None:
    async def story() -> None:
        work = Hanging()
        queue = WorkQueue(work=work, chance=Middle(), workers=1)
        async with running(queue):
            for number in range(6):
                queue.wake(key(f"team-{number % 2}", number))
            await quiet(200)
            assert len(work.done) == 6

    asyncio.run(asyncio.wait_for(story(), 20))


@given(
    wakes=st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5), st.integers(0, 3)), max_size=60),
    workers=st.integers(1, 8),
    stuck=st.sets(st.sampled_from("abc"), max_size=1),
)
def test_every_woken_key_of_a_namespace_that_does_not_hang_always_runs(
    wakes: list[tuple[str, int, int]], workers: int, stuck: set[str]
) -> None:
    async def story() -> None:
        work = Hanging(*stuck)
        queue = WorkQueue(work=work, chance=Middle(), workers=workers)
        async with running(queue):
            for namespace, number, turns in wakes:
                queue.wake(key(namespace, number))
                await quiet(turns)
            await quiet(40 * len(wakes) + 10)
            woken = {key(namespace, number) for namespace, number, _ in wakes}
            if workers > 3 or not stuck:
                assert {one for one in woken if one.namespace not in stuck} <= set(work.done)
            work.go_on.set()
            await quiet(40 * len(wakes) + 10)
            assert set(work.done) == woken
            assert queue.depth == 0

    asyncio.run(asyncio.wait_for(story(), 60))
