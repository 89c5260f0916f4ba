"""`python -m bench.room_cost`: what the room on nodes costs a reconcile, in milliseconds of one core.

1,000 deployments of four replicas on 500 nodes of eight GPUs, as plain objects in the stores of a process. Each
deployment counts its room, as a reconcile does: at rest, after a pod changed, after a node reported, and when it is the
first one that needs just this.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.store import NamespacedName, ObjectStore
from fairlead.process.node_room import NodeRequirement, NodeRooms

DEPLOYMENTS: Final = 1_000
REPLICAS: Final = 4
NODES: Final = 500
GPUS: Final = 8
ROUNDS: Final = 100
GPU: Final = "nvidia.com/gpu"
MIB: Final = 1 << 20


class Fleet:
    """The stores, and changes as watches bring them."""

    def __init__(self) -> None:
        self._stores = {one: ObjectStore() for one in (kinds.POD, kinds.NODE, kinds.PRIORITY_CLASS)}
        self._version = 0
        for number in range(NODES):
            self.report(number)
        for number in range(DEPLOYMENTS * REPLICAS):
            self.change(number)

    def of(self, resource: Resource) -> ObjectStore:
        """Return the objects of one kind."""
        return self._stores[resource]

    def has_listed(self, _: Resource) -> bool:
        """Every kind was listed."""
        return True

    def report(self, number: int) -> None:
        """Store a node's report."""
        conditions = [{"type": "Ready", "status": "True", "lastHeartbeatTime": str(self._version)}]
        allocatable = {GPU: str(GPUS), "cpu": "128", "memory": "2000Gi"}
        labels = {"nvidia.com/gpu.product": "NVIDIA-L4", "kubernetes.io/hostname": f"node-{number}"}
        self._put(kinds.NODE, f"node-{number}", labels, {"allocatable": allocatable, "conditions": conditions}, {})

    def change(self, number: int) -> None:
        """Store a replica's pod."""
        resources = {"limits": {GPU: "1"}, "requests": {"cpu": "4", "memory": "32Gi", GPU: "1"}}
        labels = {"fairlead.dev/deployment": name_of(number // REPLICAS).name, "fairlead.dev/role": "engine"}
        spec = {"nodeName": f"node-{number // GPUS}", "priority": 0, "containers": [{"resources": resources}]}
        self._put(kinds.POD, f"pod-{number}", labels, {"phase": "Running"}, spec)

    def _put(self, resource: Resource, name: str, labels: Manifest, status: Manifest, spec: Manifest) -> None:
        self._version += 1
        metadata = {"name": name, "uid": name, "resourceVersion": str(self._version), "labels": labels}
        namespace = {"namespace": "models"} if resource is kinds.POD else {}
        self.of(resource).put({"metadata": metadata | namespace, "spec": spec, "status": status})


def name_of(number: int) -> NamespacedName:
    """Return the name of one deployment."""
    return NamespacedName("models", f"model-{number:04d}")


def requirement(kind: int = 0) -> NodeRequirement:
    """Return what its replicas need; each kind requests another amount of memory."""
    selector = (("nvidia.com/gpu.product", "NVIDIA-L4"),)
    return GpuRequirement(resource=GPU, gpus=1, memory_bytes=(32_768 + kind) * MIB, selector=selector)


def cost_ms(fleet: Fleet, before: Callable[[int], None], kind: Callable[[int], int] = lambda _: 0) -> float:
    """Return the mean CPU time of one deployment's room, each time after a change."""
    rooms, spent = NodeRooms(), 0.0
    for number in range(-1, ROUNDS):
        before(number)
        began = time.process_time()
        found = rooms.of(fleet, requirement(kind(number)), nodes_grow=False, own=name_of(number % DEPLOYMENTS))
        spent += time.process_time() - began if number >= 0 else 0.0
        assert found.replicas == 0
    return round(spent / ROUNDS * 1000, 2)


def main() -> int:
    """Measure; print JSON."""
    fleet = Fleet()
    found = {
        "at_rest_ms": cost_ms(fleet, lambda _: None),
        "after_a_pod_changed_ms": cost_ms(fleet, lambda number: fleet.change(number % (DEPLOYMENTS * REPLICAS))),
        "after_a_node_reported_ms": cost_ms(fleet, lambda number: fleet.report(number % NODES)),
        "first_of_its_kind_ms": cost_ms(fleet, lambda _: None, lambda number: number),
    }
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
