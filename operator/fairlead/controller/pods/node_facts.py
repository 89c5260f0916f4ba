"""Room for more replicas of one deployment, if the operator may read nodes. Pure."""

from collections.abc import Iterator

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.rollouts import NodeRoom
from fairlead.objects.owner import Owner
from fairlead.process import node_room
from fairlead.review.deployment_review import DeploymentReview


def _out_of_sight(world: ControllerClusterState) -> Iterator[Manifest]:
    """Yield pods that lost their labels and were not relabelled yet, so that no store has them."""
    for pod in world.losses.pods():
        seen = world.of(kinds.POD).find(pod["metadata"]["namespace"], pod["metadata"]["name"])
        if seen is None or seen["metadata"]["uid"] != pod["metadata"]["uid"]:
            yield pod


def room(world: ControllerClusterState, judged: DeploymentReview, owner: Owner, *, nodes_grow: bool) -> NodeRoom:
    """Return how many more replicas of this deployment would find a node."""
    own = NamespacedName(owner.namespace, owner.name)
    place = node_room.requirement(judged.deployment.wanted) if judged.deployment else None
    place = node_room.as_admitted(world, place, own)
    return node_room.of(world, place, nodes_grow=nodes_grow, unwatched=_out_of_sight(world), own=own)
