"""How many more replicas of one kind the nodes could take, if the process may read nodes. Pure."""

from collections.abc import Iterable
from typing import TypeAlias

from fairlead.cluster import cpu_nodes, gpu_nodes, kinds
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import DesiredRevision
from fairlead.fleet.rollouts import NodeRoom
from fairlead.objects import engine_placement
from fairlead.planning import cpu_room
from fairlead.planning import room as rooms

NodeRequirement: TypeAlias = GpuRequirement | CpuRequirement
"""What one replica needs of its node."""


def requirement(wanted: DesiredRevision) -> NodeRequirement | None:
    """Return what a replica of this revision needs; None if any node will do."""
    if wanted.cpu is None:
        return GpuRequirement.of(wanted)
    return CpuRequirement(
        resources=wanted.cpu,
        selector=tuple(sorted(engine_placement.node_selector(wanted).items())),
        tolerations=wanted.placement.tolerations,
    )


def of(
    world: ClusterState, place: NodeRequirement | None, *, nodes_grow: bool, unwatched: Iterable[Manifest] = ()
) -> NodeRoom:
    """Return the room by stored and `unwatched` pods; unlimited if nothing is needed of a node, or nodes are added."""
    if place is None or nodes_grow or not world.has_listed(kinds.NODE):
        return NodeRoom(of_cpu=isinstance(place, CpuRequirement))
    some = (*world.of(kinds.POD).each(), *unwatched)
    nodes = world.of(kinds.NODE).all()
    if isinstance(place, CpuRequirement):
        coming = cpu_nodes.pending_replicas(some, place)
        return cpu_room.room(
            cpu_nodes.host_nodes(nodes, some, place.tolerations), place.resources, place.selector, coming
        )
    coming = gpu_nodes.pending_replicas(some, place)
    return rooms.room(
        gpu_nodes.nodes_with(nodes, some, place.resource), place.product, place.gpus, place.others, coming
    )
