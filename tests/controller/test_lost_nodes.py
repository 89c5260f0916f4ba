"""A node that no longer reports: its pod hangs in termination, which only its kubelet could end."""

from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller.pretend import Pretend, deployment

FOR_EVER: Final = 10**6
"""Rounds that a pod needs to end."""
REPLICAS: Final = 3


def three_nodes(spare: int = 1) -> Pretend:
    """Three replicas, on a node of one GPU each, beside spare nodes."""
    world = Pretend(gpus=1)
    for number in range(2, REPLICAS + spare + 1):
        world.kube.add_node(f"node-{number}", "NVIDIA-L4", 1)
    world.apply(deployment(replicas=REPLICAS))
    world.settle()
    assert len(world.serving()) == REPLICAS
    return world


def lose_a_node(world: Pretend, status: str = "Unknown") -> Manifest:
    """Stop one node's kubelet; after five minutes Kubernetes deletes the pod, which stays. Returns the pod."""
    pod = world.engine_pods()[0]
    name = pod["spec"]["nodeName"]
    node = next(one for one in world.kube.of(kinds.NODE) if one["metadata"]["name"] == name)
    ready = [{"type": "Ready", "status": status}]
    taints = [{"key": "node.kubernetes.io/unreachable", "value": "", "effect": "NoExecute"}]
    changed = node | {"status": node["status"] | {"conditions": ready}, "spec": {"taints": taints}}
    world.objects.put(kinds.NODE, changed)
    world.kube.delete(kinds.POD, "default", pod["metadata"]["name"])
    world.kube.rounds_to_drain[pod["metadata"]["uid"]] = FOR_EVER
    return pod


def uids(world: Pretend) -> set[str]:
    """Of all engine pods that exist."""
    return {one["metadata"]["uid"] for one in world.engine_pods()}


def test_another_node_with_room_takes_the_replica_over() -> None:
    world = three_nodes()
    lost = lose_a_node(world)
    world.settle()
    assert lost["metadata"]["uid"] in uids(world)
    assert (len(world.serving()), world.condition("Ready")) == (REPLICAS, ("True", "Serving"))


def test_a_rollout_goes_on_beside_a_pod_that_its_lost_node_cannot_end() -> None:
    world = three_nodes()
    lost = lose_a_node(world)
    world.settle()
    world.apply(deployment(replicas=REPLICAS, context=4096))
    world.settle()
    assert world.condition("Progressing") == ("True", "Complete")
    assert len(world.serving_of(4096)) == REPLICAS
    assert lost["metadata"]["uid"] in uids(world), "it is left to Kubernetes"


def test_a_node_that_reports_is_waited_for() -> None:
    """Its kubelet is there, though it is not ready, and ends the pod: until then the GPU is taken."""
    world = three_nodes()
    lose_a_node(world, status="False")
    world.settle()
    world.apply(deployment(replicas=REPLICAS, context=4096))
    world.rounds(12)
    assert "1 replica is still draining" in world.message("Progressing")
    assert world.serving_of(4096) == frozenset()


def test_without_room_the_status_counts_the_gpus_of_nodes_that_report() -> None:
    world = three_nodes(spare=0)
    lose_a_node(world)
    world.settle()
    assert len(world.serving()) == REPLICAS - 1
    assert world.condition("Scheduled") == ("False", "Unschedulable")
    world.kube.add_node("node-9", "NVIDIA-L4", 1)
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
