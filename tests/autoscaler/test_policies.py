"""Policies: what is refused holds the count, and no effect is lost although a whole fleet scales at once."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from fairlead.autoscaler.decision_facts import ScalingCase
from fairlead.autoscaler.policy_effects import EffectWriter
from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, Unreachable
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import ScalingPolicy
from tests.autoscaler.fleets import SUBJECT, Fleet, PretendServer, PretendWorld, deployment, policy


def test_a_schedule_in_a_time_zone_that_does_not_exist_holds_as_the_controller_reports() -> None:
    async def story() -> None:
        fleet = Fleet()
        window = {"name": "day", "cron": "0 8 * * 1-5", "timeZone": "Europe/Atlantis", "duration": "10h"}
        fleet.world.receive(policy(schedules=[window | {"minReplicas": 3}]))
        fleet.deploy()
        fleet.source.waiting = 6.0
        await fleet.rounds(6)
        assert (fleet.scaling()["recommended"], fleet.scaling()["reason"]) == (1, "NoPolicy")
        assert "cannot work: spec.schedules[0].timeZone: Europe/Atlantis" in fleet.scaling()["message"]
        existing_zone = policy(schedules=[window | {"minReplicas": 3, "timeZone": "Europe/Berlin"}])
        existing_zone["metadata"]["generation"] = 2
        fleet.world.receive(existing_zone)
        await fleet.rounds(3)
        assert fleet.scaling()["recommended"] == 3
        await fleet.sources.close()

    asyncio.run(story())


@dataclass
class SlowServer(PretendServer):
    """Answers a moment later, and its watch brings writes only when the test says so."""

    stored: Manifest = field(default_factory=policy)
    writes: int = 0

    async def apply(
        self, manifest: Manifest, *, manager: str = "", force: bool = True, subresource: str | None = None
    ) -> Manifest:
        assert (manager, force, subresource) == ("fairlead-autoscaler", True, "status")
        await asyncio.sleep(0)
        if self.refusal is not None:
            raise self.refusal
        self.writes += 1
        version = str(1_000_000 + self.writes)
        metadata = self.stored["metadata"] | {"resourceVersion": version}
        self.stored = self.stored | {"metadata": metadata, "status": manifest["status"]}
        return self.stored

    def watch(self) -> None:
        """Deliver what is stored."""
        self.world.of(kinds.AUTOSCALING_POLICY).put(self.stored)

    def effects(self) -> list[str]:
        """The deployments of all effects, newest first."""
        return [one["deployment"] for one in self.stored["status"]["effects"]]


def run_story(story: Callable[[SlowServer, Callable[..., Awaitable[None]]], Awaitable[None]]) -> None:
    async def report() -> None:
        server = SlowServer(PretendWorld())
        server.stored = server.world.receive(policy())
        writer = EffectWriter(server, server.world)

        async def scale(*some: str) -> None:
            """Scale all of these at once."""
            found: dict[str, Any] = {"decisions": [{"at": "now", "after": 2, "reason": "QueueDepth"}]}
            cases = [ScalingCase(document=deployment(one), subject=SUBJECT, policy=ScalingPolicy()) for one in some]
            await asyncio.gather(*(writer.record(one, found) for one in cases))

        await story(server, scale)

    asyncio.run(report())


def test_the_effects_of_a_fleet_that_scales_at_once_are_all_written_in_few_writes() -> None:
    async def story(server: SlowServer, scale: Callable[..., Awaitable[None]]) -> None:
        await scale("one", "two", "three", "four")
        assert server.effects() == ["four", "three", "two", "one"]
        assert server.writes == 2

    run_story(story)


def test_an_effect_that_the_watch_has_not_brought_yet_is_kept() -> None:
    async def story(server: SlowServer, scale: Callable[..., Awaitable[None]]) -> None:
        await scale("one")
        await scale("two")
        assert server.effects() == ["two", "one"]
        server.stored = server.stored | {"status": {"effects": []}}
        server.stored["metadata"]["resourceVersion"] = "2000000"
        server.watch()
        await scale("three")
        assert server.effects() == ["three"], "another process wrote later than we did"

    run_story(story)


def test_effects_that_cannot_be_written_are_dropped_and_later_ones_are_written() -> None:
    async def story(server: SlowServer, scale: Callable[..., Awaitable[None]]) -> None:
        server.refusal = Unreachable(ApiRequest(verb="patch", resource=kinds.AUTOSCALING_POLICY), 0, {})
        await scale("one")
        server.refusal = None
        await scale("two")
        assert server.effects() == ["two"]

    run_story(story)


def test_the_effects_of_a_policy_that_was_deleted_are_not_those_of_the_next_of_its_name() -> None:
    async def story(server: SlowServer, scale: Callable[..., Awaitable[None]]) -> None:
        await scale("one")
        server.world.of(kinds.AUTOSCALING_POLICY).drop(server.stored)
        await scale("two")
        assert server.effects() == ["one"]
        again = policy()
        again["metadata"]["uid"] = "uid-of-the-next"
        again["metadata"]["resourceVersion"] = "3000000"
        server.stored = again
        server.watch()
        await scale("three")
        assert server.effects() == ["three"]

    run_story(story)
