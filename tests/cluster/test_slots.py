"""Slots in flight: one namespace never has all of them, and none is lost."""

import asyncio

import pytest

from fairlead.cluster import slots
from fairlead.cluster.slots import NamespaceSlots


@pytest.mark.parametrize(("all_of_them", "most"), [(1, 1), (2, 2), (3, 3), (4, 3), (8, 6), (16, 12)])
def test_one_namespace_gets_three_quarters_and_at_least_one(all_of_them: int, most: int) -> None:
    assert slots.of_one_namespace(all_of_them) == most


def test_what_hangs_in_one_namespace_delays_no_other() -> None:
    async def story() -> None:
        held, go_on = NamespaceSlots(4), asyncio.Event()
        inside: list[str] = []

        async def use(namespace: str, until: asyncio.Event | None = None) -> None:
            async with held.taken(namespace):
                inside.append(namespace)
                if until is not None:
                    await until.wait()

        stuck = [asyncio.create_task(use("stuck", go_on)) for _ in range(10)]
        await asyncio.sleep(0)
        for _ in range(20):
            await use("fine")
        assert inside.count("stuck") == 3
        go_on.set()
        await asyncio.gather(*stuck)
        assert inside.count("stuck") == 10

    asyncio.run(asyncio.wait_for(story(), 20))


def test_all_namespaces_together_have_no_more_than_there_are() -> None:
    async def story() -> None:
        held, at_once, most = NamespaceSlots(4), 0, 0

        async def use(number: int) -> None:
            nonlocal at_once, most
            async with held.taken(f"team-{number % 5}"):
                at_once += 1
                most = max(most, at_once)
                await asyncio.sleep(0)
                at_once -= 1

        await asyncio.gather(*(use(number) for number in range(100)))
        assert most == 4

    asyncio.run(asyncio.wait_for(story(), 20))


def test_one_that_is_cancelled_while_it_waits_or_works_leaves_its_slot() -> None:
    async def story() -> None:
        held = NamespaceSlots(1)

        async def use(until: asyncio.Event) -> None:
            async with held.taken("team"):
                await until.wait()

        never = asyncio.Event()
        tasks = [asyncio.create_task(use(never)) for _ in range(3)]
        await asyncio.sleep(0)
        for one in tasks:
            one.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        go = asyncio.Event()
        go.set()
        await use(go)

    asyncio.run(asyncio.wait_for(story(), 20))
