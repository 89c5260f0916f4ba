"""Cores and memory of nodes in the API server's notation, and what our pods request of them."""

from decimal import Decimal
from typing import Any

import pytest

from fairlead.cluster import cpu_nodes, gpu_nodes, pod_requests
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.desired_state import Toleration
from fairlead.fleet.nodes import HostNode

GIB = 1 << 30
PLACE = CpuRequirement(resources=CpuResources(cores=2, memory_bytes=4 * GIB))
Manifest = dict[str, Any]


def node(name: str = "n1", *taints: Manifest, **spec: object) -> Manifest:
    return {
        "metadata": {"name": name, "labels": {"pool": "a"}},
        "spec": {"taints": list(taints), **spec},
        "status": {
            "allocatable": {"cpu": "3920m", "memory": "16Gi"},
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def pod(cpu: str | None = "2", memory: str | None = "4Gi", on: str = "n1", phase: str = "Running") -> Manifest:
    wanted = {name: amount for name, amount in (("cpu", cpu), ("memory", memory)) if amount}
    return {
        "metadata": {"name": "p", "uid": "u"},
        "spec": {"nodeName": on, "containers": [{"resources": {"requests": wanted}}, {}]},
        "status": {"phase": phase},
    }


def taint(effect: str = "NoSchedule", key: str = "k", value: str = "") -> Manifest:
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def test_a_node_and_what_our_pods_hold_of_it() -> None:
    some = [pod(), pod("500m", None), pod(on="n2"), pod(phase="Succeeded"), pod(on="")]

    assert cpu_nodes.host_nodes([node()], map(gpu_nodes.holding, some)) == (
        HostNode(cores=3.92, memory_bytes=16 * GIB, used_cores=2.5, used_bytes=4 * GIB, labels=(("pool", "a"),)),
    )


def test_a_node_that_says_nothing_has_nothing() -> None:
    bare = {"metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "much"}}}

    assert cpu_nodes.host_nodes([bare], []) == (HostNode(cores=0.0, memory_bytes=0),)
    assert pod_requests.requested({"spec": {}}) == (Decimal(0), Decimal(0))


def test_pods_on_no_node_yet_are_replicas_that_come() -> None:
    unplaceable = pod(on="")
    unplaceable["status"]["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]

    assert cpu_nodes.pending_replicas([pod(on=""), pod(on=""), pod(), unplaceable], PLACE) == 2
    assert cpu_nodes.pending_replicas([pod("100m", "64Mi", on="")], PLACE) == 0, "a router holds no replica back"


@pytest.mark.parametrize(
    ("taints", "tolerations", "open_"),
    [
        ([taint()], [], False),
        ([taint("NoExecute")], [], False),
        ([taint("PreferNoSchedule")], [], True),
        ([taint()], [Toleration(key="k", operator="Exists")], True),
        ([taint()], [Toleration(key=None, operator="Exists")], True),
        ([taint()], [Toleration(key="", operator="Exists")], True),
        ([taint()], [Toleration(key="other", operator="Exists")], False),
        ([taint()], [Toleration(key="k", operator="Exists", effect="NoExecute")], False),
        ([taint(value="v")], [Toleration(key="k", operator="Equal", value="v")], True),
        ([taint(value="v")], [Toleration(key="k", operator="Equal", value="w")], False),
        ([taint()], [Toleration(key="k", operator="Equal")], True),
        ([taint(), taint(key="b")], [Toleration(key="k", operator="Exists")], False),
    ],
)
def test_a_taint_keeps_a_replica_away_unless_it_is_tolerated(
    taints: list[Manifest],
    tolerations: list[Toleration],
    open_: bool,
) -> None:
    (found,) = cpu_nodes.host_nodes([node("n1", *taints)], [], tolerations)

    assert found.schedulable is open_


def test_a_cordoned_node_takes_no_pods() -> None:
    assert [one.schedulable for one in cpu_nodes.host_nodes([node("n1", unschedulable=True)], [])] == [False]
