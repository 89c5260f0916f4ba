"""A pod that works for an evaluation goes on through an upgrade of the operator, and while its limits are edited."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects.runner_pods import ADDRESSES
from tests.controller import pretend
from tests.controller.evaluations.test_runners import ITEMS, JOB, Programs, notes, numbered


def at_work() -> Programs:
    """The baseline's pod works and does not end."""
    world = Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    world.steps(3)
    return world


def images(pod: Manifest) -> dict[str, str]:
    """Those of all its containers."""
    return {one["name"]: one["image"] for one in (*pod["spec"]["initContainers"], *pod["spec"]["containers"])}


def test_an_upgraded_operator_gives_a_working_pod_its_addresses_and_no_other_image(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = at_work()
    (before,) = world.pods()
    stale = before["metadata"] | {"annotations": {**notes(before), ADDRESSES: "198.18.0.1"}}
    world.objects.put(kinds.POD, before | {"metadata": stale})
    monkeypatch.setattr(pretend, "PLATFORM", replace(pretend.PLATFORM, image="fairlead:next"))
    world.restart()
    world.steps(3)
    (after,) = world.pods()
    assert notes(after) == notes(before)
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])
    assert images(after)["relay"] == "fairlead:test", "another image restarts the relay in mid-run"
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"
    assert set(world.starts.values()) == {1}


def closed(world: Programs) -> list[Manifest]:
    """The pods that remain once those of dropped runs are ended."""
    world.run(world.runs.close())
    for _ in range(4):
        world.kube.round(world.now)
    return world.pods()


@pytest.mark.parametrize("edit", [{"resources": {"cpu": "2", "memory": "4Gi"}}, {"deadline": "2h"}])
def test_a_pod_at_work_is_kept_when_only_its_resources_or_its_deadline_are_edited(edit: dict[str, Any]) -> None:
    world = at_work()
    (before,) = world.pods()
    world.write(numbered(ITEMS), runner=JOB | edit)
    world.evaluate()
    world.rounds()
    (kept,) = closed(world)
    assert kept["metadata"]["uid"] == before["metadata"]["uid"]
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"
    assert set(world.starts.values()) == {1}, "what a changed deadline does not change is not run again"


@pytest.mark.parametrize("last", [JOB | {"deadline": "3h"}, None])
def test_a_pod_at_work_is_kept_through_edits_in_quick_succession_as_long_as_its_work_is_wanted(
    last: dict[str, Any] | None,
) -> None:
    world = at_work()
    (before,) = world.pods()
    for runner in (JOB | {"deadline": "2h"}, JOB | {"deadline": "2h", "resources": {"memory": "4Gi"}}, last):
        world.write(numbered(ITEMS), **({"runner": JOB, "concurrency": 4} if runner is None else {"runner": runner}))
        world.evaluate()
        world.rounds()
    assert [one["metadata"]["uid"] for one in closed(world)] == [before["metadata"]["uid"]] * (last is not None)


def test_a_pod_that_was_kept_through_an_edit_ends_with_the_canary() -> None:
    world = at_work()
    world.write(numbered(ITEMS), runner=JOB | {"deadline": "2h"})
    world.evaluate()
    world.rounds()
    assert len(closed(world)) == 1
    world.order("abort")
    world.rounds(3)
    assert closed(world) == []


def test_a_pod_that_failed_is_made_anew_when_it_gets_more_memory() -> None:
    world = Programs()
    world.kube.programs["-baseline"] = lambda _: (137, "killed")
    assert world.until("Error")["reason"] == "RunnerFailed"
    world.write(numbered(ITEMS), runner=JOB | {"resources": {"memory": "4Gi"}})
    world.evaluate()
    world.rounds()
    assert closed(world) == []
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"


def test_another_concurrency_begins_a_new_pod() -> None:
    world = at_work()
    world.write(numbered(ITEMS), runner=JOB, concurrency=4)
    world.evaluate()
    world.rounds()
    assert closed(world) == []
