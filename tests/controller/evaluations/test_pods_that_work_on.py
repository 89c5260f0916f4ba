"""A pod that works for an evaluation goes on through an upgrade of the operator, and when only its limits are edited."""

from dataclasses import replace

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.objects.runner_pods import ADDRESSES
from tests.controller import pretend
from tests.controller.evaluations.test_runners import Programs, notes


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
