"""Room with priorities, on GPUs and on CPU nodes: what others of a lower priority hold counts too."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairlead.cluster import kinds
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.rollouts import MissingCapacity
from fairlead.process import node_room
from fairlead.process.node_room import NodeRooms
from tests.objects.specs import LEAST, wanted
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
    requirement = GpuRequirement(resource=GPU, gpus=1, priority_class="urgent")
    full = world(pod("night", 0, GPU, "1"), pod("day", 1000, GPU, "1"))
    found = NodeRooms().of(full, requirement, nodes_grow=False)
    assert (found.replicas, found.most, found.preempting) == (1, 2, 1)
    assert found.because == (
        "the GPU resource: 2 on 1 node, 2 in use, 0 free; a replica takes 1; "
        "1 more replica can take the place of pods of a lower priority"
    )
    assert NodeRooms().of(full, requirement, nodes_grow=False, own=NamespacedName("team", "night")).replicas == 0


def test_cores_of_a_lower_priority_count_too() -> None:
    place = CpuRequirement(resources=CpuResources(cores=2, memory_bytes=1 << 30), priority_class="urgent")
    full = world(pod("night", 0, "cpu", "3"), pod("day", 1000, "cpu", "1"))
    found = NodeRooms().of(full, place, nodes_grow=False)
    assert (found.replicas, found.preempting, found.of_cpu) == (1, 1, True)


def test_a_replica_that_preempts_nothing_has_the_free_room_alone() -> None:
    requirement = GpuRequirement(resource=GPU, gpus=1)
    found = NodeRooms().of(world(pod("night", 0, GPU, "1")), requirement, nodes_grow=False)
    assert (found.replicas, found.preempting) == (1, 0)


def revision(**spec: Any) -> DesiredRevision:  # noqa: ANN401  # any field of a spec
    return wanted(LEAST | spec).revision


def memory(spec: DesiredRevision) -> int:
    """What a replica is said to request of main memory, in MiB."""
    place = node_room.requirement(spec)
    assert isinstance(place, GpuRequirement)
    return place.memory_bytes >> 20


def test_a_replica_requests_the_memory_that_the_spec_states_or_that_its_kv_blocks_take() -> None:
    blocks: dict[str, Any] = {"engine": {"prefixCaching": {"hostMemory": "8Gi"}}}
    assert memory(revision()) == 0
    assert memory(revision(**blocks)) == 8192
    assert memory(revision(engine={"extraArgs": ["--kv-offloading-size=4"]})) == 4096
    assert memory(revision(**blocks, resources={"requests": {"memory": "10Gi"}, "limits": {"memory": "20Gi"}})) == 10240
    assert memory(revision(**blocks, resources={"limits": {"memory": "20Gi"}})) == 20480


def test_a_simulated_replica_holds_no_blocks_and_one_without_a_gpu_needs_none_here() -> None:
    engine = {"kind": "Simulated", "prefixCaching": {"hostMemory": "8Gi"}}
    assert memory(revision(engine=engine)) == 0
    nowhere = {"product": "NVIDIA-L4", "resource": "none"}
    assert node_room.requirement(revision(engine=engine, accelerator=nowhere)) is None


def test_memory_that_our_pods_request_leaves_no_room_beside_free_gpus() -> None:
    requirement = GpuRequirement(resource=GPU, gpus=1, memory_bytes=6 << 30)
    assert NodeRooms().of(world(), requirement, nodes_grow=False).replicas == 2
    found = NodeRooms().of(world(pod("day", 0, "memory", "8Gi")), requirement, nodes_grow=False)
    assert (found.replicas, found.most, found.missing) == (1, 2, None)
    assert found.because == (
        "the GPU resource: 2 of 2 GPUs free; a replica requests 6 GiB of memory, and one node has at most 8 GiB free"
    )


def test_a_node_that_is_too_small_for_the_memory_of_one_never_has_room() -> None:
    requirement = GpuRequirement(resource=GPU, gpus=1, memory_bytes=64 << 30)
    found = NodeRooms().of(world(), requirement, nodes_grow=False)
    assert (found.replicas, found.most, found.missing) == (0, 0, MissingCapacity.MEMORY)
    assert found.because == (
        "the GPU resource: a replica requests 64 GiB of memory, and the largest node has 16 GiB (16 GiB free)"
    )


def unplaced(name: str, gpus: str, memory: str | None = None, **spec: Any) -> Manifest:  # noqa: ANN401  # any field
    """A pod of another deployment that has no node yet."""
    requests = {} if memory is None else {"memory": memory}
    made = pod(name, 0, GPU, gpus)
    made["spec"] = {"containers": [{"resources": {"limits": {GPU: gpus}, "requests": requests}}], **spec}
    return made


def test_unplaced_pods_of_others_leave_the_room_that_they_do_not_need() -> None:
    """Two GPUs and 16 GiB have room for one replica of 12 GiB, and beside it for a pod without a memory request."""
    requirement = GpuRequirement(resource=GPU, gpus=1, memory_bytes=12 << 30)
    assert NodeRooms().of(world(unplaced("other", "1")), requirement, nodes_grow=False).replicas == 1
    assert NodeRooms().of(world(unplaced("other", "2")), requirement, nodes_grow=False).replicas == 0
    assert NodeRooms().of(world(unplaced("other", "1", "8Gi")), requirement, nodes_grow=False).replicas == 0
    router, placed = unplaced("router", "0", "8Gi"), unplaced("late", "1", "4Gi", nodeName="n")
    assert NodeRooms().of(world(router, placed), requirement, nodes_grow=False).replicas == 1
    elsewhere = unplaced("elsewhere", "2", nodeSelector={"nvidia.com/gpu.product": "NVIDIA-L40S"})
    assert NodeRooms().of(world(elsewhere), requirement, nodes_grow=False).replicas == 1


def test_a_node_that_states_no_memory_is_counted_by_its_gpus() -> None:
    silent = World()
    silent.put(kinds.NODE, {"metadata": {"name": "n", "uid": "n"}, "status": {"allocatable": {GPU: "2"}}})
    requirement = GpuRequirement(resource=GPU, gpus=1, memory_bytes=64 << 30)
    assert NodeRooms().of(silent, requirement, nodes_grow=False).replicas == 2


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(["pod", "pod", "pod", "gone", "node", "class"]),
        st.integers(0, 3),
        st.sampled_from([0, 500, 1000]),
        st.sampled_from(["n", "m", ""]),
    ),
    max_size=12,
)
PLACES = (
    GpuRequirement(resource=GPU, gpus=1),
    GpuRequirement(resource=GPU, gpus=2, memory_bytes=1 << 30, priority_class="urgent"),
    CpuRequirement(resources=CpuResources(cores=2, memory_bytes=1 << 30), priority_class="urgent"),
)


@given(CHANGES)
def test_rooms_that_are_kept_between_changes_are_those_counted_afresh(
    changes: list[tuple[str, int, int, str]],
) -> None:
    """Whatever pods, nodes and classes do meanwhile; each deployment asks, and again at once."""
    some, kept = world(), NodeRooms()
    for version, (what, number, priority, node) in enumerate(changes, start=2):
        change(some, (what, number, priority, node), version)
        for requirement in PLACES:
            for own in (None, NamespacedName("team", "p0"), NamespacedName("team", "p1")):
                fresh = NodeRooms().of(some, requirement, nodes_grow=False, own=own)
                assert kept.of(some, requirement, nodes_grow=False, own=own) == fresh
                assert kept.of(some, requirement, nodes_grow=False, own=own) == fresh


def change(some: World, what: tuple[str, int, int, str], version: int) -> None:
    """Add, replace or remove one object."""
    kind, number, priority, node = what
    metadata = {"resourceVersion": str(version)}
    if kind == "class":
        urgent = {"metadata": metadata | {"name": "urgent", "uid": "c"}, "value": priority}
        some.of(kinds.PRIORITY_CLASS).put(urgent)
    elif kind == "node":
        allocatable = {GPU: str(number), "cpu": str(number), "memory": "8Gi"}
        named = metadata | {"name": node or "n", "uid": node or "n"}
        some.of(kinds.NODE).put({"metadata": named, "status": {"allocatable": allocatable}})
    else:
        made = pod(f"p{number}", priority, GPU if priority else "cpu", "1")
        made["metadata"] |= metadata
        made["spec"]["nodeName"] = node
        act = some.of(kinds.POD).drop if kind == "gone" else some.of(kinds.POD).put
        act(made)
