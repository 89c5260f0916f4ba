"""A pod of an evaluation that its node ended begins again, and one that cannot be deleted holds up no other."""

import asyncio
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.controller.evaluations import quality_runs, run_reports
from fairlead.controller.evaluations.work_pods import MAX_DISRUPTIONS
from tests.controller.evaluations.pod_requests import PodRequests
from tests.controller.evaluations.test_quality_runs import until
from tests.controller.evaluations.test_runners import Programs
from tests.controller.recording_runs import of_another

EVICTED = {"phase": "Failed", "reason": "Evicted", "message": "The node was low on resource: memory."}
TAINTED = {
    "phase": "Failed",
    "conditions": [{"type": "DisruptionTarget", "status": "True", "reason": "DeletionByTaintManager"}],
}


def at_work(world: Programs | None = None) -> Programs:
    """The baseline's pod has started and does not end."""
    world = world or Programs()
    del world.kube.programs["-baseline"]
    while not world.pods():
        world.steps()
    return world


def ended(world: Programs, status: dict[str, Any]) -> None:
    """The cluster ends the pod."""
    (pod,) = world.pods()
    world.objects.put(kinds.POD, pod | {"status": status})


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (EVICTED, "Evicted"),
        (EVICTED | {"reason": "Terminated"}, "Terminated"),
        (TAINTED, "DeletionByTaintManager"),
    ],
)
def test_a_pod_that_its_node_ended_is_created_again_and_the_canary_goes_on(status: dict[str, Any], why: str) -> None:
    world = at_work()
    ended(world, status)
    world.steps(2)
    assert f"its node ended the pod ({why}); restart 1 of {MAX_DISRUPTIONS}" in world.gate["message"]
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"


@pytest.mark.parametrize("reason", ["OutOfcpu", "OutOfpods", "NodeAffinity", "UnexpectedAdmissionError"])
def test_a_pod_that_its_node_refused_is_created_again_as_none_of_it_has_run(reason: str) -> None:
    world = at_work()
    words = "Pod was rejected: Node didn't have enough resource: cpu, requested: 500, used: 3800, capacity: 4000"
    ended(world, {"phase": "Failed", "reason": reason, "message": words})
    world.steps(2)
    assert f"its node refused the pod ({reason}); restart 1 of {MAX_DISRUPTIONS}" in world.gate["message"]
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"


def test_a_program_that_is_evicted_each_time_is_reported() -> None:
    world = at_work()
    for _ in range(MAX_DISRUPTIONS + 1):
        while not world.pods():
            world.steps()
        ended(world, EVICTED)
        world.steps(2)
    assert world.gate["reason"] == "RunnerFailed"
    assert "The node was low on resource: memory" in world.gate["message"]


def test_a_program_that_failed_by_itself_is_not_started_again() -> None:
    world = at_work()
    ended(
        world, {"phase": "Failed", "reason": "DeadlineExceeded", "conditions": [{"type": "Ready", "status": "False"}]}
    )
    world.steps(3)
    assert world.gate["reason"] == "RunnerFailed"


KILLED = {"exitCode": 137, "message": "sent 300 of 500\nsent 310 of 500\n"}
TOO_LONG = "Pod was active on the node longer than the specified deadline"


def program_ended(name: str, **how: object) -> dict[str, Any]:
    """One of its containers ended, and the kubelet kept the end of its log."""
    return {"phase": "Failed", "containerStatuses": [{"name": name, "state": {"terminated": KILLED | how}}]}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            program_ended("evaluation", reason="Error") | {"reason": "DeadlineExceeded", "message": TOO_LONG},
            f"{TOO_LONG}; raise spec.runner.deadline; its last output: sent 310",
        ),
        (
            program_ended("evaluation", reason="OOMKilled"),
            "its memory ran out, of which it may use 2Gi; raise spec.runner.resources.memory; its last output: sent ",
        ),
        (
            program_ended("evaluation", reason="OOMKilled", message=""),
            "its memory ran out, of which it may use 2Gi; raise spec.runner.resources.memory; fix it",
        ),
        (program_ended("evaluation", reason="Error"), "sent 310 of 500; fix it"),
    ],
)
def test_a_program_that_was_ended_by_a_limit_is_reported_with_it_and_not_by_its_last_output(
    status: dict[str, Any], words: str
) -> None:
    world = at_work()
    ended(world, status)
    world.steps(3)
    assert f"-baseline failed: {words}" in world.gate["message"]


def test_a_pod_on_a_node_that_is_gone_is_shown_as_one_that_ends_and_keeps_no_place_of_other_runs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_reports, "MAX_RUNS", 1)
    monkeypatch.setattr(quality_runs, "PAUSE_S", 0.001)
    world = at_work()
    (pod,) = world.pods()
    gone = pod["metadata"] | {"deletionTimestamp": "2026-11-20T10:00:00Z"}
    world.objects.put(kinds.POD, pod | {"metadata": gone, "status": {"phase": "Running"}})
    world.run(world.runs.advance(world.question.uid))
    assert world.verdict.message.startswith(f"pod {pod['metadata']['name']}: it is being deleted, and created again")
    other = of_another(world.question, "other")
    asyncio.run(until(lambda: " asks the " in world.runs.gate_verdict(other).message, world.runs))
    world.runs.forget(other.uid)
    world.run(world.runs.close())
    world.objects.remove((kinds.POD.title, "default", pod["metadata"]["name"]), {})
    world.kube.programs["-baseline"] = world.program
    assert world.until("Passed")["reason"] == "NotWorse"


def test_a_pod_that_cannot_be_deleted_keeps_no_other_pod_going() -> None:
    world = Programs()
    server = PodRequests(world)
    at_work(world)
    stuck = of_another(world.question, "stuck")
    world.runs.verdict(stuck)
    world.run(world.runs.advance(stuck.uid))
    (name,) = {one["metadata"]["name"] for one in world.pods() if one["metadata"]["name"].startswith("stuck")}
    server.refused.add(name)
    world.runs.forget(stuck.uid)
    world.order("abort")
    world.steps(3)
    assert left(world) == {name}
    server.refused.clear()
    assert left(world) == set(), "it is tried again"


def left(world: Programs) -> set[str]:
    """The names of the pods that stay when those of dropped runs are ended."""
    world.run(world.runs.close())
    for _ in range(4):
        world.kube.round(world.now)
    return {one["metadata"]["name"] for one in world.pods()}
