"""How many replicas fit on the nodes, and the sentence that says why no more."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.nodes import GpuResources, Node
from fairlead.fleet.rollouts import MissingCapacity, NodeRoom
from fairlead.planning import room

L4 = "NVIDIA-L4"
A100 = "NVIDIA-A100-SXM4-80GB"
ONE, TWO, FOUR, EIGHT = (GpuResources(gpus=gpus) for gpus in (1, 2, 4, 8))
GIB = 1 << 30


def node(product: str = L4, gpus: int = 4, used: int = 0, *, schedulable: bool = True, pool: str = "a") -> Node:
    """A node of four L4 cards, unless stated otherwise."""
    labels = (("pool", pool), ("nvidia.com/gpu.product", product))
    return Node(product=product, gpus=gpus, used=used, schedulable=schedulable, labels=labels)


def test_without_the_right_to_read_nodes_no_replica_is_held_back() -> None:
    assert room.room(None, L4, ONE) == NodeRoom()


def test_a_full_node_has_room_for_none() -> None:
    assert room.room([node(used=4), node(A100, 2)], L4, ONE) == NodeRoom(
        replicas=0, most=4, because="NVIDIA-L4: 4 on 1 node, 4 in use, 0 free; a replica takes 1"
    )


def test_free_gpus_are_added_up_over_nodes() -> None:
    assert room.room([node(used=1), node(used=4), node()], L4, ONE) == NodeRoom(
        replicas=7, most=12, because="NVIDIA-L4: 12 on 3 nodes, 5 in use, 7 free; a replica takes 1"
    )


def test_a_replica_runs_on_one_node_so_scattered_gpus_do_not_help() -> None:
    assert room.room([node(used=1), node(used=2)], L4, FOUR) == NodeRoom(
        replicas=0,
        most=2,
        because="NVIDIA-L4: 8 on 2 nodes, 3 in use, 5 free, at most 3 on one node; a replica takes 4",
    )


def of_memory(one: Node, gib: int, used: int = 0) -> Node:
    """The same node with this main memory, of which our pods request so much."""
    return replace(one, memory_bytes=gib * GIB, used_bytes=used * GIB)


def replica(gpus: int, gib: int) -> GpuResources:
    """What a replica takes of its node."""
    return GpuResources(gpus=gpus, memory_bytes=gib * GIB)


def test_main_memory_limits_what_free_gpus_would_take() -> None:
    tight, roomy = of_memory(node(), 192, used=100), of_memory(node(used=2), 600)
    full, silent = of_memory(node(used=4), 900), node(used=3)
    assert room.room([tight, roomy, full, silent], L4, replica(1, 64)) == NodeRoom(
        replicas=4,
        most=15,
        because="NVIDIA-L4: 7 of 16 GPUs free; a replica requests 64 GiB of memory, and one node has at most 600 "
        "GiB free",
    )
    assert room.room([tight, roomy], L4, ONE).replicas == 6, "without a request only GPUs count"


def test_nodes_without_the_memory_of_one_replica_never_fit_it() -> None:
    """However much a node with too few GPUs has; and whether it is open or not changes nothing."""
    small, narrow = of_memory(node(), 48, used=16), of_memory(node(gpus=1), 900)
    never = NodeRoom(
        replicas=0,
        most=0,
        because="NVIDIA-L4: a replica requests 64 GiB of memory, and the largest node has 48 GiB (32 GiB free)",
        missing=MissingCapacity.MEMORY,
    )
    assert room.room([small, narrow], L4, replica(2, 64)) == never
    assert room.room([replace(small, schedulable=False), narrow], L4, replica(2, 64)) == never
    full = room.room([of_memory(node(), 128, used=128)], L4, replica(1, 64))
    assert (full.replicas, full.most, full.missing) == (0, 2, None), "room comes when other replicas end"


def test_coming_pods_take_the_gpus_that_memory_leaves_idle() -> None:
    """A node of 8 GPUs has the memory of four replicas, so four pods of one GPU and no memory cost none of them."""
    large = [of_memory(node(gpus=8), 1024)]
    assert room.room(large, L4, replica(1, 256), coming=FOUR).replicas == 4
    assert room.room(large, L4, replica(1, 256), coming=GpuResources(gpus=6)).replicas == 2
    assert room.room(large, L4, replica(1, 256), coming=replica(2, 512)).replicas == 2
    assert room.room(large, L4, replica(1, 256), coming=replica(1, 16)).replicas == 3
    assert room.room(large, L4, replica(1, 256), coming=replica(9, 9)).replicas == 0
    assert room.room(large, L4, TWO, coming=replica(3, 999)).replicas == 2
    assert room.room(large, L4, ONE, coming=GpuResources(gpus=9)).replicas == 0


def test_a_taint_that_kubernetes_sets_on_a_node_in_trouble_is_not_to_be_tolerated() -> None:
    """The advice to name node.kubernetes.io/disk-pressure in spec.placement.tolerations filled a full disk further."""
    full = replace(node(), taint="node.kubernetes.io/disk-pressure:NoSchedule")
    assert room.room([full, node(schedulable=False)], L4, ONE).because == (
        "NVIDIA-L4: no node takes pods now; 2 nodes that have it are cordoned, not ready or in trouble (taint "
        "node.kubernetes.io/disk-pressure:NoSchedule): see `kubectl describe nodes`"
    )
    reserved = replace(node(), taint="dedicated=batch:NoSchedule")
    assert room.room([full, reserved], L4, ONE).because.endswith("does not name the taint dedicated=batch:NoSchedule")


def test_a_replica_larger_than_any_node_never_fits() -> None:
    assert room.room([node(), node()], L4, EIGHT) == NodeRoom(
        replicas=0,
        most=0,
        because="NVIDIA-L4: 8 on 2 nodes, 0 in use, 8 free; a replica takes 8 on one node, and no node has more than 4",
        missing=MissingCapacity.GPUS,
    )


def test_nodes_with_a_taint_that_is_not_tolerated_have_no_room_and_the_taint_is_named() -> None:
    reserved = replace(node(), taint="dedicated=batch:NoSchedule")
    assert room.room([node(used=3), reserved], L4, ONE) == NodeRoom(
        replicas=1,
        most=4,
        because="NVIDIA-L4: 4 on 1 node, 3 in use, 1 free; a replica takes 1; 1 more node takes no pods now "
        "(taint dedicated=batch:NoSchedule)",
    )
    assert room.room([reserved, node(schedulable=False)], L4, ONE) == NodeRoom(
        replicas=0,
        most=0,
        because="NVIDIA-L4: no node takes pods now; 2 nodes that have it are cordoned, not ready or tainted; "
        "spec.placement.tolerations does not name the taint dedicated=batch:NoSchedule",
    )


def test_cordoned_nodes_have_no_room_and_are_reported() -> None:
    half = [node(used=3), node(schedulable=False)]
    assert room.room(half, L4, ONE) == NodeRoom(
        replicas=1,
        most=4,
        because="NVIDIA-L4: 4 on 1 node, 3 in use, 1 free; a replica takes 1; 1 more node takes no pods now",
    )
    closed = [node(schedulable=False)] * 2
    assert room.room(closed, L4, ONE) == NodeRoom(
        replicas=0, most=0, because="NVIDIA-L4: no node takes pods now; 2 nodes that have it are cordoned or not ready"
    )


def test_more_pods_than_gpus_is_no_debt() -> None:
    assert room.room([node(used=5), node(used=3)], L4, ONE).replicas == 1


def test_a_gpu_that_is_not_there_is_answered_with_those_that_are() -> None:
    assert room.room([node(A100, 2), node()], "NVIDIA-L5", ONE) == NodeRoom(
        replicas=0,
        most=0,
        because="no node has NVIDIA-L5; this cluster has NVIDIA-L4 (4), NVIDIA-A100-SXM4-80GB (2)"
        "; did you mean NVIDIA-L4?",
        missing=MissingCapacity.PRODUCT,
    )


def test_a_shortened_product_is_answered_with_the_whole_name() -> None:
    assert room.room([node(A100, 2), node()], "L4", ONE).because.endswith("; did you mean NVIDIA-L4?")
    shortened = room.room([node("NVIDIA-H100-80GB-HBM3", 8), node()], "NVIDIA-H100", ONE)
    assert shortened.because.endswith("; did you mean NVIDIA-H100-80GB-HBM3?"), "it is no part of another GPU"


def test_shared_and_sliced_gpus_are_named_and_not_counted() -> None:
    shared = room.room([node("NVIDIA-L4-SHARED", 8)], L4, ONE)
    assert shared == NodeRoom(
        replicas=0,
        most=0,
        because="no node has NVIDIA-L4; this cluster has NVIDIA-L4-SHARED (8)"
        "; NVIDIA-L4-SHARED is the same GPU in parts, which spec.placement.nodeSelector can select",
        missing=MissingCapacity.PRODUCT,
    )
    sliced = f"{A100}-MIG-1g.10gb"
    assert room.room([node(sliced, 7)], sliced, ONE).replicas == 7
    parts = f"; {sliced} is the same GPU in parts, which spec.placement.nodeSelector can select"
    assert room.room([node(sliced, 7)], A100, ONE).because.endswith(parts)


def test_no_product_is_suggested_where_none_is_similar() -> None:
    assert room.room([node("GB")], "Tesla-T4", ONE).because == "no node has Tesla-T4; this cluster has GB (4)"


def test_a_cluster_without_gpus_says_so() -> None:
    nothing = NodeRoom(
        replicas=0,
        most=0,
        because="no node has NVIDIA-L4; this cluster has no labelled GPU",
        missing=MissingCapacity.PRODUCT,
    )
    assert room.room([], L4, ONE) == nothing
    assert room.room([node("", 0)], L4, ONE) == nothing


def test_a_resource_that_says_itself_what_it_is_needs_no_product() -> None:
    assert room.room([node("", 8, 2)], None, TWO) == NodeRoom(
        replicas=3, most=4, because="the GPU resource: 8 on 1 node, 2 in use, 6 free; a replica takes 2"
    )
    assert room.room([], None, TWO).because == "no node has the GPU resource"


def test_a_selector_narrows_the_nodes() -> None:
    nodes = [node(pool="a"), node(pool="b", used=4)]
    assert room.room(nodes, L4, ONE, (("pool", "a"),)).replicas == 4
    assert room.room(nodes, L4, ONE, (("pool", "c"),)) == NodeRoom(
        replicas=0,
        most=0,
        because="2 nodes have NVIDIA-L4, and none of them the labels pool=c of spec.placement.nodeSelector",
        missing=MissingCapacity.SELECTOR,
    )
    assert room.room(nodes[:1], L4, ONE, (("pool", "c"),)).because.startswith("1 node has NVIDIA-L4, and")


@pytest.mark.trial(6)
def test_only_what_waiting_never_brings_is_a_lack() -> None:
    """Cordoned nodes come back, and so does a device plugin; a node that is too small does not grow."""
    large = node(gpus=8, schedulable=False)
    assert room.room([node(), large], L4, EIGHT).missing is None
    assert room.room([large], L4, EIGHT).missing is None
    assert room.room([node(schedulable=False)], L4, EIGHT).missing is MissingCapacity.GPUS
    assert room.room([node(gpus=0), node(A100, 2)], L4, ONE) == NodeRoom(
        replicas=0,
        most=0,
        because="1 node has the label NVIDIA-L4 and offers no GPU now; check the node and its device plugin",
    )


def test_products_are_listed_the_most_frequent_first() -> None:
    assert room.products([node(A100, 2), node(), node(gpus=1), node("", 9)]) == ((L4, 5), (A100, 2))


@given(st.lists(st.builds(node, gpus=st.integers(0, 8), used=st.integers(0, 9)), max_size=6), st.integers(1, 8))
def test_room_is_never_more_than_free_gpus_hold_nor_more_than_empty_nodes_would(nodes: list[Node], gpus: int) -> None:
    answer = room.room(nodes, L4, GpuResources(gpus=gpus))
    free = sum(max(0, each.gpus - each.used) for each in nodes)
    assert answer.replicas is not None
    assert answer.most is not None
    assert 0 <= answer.replicas <= min(free // gpus, answer.most)
    assert answer.because
