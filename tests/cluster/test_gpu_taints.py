"""GPUs behind a taint are no room for replicas that do not tolerate it; that of the resource itself is tolerated."""

from dataclasses import replace
from typing import Any

import pytest

from fairlead.cluster import gpu_nodes, taints
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import Toleration
from fairlead.fleet.nodes import GpuResources
from fairlead.planning import room
from tests.objects.specs import LEAST, template, wanted

AMD: dict[str, Any] = LEAST | {"accelerator": {"product": "AMD-Instinct-MI300X", "resource": "amd.com/gpu"}}
SLICE: dict[str, Any] = LEAST | {"accelerator": {"product": "NVIDIA-L4", "resource": "nvidia.com/mig-1g.10gb"}}


def node(resource: str, *taints: Manifest, **spec: object) -> Manifest:
    return {
        "metadata": {"name": "n1", "labels": {"nvidia.com/gpu.product": "NVIDIA-L4"}},
        "spec": {"taints": list(taints), **spec},
        "status": {"allocatable": {resource: "4"}},
    }


def taint(key: str, value: str = "present", effect: str = "NoSchedule") -> Manifest:
    return {"key": key, "value": value, "effect": effect}


def free(spec: dict[str, Any], one: Manifest) -> tuple[int | None, str]:
    """How many replicas find a node, and the sentence about it."""
    requirement = GpuRequirement.of(wanted(spec).revision)
    assert requirement is not None
    nodes = gpu_nodes.nodes_with([one], [], requirement)
    found = room.room(nodes, requirement.product, GpuResources(gpus=requirement.gpus), requirement.others)
    return found.replicas, found.because


@pytest.mark.parametrize(
    ("spec", "keys"),
    [
        (LEAST, ["nvidia.com/gpu"]),
        (AMD, ["nvidia.com/gpu", "amd.com/gpu"]),
        (SLICE, ["nvidia.com/gpu", "nvidia.com/mig-1g.10gb"]),
        (LEAST | {"engine": {"kind": "Simulated"}, "accelerator": AMD["accelerator"] | {"resource": "none"}}, None),
    ],
)
def test_a_pod_tolerates_the_taint_named_like_what_it_requests(spec: dict[str, Any], keys: list[str] | None) -> None:
    found = template(wanted(spec))["spec"]["tolerations"]
    assert found == [{"key": one, "operator": "Exists", "effect": "NoSchedule"} for one in keys or ["nvidia.com/gpu"]]


def test_nodes_of_another_vendor_that_are_reserved_for_it_have_room() -> None:
    assert free(AMD, node("amd.com/gpu", taint("amd.com/gpu"))) == (
        4,
        "the GPU resource: 4 on 1 node, 0 in use, 4 free; a replica takes 1",
    )
    tpu = AMD | {"accelerator": {"product": "TPU-v5e", "resource": "google.com/tpu"}}
    assert free(tpu, node("google.com/tpu", taint("google.com/tpu")))[0] == 4


def test_a_taint_that_nothing_tolerates_leaves_no_room_and_is_named() -> None:
    found, why = free(LEAST, node("nvidia.com/gpu", taint("dedicated", "batch")))
    assert found == 0
    assert why == (
        "NVIDIA-L4: no node takes pods now; 1 node that has it is cordoned, not ready or tainted; "
        "spec.placement.tolerations does not name the taint dedicated=batch:NoSchedule"
    )
    named = {"placement": {"tolerations": [{"key": "dedicated", "value": "batch", "operator": "Equal"}]}}
    assert free(LEAST | named, node("nvidia.com/gpu", taint("dedicated", "batch")))[0] == 4


def test_a_cordoned_node_is_not_explained_by_the_taint_that_cordoning_sets() -> None:
    _, why = free(LEAST, node("nvidia.com/gpu", taint("node.kubernetes.io/unschedulable", ""), unschedulable=True))
    assert why == "NVIDIA-L4: no node takes pods now; 1 node that has it is cordoned or not ready"


def test_beside_open_nodes_the_taint_of_the_others_is_named() -> None:
    requirement = GpuRequirement.of(wanted(LEAST).revision)
    assert requirement is not None
    some = [node("nvidia.com/gpu"), node("nvidia.com/gpu", taint("dedicated", "", "NoExecute"))]
    nodes = gpu_nodes.nodes_with(some, [], requirement)
    assert room.room(nodes, requirement.product, GpuResources(gpus=1)).because == (
        "NVIDIA-L4: 4 on 1 node, 0 in use, 4 free; a replica takes 1; 1 more node takes no pods now "
        "(taint dedicated:NoExecute)"
    )
    assert room.room([replace(one, taint="") for one in nodes], requirement.product, GpuResources(gpus=1)).replicas == 8


def test_what_admission_lets_pods_tolerate_beyond_their_template_is_read_from_them() -> None:
    dedicated = {"key": "dedicated", "operator": "Equal", "value": "llm", "effect": "NoSchedule"}
    everything, short = {"operator": "Exists"}, {"key": "node.kubernetes.io/not-ready", "tolerationSeconds": 300}
    stated = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}
    spec = {"tolerations": [stated, dedicated, everything, short]}
    pod = {"metadata": {"labels": {"fairlead.dev/revision": "1"}}, "spec": spec}
    assert taints.added([pod, pod], {"1": {"spec": {"tolerations": [stated]}}}) == (
        Toleration(key="dedicated", operator="Equal", value="llm", effect="NoSchedule"),
        Toleration(key=None, operator="Exists"),
    )
    assert taints.added([pod], {"1": {"spec": spec}}) == (), "the spec of that revision names them"
    assert taints.added([pod], {}) == (), "without its template, what was added is unknown"
    assert taints.added([{"metadata": {}}], {"1": {}}) == ()
