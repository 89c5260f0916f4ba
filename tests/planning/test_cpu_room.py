"""How many replicas on CPU fit on the nodes, and the sentence that says why no more."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.nodes import HostNode
from fairlead.fleet.rollouts import MissingCapacity, NodeRoom
from fairlead.planning import cpu_room

GIB = 1 << 30
NEED = CpuResources(cores=4, memory_bytes=8 * GIB)


def node(
    cores: float = 8,
    gib: float = 32,
    used: float = 0,
    used_gib: float = 0,
    *,
    schedulable: bool = True,
    pool: str = "a",
) -> HostNode:
    """A node of eight cores and 32 GiB, unless stated otherwise."""
    return HostNode(
        cores=cores,
        memory_bytes=int(gib * GIB),
        used_cores=used,
        used_bytes=int(used_gib * GIB),
        schedulable=schedulable,
        labels=(("pool", pool),),
    )


def test_cores_and_memory_are_counted_node_by_node() -> None:
    assert cpu_room.room([node(), node(used=3, used_gib=4), node(cores=3.92)], NEED) == NodeRoom(
        replicas=3,
        most=4,
        because="CPU: 19.9 cores and 96 GiB on 3 nodes, 16.9 cores and 92 GiB free beside our own pods; "
        "a replica takes 4 cores and 8 GiB on one node",
        of_cpu=True,
    )


def test_memory_is_short_where_cores_are_not() -> None:
    found = cpu_room.room([node(used_gib=28)], NEED)

    assert (found.replicas, found.most, found.missing) == (0, 2, None)


def test_replicas_that_are_on_no_node_yet_take_their_part() -> None:
    assert cpu_room.room([node()], NEED, coming=1).replicas == 1
    assert cpu_room.room([node()], NEED, coming=9).replicas == 0


def test_a_replica_larger_than_any_node_never_fits() -> None:
    found = cpu_room.room([node(cores=2), node(gib=4)], NEED)

    assert found == NodeRoom(
        replicas=0,
        most=0,
        because="CPU: 10 cores and 36 GiB on 2 nodes, 10 cores and 36 GiB free; a replica takes 4 cores and 8 GiB on "
        "one node, and no node has that many",
        missing=MissingCapacity.CORES,
        of_cpu=True,
    )


def test_nodes_that_take_no_pods_have_no_room_and_are_reported() -> None:
    assert cpu_room.room([node(schedulable=False)], NEED) == NodeRoom(
        replicas=0,
        most=0,
        because="CPU: no node takes pods now; 1 node is cordoned, not ready or tainted",
        of_cpu=True,
    )
    assert cpu_room.room([node(schedulable=False), node()], NEED).because.endswith("; 1 more node takes no pods now")
    assert cpu_room.room([node(cores=1, schedulable=False)], NEED).missing is MissingCapacity.CORES


def test_labels_that_no_node_has_are_named() -> None:
    assert cpu_room.room([node(), node()], NEED, (("pool", "b"),)) == NodeRoom(
        replicas=0,
        most=0,
        because="CPU: none of 2 nodes has the labels pool=b of spec.placement.nodeSelector",
        missing=MissingCapacity.SELECTOR,
        of_cpu=True,
    )
    assert cpu_room.room([], NEED).because == "CPU: this cluster has no node"
    assert cpu_room.room([node(pool="b"), node()], NEED, (("pool", "b"),)).replicas == 2


def test_a_node_that_shrank_under_its_pods_is_no_debt() -> None:
    assert cpu_room.room([node(used=9), node(used=3)], NEED).replicas == 1


def test_messages_name_cores_and_memory_on_cpu_and_gpus_elsewhere() -> None:
    assert (NodeRoom().held, NodeRoom().spare) == ("GPUs", "a free GPU")
    there = cpu_room.room([node()], NEED)
    assert (there.held, there.spare) == ("cores and memory", "free cores and memory")


@given(
    nodes=st.lists(
        st.builds(node, st.floats(0, 64), st.floats(0, 256), st.floats(0, 64), st.floats(0, 256)), max_size=4
    ),
    coming=st.integers(0, 3),
)
def test_the_room_is_never_more_than_empty_nodes_have(nodes: list[HostNode], coming: int) -> None:
    found = cpu_room.room(nodes, NEED, coming=coming)

    assert found.replicas is not None
    assert found.most is not None
    assert 0 <= found.replicas <= found.most
    assert len(found.because) <= 240
