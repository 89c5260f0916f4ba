"""How many more replicas of one kind the nodes could take, where the process may read nodes. Pure."""

from collections.abc import Iterable

from fairlead.cluster import gpu_nodes, kinds
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.rollouts import NodeRoom
from fairlead.planning import room as rooms


def of(
    world: ClusterState, place: GpuRequirement | None, *, nodes_grow: bool, unwatched: Iterable[Manifest] = ()
) -> NodeRoom:
    """The room by the pods in the store and the `unwatched` ones; unlimited without GPUs or where nodes are added."""
    if place is None or nodes_grow or not world.has_listed(kinds.NODE):
        return NodeRoom()
    some = (*world.of(kinds.POD).each(), *unwatched)
    nodes = gpu_nodes.nodes_with(world.of(kinds.NODE).all(), some, place.resource)
    return rooms.room(nodes, place.product, place.gpus, place.others, gpu_nodes.pending_replicas(some, place))
