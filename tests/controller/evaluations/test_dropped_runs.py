"""Pods of dropped runs are ended beside each other; what is refused is tried again after longer pauses."""

import asyncio
import logging

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, of_answer
from fairlead.cluster.kinds import Manifest
from fairlead.controller.evaluations import dropped_runs, quality_runs
from tests.controller.evaluations.test_runners import Programs
from tests.controller.recording_runs import of_another
from tests.controller.server import PretendServer


class Deletions(PretendServer):
    """An API server that lets the deletion of some pods hang, refuses it, or has a bug with it."""

    def __init__(self, world: Programs) -> None:
        super().__init__(world.objects)
        self.printed = world.kube.printed
        self.hanging: set[str] = set()
        self.refused: set[str] = set()
        self.broken: set[str] = set()
        self.tries = 0
        world.server = self
        world.restart()

    async def remove(
        self, manifest: Manifest, *, uid: str, resource_version: str | None = None, grace_seconds: int | None = None
    ) -> bool:
        """Delete."""
        name = manifest["metadata"]["name"]
        if name in self.hanging:
            await asyncio.Event().wait()
        if name in self.broken:
            raise KeyError(name)
        if name in self.refused:
            self.tries += 1
            request = ApiRequest(verb="delete", resource=kinds.POD, namespace="default", name=name)
            raise of_answer(request, 403, b"{}")
        return await super().remove(manifest, uid=uid, resource_version=resource_version, grace_seconds=grace_seconds)


def at_work() -> tuple[Programs, Deletions, str]:
    """Two canaries with a pod at work; the other one's pod."""
    world = Programs()
    server = Deletions(world)
    while not world.pods():
        world.steps()
    other = of_another(world.question, "stuck")
    world.runs.verdict(other)
    world.run(world.runs.advance(other.uid))
    (name,) = {one["metadata"]["name"] for one in world.pods() if one["metadata"]["name"].startswith("stuck")}
    world.runs.forget(other.uid)
    return world, server, name


def left(world: Programs) -> set[str]:
    """The pods that are not being deleted."""
    return {one["metadata"]["name"] for one in world.pods() if "deletionTimestamp" not in one["metadata"]}


async def followed(world: Programs, seconds: float) -> None:
    """Follow the runs for a while."""
    task = asyncio.create_task(world.runs.follow())
    await asyncio.sleep(seconds)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pauses of seconds."""
    monkeypatch.setattr(quality_runs, "PAUSE_S", 0.001)


def test_a_deletion_that_hangs_delays_no_other_and_ends_with_the_process() -> None:
    world, server, stuck = at_work()
    server.hanging.add(stuck)
    (other,) = left(world) - {stuck}
    world.runs.forget(world.question.uid)
    asyncio.run(asyncio.wait_for(followed(world, 0.1), 20))
    assert left(world) == {stuck}
    assert other not in left(world)


def test_a_deletion_that_is_refused_is_tried_again_after_longer_pauses(caplog: pytest.LogCaptureFixture) -> None:
    world, server, stuck = at_work()
    server.refused.add(stuck)
    with caplog.at_level(logging.WARNING):
        asyncio.run(followed(world, 0.2))
    assert server.tries == 1
    assert len([one for one in caplog.messages if "could not be ended yet" in one]) == 1
    server.refused.clear()
    world.run(world.runs.close())
    assert stuck not in left(world)


def test_pauses_grow_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropped_runs, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(dropped_runs, "LONGEST_PAUSE_S", 0.04)
    world, server, stuck = at_work()
    server.refused.add(stuck)
    asyncio.run(followed(world, 0.3))
    assert 2 <= server.tries <= 10, "30 without longer pauses"


def test_an_internal_error_is_logged_and_stops_no_other_run(caplog: pytest.LogCaptureFixture) -> None:
    world, server, stuck = at_work()
    server.broken.add(stuck)
    world.runs.forget(world.question.uid)
    asyncio.run(followed(world, 0.1))
    assert "an internal error of Fairlead in an evaluation; please report it" in caplog.text
    assert left(world) == {stuck}
