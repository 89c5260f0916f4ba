"""Pods that a queue of Kueue holds back have no node, and the status names the gate: the scheduler never saw them."""

from typing import Any, Final

from fairlead.cluster import pods
from tests.controller.kube import QUEUE
from tests.controller.pretend import Pretend, deployment

GATED: Final = "the scheduler says: Scheduling is blocked: kueue.x-k8s.io/admission"


def queued() -> dict[str, Any]:
    return deployment(replicas=1, podMetadata={"labels": {QUEUE: "gpus"}})


def test_a_replica_in_a_full_queue_is_not_scheduled_until_it_is_admitted() -> None:
    world = Pretend(gpus=1)
    world.kube.full_queue = "gpus"
    world.apply(queued())
    world.rounds(4)
    assert world.condition("Scheduled") == ("False", "Unschedulable")
    assert world.message("Scheduled") == GATED

    world.kube.full_queue = "none"
    world.settle()
    assert world.condition("Scheduled") == ("True", "Scheduled")
    assert len(world.serving()) == 1


def test_only_a_pod_that_waits_behind_a_gate_is_gated() -> None:
    for status, reason in (("True", None), ("False", "Unschedulable")):
        condition = {"type": "PodScheduled", "status": status, "reason": reason, "message": "0/1 nodes fit"}
        assert pods.gated({"status": {"conditions": [condition]}}) is None
    assert pods.gated({"status": {}}) is None


def test_a_gate_without_a_name_or_a_message_is_still_reported() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}
    words = pods.gated({"spec": {}, "status": {"conditions": [condition]}})
    assert words == "the pod is blocked by scheduling gates: none is named"
