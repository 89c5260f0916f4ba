"""Finds once, when leading begins, what lost its labels while no operator watched: no watch tells of it any more."""

import logging
from collections.abc import Callable
from typing import Final, Protocol

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import Listed
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import observing, orphans
from fairlead.controller.known import Key
from fairlead.controller.losses import How, Loss
from fairlead.controller.world import World
from fairlead.objects import labels

UNMARKED: Final = labels.MANAGED_BY.replace("=", "!=")
"""What the informers of children do not ask for."""

log = logging.getLogger("fairlead.controller")


class Lists(Protocol):
    """As much of the API server as this needs."""

    async def listing(self, resource: Resource, namespace: str | None = None, selector: str = "") -> Listed:
        """All objects of a kind in a namespace that a selector takes."""


async def find(api: Lists, world: World, wake: Callable[[Key], None]) -> None:
    """Have their deployments reconciled; where a namespace cannot be listed, that is logged."""
    deployments, pods = [*world.of(kinds.DEPLOYMENT).each()], [*world.of(kinds.POD).each()]
    for namespace in sorted({one["metadata"]["namespace"] for one in world.of(kinds.INFERENCE_DEPLOYMENT).each()}):
        try:
            deployments += (await api.listing(kinds.DEPLOYMENT, namespace, UNMARKED)).items
            pods += filter(orphans.maker_name, (await api.listing(kinds.POD, namespace, UNMARKED)).items)
        except ApiError as problem:
            log.warning("pods that lost their labels cannot be looked for in namespace %s: %s", namespace, problem)
    ours = {_place(one): one for one in deployments if _owner(one)}
    for one in ours.values():
        if observing.revision_of(one) and orphans.is_unmarked(one):
            world.losses.suspect(_key(one), Loss(How.RELABELLED, kinds.DEPLOYMENT, one))
            wake(_key(one))
    for pod in pods:
        made_by = ours.get((pod["metadata"]["namespace"], orphans.maker_name(pod)))
        if made_by is not None and orphans.due(pod, made_by):
            world.losses.suspect(_key(made_by), Loss(How.RELABELLED, kinds.POD, pod))
            wake(_key(made_by))


def _place(one: Manifest) -> tuple[str, str]:
    return one["metadata"]["namespace"], one["metadata"]["name"]


def _owner(deployment: Manifest) -> str:
    """The InferenceDeployment that a Deployment belongs to."""
    controller = observing.controller_of(deployment)
    return str(controller.get("name", "")) if controller.get("kind") == kinds.INFERENCE_DEPLOYMENT.kind else ""


def _key(deployment: Manifest) -> Key:
    return Key(kinds.INFERENCE_DEPLOYMENT.kind, deployment["metadata"]["namespace"], _owner(deployment))
