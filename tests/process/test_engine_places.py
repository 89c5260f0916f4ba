"""Slots at pods: one beside users, more on an idle one, none where users wait; and they are returned."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest

from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods.pod_client import PodClient
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from fairlead.process import engine_places
from fairlead.process.engine_places import EnginePlaces, RunSide

OLD = ({"metadata": {"uid": "a"}}, {"metadata": {"uid": "b"}})


@dataclass
class Engines(PodClient):
    """Pods with users' requests."""

    running: dict[str, float] = field(default_factory=lambda: {"a": 5.0, "b": 5.0})
    waiting: dict[str, float] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    scrapes: int = 0

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:  # noqa: ARG002
        self.scrapes += 1
        uid = pod["metadata"]["uid"]
        if uid in self.silent:
            return None
        return EngineLoad(engines=1, running=self.running[uid], waiting=self.waiting.get(uid, 0.0))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_places, "RETRY_S", 0.001)
    monkeypatch.setattr(engine_places, "SCRAPED_FOR_S", 0.0)


def side(*pods: Manifest) -> RunSide:
    return RunSide(pods=pods or OLD, kind=EngineKind.SIMULATED)


async def taken(places: EnginePlaces, engines: Engines, tried: Collection[str] = ()) -> str:
    async with asyncio.timeout(10):
        pod = await places.take(engines, side, tried)
    assert pod is not None
    return str(pod["metadata"]["uid"])


def test_two_requests_go_to_two_pods_of_users_and_the_third_waits_for_an_end() -> None:
    async def story() -> None:
        places, engines = EnginePlaces(), Engines()
        assert sorted([await taken(places, engines) for _ in range(2)]) == ["a", "b"]
        third = asyncio.create_task(taken(places, engines))
        await asyncio.sleep(0.02)
        assert not third.done()
        places.give_back("b")
        assert await third == "b"

    asyncio.run(story())


def test_an_idle_pod_takes_a_whole_round() -> None:
    async def story() -> None:
        places, engines = EnginePlaces(), Engines(running={"a": 0.0, "b": 5.0})
        assert [await taken(places, engines) for _ in range(6)].count("a") == 5
        assert places.ours == {"a": 5, "b": 1}

    asyncio.run(story())


def test_nothing_is_sent_while_users_wait_everywhere_and_then_it_goes_on() -> None:
    async def story() -> None:
        places, engines = EnginePlaces(), Engines(waiting={"a": 1.0, "b": 2.0})
        assert await places.are_full(engines, side())
        waits = asyncio.create_task(taken(places, engines))
        await asyncio.sleep(0.02)
        assert not waits.done()
        engines.waiting["b"] = 0.0
        assert await waits == "b"
        assert not await places.are_full(engines, side())

    asyncio.run(story())


def test_a_pod_that_does_not_report_is_chosen_last_and_counts_as_one_with_users() -> None:
    async def story() -> None:
        places, engines = EnginePlaces(), Engines(silent={"a"})
        assert [await taken(places, engines) for _ in range(2)] == ["b", "a"]
        assert not await places.are_full(engines, side()), "it may well have room"

    asyncio.run(story())


def test_a_tried_pod_is_chosen_last_and_without_pods_or_a_run_there_is_no_slot() -> None:
    async def story() -> None:
        places, engines = EnginePlaces(), Engines()
        assert await taken(places, engines, tried={"a"}) == "b"
        assert await places.take(engines, lambda: RunSide(pods=(), kind=EngineKind.SIMULATED)) is None
        assert await places.take(engines, lambda: None) is None
        assert not await places.are_full(engines, RunSide(pods=(), kind=EngineKind.SIMULATED))

    asyncio.run(story())


def test_a_round_scrapes_each_pod_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_places, "SCRAPED_FOR_S", 60.0)

    async def story() -> None:
        places, engines = EnginePlaces(), Engines(running={"a": 0.0, "b": 0.0})
        for _ in range(8):
            await taken(places, engines)
        assert engines.scrapes == 2

    asyncio.run(story())
