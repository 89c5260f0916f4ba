"""Room with priorities, on GPUs and on CPU nodes: what others of a lower priority hold counts too."""

from fairlead.cluster import kinds
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.fleet.accelerators import CpuResources
from fairlead.process import node_room
from tests.process.console_world import World

GPU = "nvidia.com/gpu"


def world(*pods: Manifest) -> World:
    """One node with two GPUs and four cores, a class for urgent work, and these pods."""
    made = World()
    allocatable = {GPU: "2", "cpu": "4", "memory": "16Gi"}
    made.put(kinds.NODE, {"metadata": {"name": "n", "uid": "n"}, "status": {"allocatable": allocatable}})
    made.put(kinds.PRIORITY_CLASS, {"metadata": {"name": "urgent", "uid": "c"}, "value": 1000})
    for one in pods:
        made.put(kinds.POD, one)
    return made


def pod(name: str, priority: int, resource: str, amount: str) -> Manifest:
    """A pod of the deployment `name` on the node."""
    amounts = {resource: amount}
    return {
        "metadata": {"namespace": "team", "name": name, "uid": name, "labels": {"fairlead.dev/deployment": name}},
        "spec": {
            "nodeName": "n",
            "priority": priority,
            "containers": [{"resources": {"limits": amounts, "requests": amounts}}],
        },
    }


def test_gpus_of_a_lower_priority_count_and_are_named() -> None:
    place = GpuRequirement(resource=GPU, gpus=1, priority_class="urgent")
    full = world(pod("night", 0, GPU, "1"), pod("day", 1000, GPU, "1"))
    found = node_room.of(full, place, nodes_grow=False)
    assert (found.replicas, found.most, found.preempting) == (1, 2, 1)
    assert found.because == (
        "the GPU resource: 2 on 1 node, 2 in use, 0 free; a replica takes 1; "
        "1 more replica can take the place of pods of a lower priority"
    )
    assert node_room.of(full, place, nodes_grow=False, own=NamespacedName("team", "night")).replicas == 0


def test_cores_of_a_lower_priority_count_too() -> None:
    place = CpuRequirement(resources=CpuResources(cores=2, memory_bytes=1 << 30), priority_class="urgent")
    full = world(pod("night", 0, "cpu", "3"), pod("day", 1000, "cpu", "1"))
    found = node_room.of(full, place, nodes_grow=False)
    assert (found.replicas, found.preempting, found.of_cpu) == (1, 1, True)


def test_a_replica_that_preempts_nothing_has_the_free_room_alone() -> None:
    place = GpuRequirement(resource=GPU, gpus=1)
    found = node_room.of(world(pod("night", 0, GPU, "1")), place, nodes_grow=False)
    assert (found.replicas, found.preempting) == (1, 0)
