"""Room for more replicas of one deployment, if the operator may read nodes. Pure."""

from collections.abc import Iterator

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.rollouts import NodeRoom
from fairlead.objects.owner import Owner
from fairlead.process import node_room
from fairlead.process.node_room import NodeRooms
from fairlead.review.deployment_review import DeploymentReview


def _out_of_sight(cluster: ControllerClusterState) -> Iterator[Manifest]:
    """Yield pods that lost their labels and were not relabelled yet, so that no store has them."""
    for pod in cluster.losses.pods():
        seen = cluster.of(kinds.POD).find(pod["metadata"]["namespace"], pod["metadata"]["name"])
        if seen is None or seen["metadata"]["uid"] != pod["metadata"]["uid"]:
            yield pod


class RoomReader:
    """Says how many more replicas of a deployment would find a node; all share what was counted of pods and nodes."""

    def __init__(self, cluster: ControllerClusterState, *, nodes_grow: bool) -> None:
        self._cluster = cluster
        self._nodes_grow = nodes_grow
        self._rooms = NodeRooms()

    def room(self, review: DeploymentReview, owner: Owner) -> NodeRoom:
        """Return the room for this deployment as of now."""
        own = NamespacedName(owner.namespace, owner.name)
        place = node_room.requirement(review.deployment.revision) if review.deployment else None
        place = node_room.as_admitted(self._cluster, place, own)
        unwatched = _out_of_sight(self._cluster)
        return self._rooms.of(self._cluster, place, nodes_grow=self._nodes_grow, unwatched=unwatched, own=own)
