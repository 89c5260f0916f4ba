"""Room for more replicas of one deployment, as far as we may look at nodes. Pure."""

from fairlead.cluster import gpu_places, kinds
from fairlead.cluster.gpu_places import Place
from fairlead.controller.judging import Judged
from fairlead.controller.world import World
from fairlead.fleet.rollouts import Room
from fairlead.fleet.wanted import NO_RESOURCE
from fairlead.objects import engine_placement
from fairlead.planning import room as rooms


def room(world: World, judged: Judged, *, nodes_grow: bool) -> Room:
    """How many more replicas of this deployment's kind would find a place."""
    wanted = judged.deployment.wanted if judged.deployment else None
    if wanted is None or wanted.resource == NO_RESOURCE or nodes_grow or not world.knows(kinds.NODE):
        return Room()
    place = Place(
        resource=wanted.resource,
        gpus=wanted.gpus_per_replica,
        selector=tuple(sorted(engine_placement.node_selector(wanted).items())),
    )
    some = tuple(world.of(kinds.POD).each())
    nodes = gpu_places.seen(world.of(kinds.NODE).all(), some, place.resource)
    return rooms.room(nodes, place.product, place.gpus, place.others, gpu_places.coming(some, place))
