"""Room for more replicas of one deployment, where the operator may read nodes. Pure."""

from collections.abc import Iterator

from fairlead.cluster import gpu_nodes, kinds
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.desired_state import NO_RESOURCE
from fairlead.fleet.rollouts import NodeRoom
from fairlead.objects import engine_placement
from fairlead.planning import room as rooms
from fairlead.review.deployment_review import DeploymentReview


def _out_of_sight(world: ControllerClusterState) -> Iterator[Manifest]:
    """Pods that lost their labels, so that no store has them, and were not relabelled yet."""
    for pod in world.losses.pods():
        seen = world.of(kinds.POD).find(pod["metadata"]["namespace"], pod["metadata"]["name"])
        if seen is None or seen["metadata"]["uid"] != pod["metadata"]["uid"]:
            yield pod


def room(world: ControllerClusterState, judged: DeploymentReview, *, nodes_grow: bool) -> NodeRoom:
    """How many more replicas of this deployment would find a node."""
    wanted = judged.deployment.wanted if judged.deployment else None
    if wanted is None or wanted.resource == NO_RESOURCE or nodes_grow or not world.knows(kinds.NODE):
        return NodeRoom()
    place = GpuRequirement(
        resource=wanted.resource,
        gpus=wanted.gpus_per_replica,
        selector=tuple(sorted(engine_placement.node_selector(wanted).items())),
    )
    some = (*world.of(kinds.POD).each(), *_out_of_sight(world))
    nodes = gpu_nodes.nodes_with(world.of(kinds.NODE).all(), some, place.resource)
    return rooms.room(nodes, place.product, place.gpus, place.others, gpu_nodes.pending_replicas(some, place))
