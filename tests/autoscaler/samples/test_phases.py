"""The phase that a starting pod is in, and which pods and routers belong to a decision."""

from typing import Any

import pytest

from fairlead.autoscaler import deployment_pods
from fairlead.autoscaler.samples import phases
from fairlead.cluster import kinds, status_freshness
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.router_keys import RouterKeys
from fairlead.scaling.facts import EnginePodPhase
from tests.autoscaler.fleets import START, PretendWorld, deployment, pod, written_at

NO_PODS: frozenset[str] = frozenset()


def waiting(reason: str, since: float) -> dict[str, Any]:
    """A pod without a node."""
    placed = {"type": "PodScheduled", "status": "False", "reason": reason, "lastTransitionTime": written_at(since)}
    return pod("chat", "engine", 0, spec={}, status={"phase": "Pending", "conditions": [placed]})


def noted(**metadata: object) -> dict[str, Any]:
    """A ready pod with this metadata."""
    made = pod("chat", "engine", 0)
    return made | {"metadata": made["metadata"] | metadata}


PULLING = {"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}
NOT_READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (pod("chat", "engine", 0), EnginePodPhase.READY),
        (pod("chat", "engine", 0, status=NOT_READY), EnginePodPhase.STARTING),
        (pod("chat", "engine", 0, status=PULLING), EnginePodPhase.PULLING),
        (pod("chat", "engine", 0, status={"phase": "Failed"}), EnginePodPhase.DEAD),
        (pod("chat", "engine", 0, status={"phase": "Running", "reason": "NodeLost"}), EnginePodPhase.DEAD),
        (pod("chat", "engine", 0, spec={"nodeName": "silent"}), EnginePodPhase.DEAD),
        (noted(deletionTimestamp=written_at(1)), EnginePodPhase.DRAINING),
        (noted(annotations={"fairlead.dev/asleep": "true"}), EnginePodPhase.ASLEEP),
        (waiting("Unschedulable", 0), EnginePodPhase.UNPLACEABLE),
        (waiting("Unschedulable", 9), EnginePodPhase.PENDING),
        (waiting("SchedulingGated", 0), EnginePodPhase.PENDING),
    ],
)
def test_a_pod_is_where_kubernetes_says(manifest: dict[str, Any], expected: EnginePodPhase) -> None:
    assert phases.phase(manifest, frozenset({"silent"}), START + 10) is expected


@pytest.mark.trial(3)
def test_a_start_begins_with_the_container_and_not_with_the_wait_for_a_node() -> None:
    made = pod("chat", "engine", 0)
    running = {"containerStatuses": [{"state": {"running": {"startedAt": written_at(41)}}}]}
    assert phases.begun_at(made) == START
    assert phases.begun_at(made | {"status": made["status"] | running}) == START + 41


def test_a_node_whose_kubelet_is_silent_is_lost() -> None:
    def node(name: str, status: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "status": {"conditions": [{"type": "Ready", "status": status}]}}

    assert phases.lost([node("a", "True"), node("b", "Unknown"), node("c", "False")]) == {"b"}


def test_what_is_no_moment_is_none() -> None:
    assert status_freshness.moment("yesterday") is None
    assert status_freshness.moment(None) is None


def world(*pods: dict[str, Any]) -> PretendWorld:
    made = PretendWorld()
    for one in pods:
        made.receive(one)
    return made


def test_pods_of_a_deleted_deployment_with_the_same_name_are_not_counted() -> None:
    old = pod("chat", "engine", 1)
    old = old | {"metadata": old["metadata"] | {"creationTimestamp": written_at(-60)}}
    found = deployment_pods.of(world(old, pod("chat", "engine", 0)), deployment("chat"))
    assert [one["metadata"]["name"] for one in found.engines] == ["chat-engine-0"]


def test_a_router_that_is_not_ready_matters_only_where_none_is() -> None:
    dead = pod("chat", "router", 1, status=NOT_READY)
    both = deployment_pods.of(world(pod("chat", "router", 0), dead), deployment("chat"))
    assert [one["metadata"]["name"] for one in both.routers] == ["chat-router-0"]
    alone = deployment_pods.of(world(dead), deployment("chat"))
    assert [one["metadata"]["name"] for one in alone.routers] == ["chat-router-1"]


def test_only_pods_that_have_an_address_and_did_not_end_are_scraped() -> None:
    family = deployment_pods.of(
        world(
            pod("chat", "engine", 0),
            pod("chat", "engine", 1, status={"phase": "Failed", "podIP": "10.0.0.9"}),
            pod("chat", "engine", 2, status={"phase": "Pending"}),
            pod("chat", "router", 0),
        ),
        deployment("chat"),
    )
    pairs = [
        (one.name, one.kind)
        for one in deployment_pods.targets(family, deployment("chat"), EngineKind.VLLM, RouterKeys())
    ]
    assert pairs == [("chat-engine-0", EngineKind.VLLM), ("chat-router-0", None)]


def test_the_target_revision_is_the_one_that_the_controller_wrote_last() -> None:
    made = PretendWorld()
    for name, since in (("aaaaaaaa", 1), ("bbbbbbbb", 9), ("cccccccc", 5)):
        labels = {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "engine", "fairlead.dev/revision": name}
        notes = {"fairlead.dev/wanted-since": written_at(since)}
        metadata = {"name": f"chat-{name}", "namespace": "team", "uid": name, "labels": labels, "annotations": notes}
        made.receive({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": {}})
    assert deployment_pods.wanted_revision(made, deployment("chat")) == "bbbbbbbb"
    assert deployment_pods.wanted_revision(PretendWorld(), deployment("chat")) is None
    assert len(made.of(kinds.DEPLOYMENT).all()) == 3
