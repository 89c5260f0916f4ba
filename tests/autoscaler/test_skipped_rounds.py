"""A deployment that a round leaves out is scraped on: its samples, and connections to them, outlast it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import pytest

from fairlead.autoscaler import loop
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.sample import PodSample, RouterView
from fairlead.autoscaler.samples.sample_source import SampleSource
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.cluster import kinds
from fairlead.cluster.kinds import Resource
from fairlead.fleet.engine_load import EngineLoad
from tests.autoscaler.fleets import Clock, Fleet, PretendSource, deployment, policy

CHAT = {"chat-engine-0", "chat-router-0"}
BOTH = CHAT | {"code-engine-0", "code-router-0"}


async def changes(fleet: Fleet) -> None:
    """Change both specs at once."""
    for name in ("chat", "code"):
        document = deployment(name)
        fleet.world.receive(document | {"metadata": document["metadata"] | {"generation": 2}})
    await fleet.rounds(1)


def run_story(story: Callable[[Fleet], Awaitable[None]]) -> None:
    async def report() -> None:
        fleet = Fleet()
        fleet.world.receive(policy())
        fleet.deploy()
        fleet.deploy("code")
        await fleet.rounds(6)
        await story(fleet)
        await fleet.sources.close()

    asyncio.run(report())


def scraped(fleet: Fleet) -> set[str]:
    return {one.name for one in fleet.source.targets}


def drop(fleet: Fleet, resource: Resource, name: str) -> None:
    """Let somebody delete it."""
    stored = fleet.world.of(resource).find("team", name)
    assert stored is not None
    fleet.world.of(resource).drop(stored)


def test_while_a_round_has_no_time_left_to_read_changed_specs_their_pods_are_scraped_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story(fleet: Fleet) -> None:
        with monkeypatch.context() as hurried:
            hurried.setattr(loop, "READING_S", -1.0)
            await changes(fleet)
        assert [one.generation for one in fleet.loop.states.values()] == [1, 1]
        assert scraped(fleet) == BOTH
        await fleet.rounds(1)
        assert [one.generation for one in fleet.loop.states.values()] == [2, 2]

    run_story(story)


def test_while_a_policy_is_made_anew_its_pods_are_scraped_on() -> None:
    async def story(fleet: Fleet) -> None:
        drop(fleet, kinds.AUTOSCALING_POLICY, "queue")
        await fleet.rounds(1)
        assert fleet.scaling()["reason"] == "NoPolicy"
        assert scraped(fleet) == BOTH

    run_story(story)


@dataclass
class SlowSource(PretendSource):
    """Has no sample of a pod in the round in which it begins to follow it, as a scraper has none."""

    new: frozenset[str] = frozenset()

    def follow(self, targets: Iterable[ScrapeTarget]) -> None:
        before = {one.uid for one in self.targets}
        super().follow(targets)
        self.new = frozenset(one.uid for one in self.targets) - before

    def engine(self, uid: str) -> PodSample[EngineLoad]:
        return PodSample() if uid in self.new else super().engine(uid)

    def router(self, uid: str) -> PodSample[RouterView]:
        return PodSample() if uid in self.new else super().router(uid)


def test_a_fleet_that_waits_to_shrink_does_not_wait_anew_because_its_policy_was_made_anew() -> None:
    async def report() -> None:
        fleet = Fleet(sample_source=SlowSource)
        short = policy(behavior={"scaleDown": {"stabilizationWindowSeconds": 60}})
        fleet.world.receive(short)
        fleet.deploy()
        fleet.source.waiting = 6.0
        await fleet.rounds(10)
        assert fleet.scaling()["recommended"] == 3
        fleet.source.waiting = 0.0
        await fleet.rounds(50)
        drop(fleet, kinds.AUTOSCALING_POLICY, "queue")
        await fleet.rounds(1)
        fleet.world.receive(short | {"metadata": short["metadata"] | {"uid": "uid-of-the-next"}})
        await fleet.rounds(20)
        assert fleet.scaling()["recommended"] < 3
        await fleet.sources.close()

    asyncio.run(report())


def test_while_a_policy_is_made_anew_the_queries_of_its_prometheus_go_on() -> None:
    made: list[SampleSource] = []

    def connected(_: PrometheusServer) -> SampleSource:
        made.append(PretendSource(Clock()))
        return made[-1]

    async def report() -> None:
        fleet = Fleet(prometheus=connected)
        querying = policy(metrics={"source": "Prometheus", "prometheus": {"url": "http://prometheus"}})
        fleet.world.receive(querying)
        fleet.deploy()
        await fleet.rounds(6)
        drop(fleet, kinds.AUTOSCALING_POLICY, "queue")
        await fleet.rounds(3)
        fleet.world.receive(querying | {"metadata": querying["metadata"] | {"uid": "uid-of-the-next"}})
        await fleet.rounds(3)
        assert len(made) == 1
        await fleet.sources.close()

    asyncio.run(report())


def test_without_scaling_or_without_the_deployment_nothing_is_scraped() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.world.receive(deployment("chat", spec={"replicas": 2}))
        await fleet.rounds(1)
        assert scraped(fleet) == BOTH - CHAT
        drop(fleet, kinds.INFERENCE_DEPLOYMENT, "code")
        await fleet.rounds(1)
        assert scraped(fleet) == set()

    run_story(story)


def test_a_spec_that_cannot_be_read_for_a_while_keeps_the_scrapes_of_its_pods() -> None:
    async def story(fleet: Fleet) -> None:
        fleet.subjects["chat"] = None
        await changes(fleet)
        await fleet.rounds(2)
        assert fleet.loop.states["uid-chat"].subject is None
        assert scraped(fleet) == BOTH

    run_story(story)
