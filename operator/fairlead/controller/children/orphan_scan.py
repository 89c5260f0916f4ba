"""Finds children that lost their labels while no operator ran, which watches do not see; runs once after election."""

import asyncio
import logging
import re
from collections.abc import Iterable
from typing import Final, Protocol

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import snapshot
from fairlead.controller.children import orphans
from fairlead.controller.children.child_losses import ChildLoss, LossKind
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.objects import labels, names, pod_engine
from fairlead.review.context import ObjectKey

UNMARKED: Final = labels.MANAGED_BY.replace("=", "!=")
"""The label selector of everything that the informers of children leave out."""

AT_ONCE: Final = 8
"""How many namespaces are listed at the same time."""
LONGEST_S: Final = 5.0
"""Time limit for one namespace, since reconciling waits for the scan."""

_REVISION: Final = re.compile(f"[0-9a-f]{{{names.REVISION_DIGITS}}}")

log = logging.getLogger("fairlead.controller")


class ListClient(Protocol):
    """The part of the API server that the scan needs."""

    async def listing(self, resource: Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """Return all objects of a kind in a namespace that match a selector."""


async def find(client: ListClient, cluster: ControllerClusterState) -> None:
    """Note them as losses before anything is reconciled; log the namespaces that cannot be listed."""
    semaphore = asyncio.Semaphore(AT_ONCE)
    namespaces = sorted({one["metadata"]["namespace"] for one in cluster.of(kinds.INFERENCE_DEPLOYMENT).each()})
    found = await asyncio.gather(*(_unmarked(client, one, semaphore) for one in namespaces))
    listed = [one for some in found for one in some]
    deployments = [*cluster.of(kinds.DEPLOYMENT).each(), *(one for one in listed if one["kind"] == "Deployment")]
    ours = {_place(one): one for one in deployments if _owner(one)}
    served = [_place(one) for one in cluster.of(kinds.INFERENCE_DEPLOYMENT).each()]
    for one in ours.values():
        if snapshot.revision_of(one) and orphans.is_unmarked(one):
            cluster.losses.suspect(_key(one), ChildLoss(LossKind.RELABELLED, kinds.DEPLOYMENT, one))
    for pod in (*cluster.of(kinds.POD).each(), *(one for one in listed if one["kind"] == "Pod")):
        made_by = ours.get((pod["metadata"]["namespace"], orphans.maker_name(pod)))
        key = _key(made_by) if made_by is not None else _retired_of(pod, served)
        if key is not None and (made_by is None or orphans.due(pod, made_by)):
            cluster.losses.suspect(key, ChildLoss(LossKind.RELABELLED, kinds.POD, pod))


async def _unmarked(client: ListClient, namespace: str, semaphore: asyncio.Semaphore) -> list[Manifest]:
    """Return a namespace's Deployments without our label, and those of its pods that a Deployment made."""
    try:
        async with semaphore, asyncio.timeout(LONGEST_S):
            deployments = await client.listing(kinds.DEPLOYMENT, namespace, UNMARKED)
            pods = await client.listing(kinds.POD, namespace, UNMARKED)
    except (ApiError, TimeoutError) as problem:
        words = str(problem) or f"no answer within {LONGEST_S:g} s"
        log.warning("cannot search for pods that lost their labels in namespace %s: %s", namespace, words)
        return []
    return [*deployments.items, *filter(orphans.maker_name, pods.items)]


def _retired_of(pod: Manifest, served: Iterable[tuple[str, str]]) -> ObjectKey | None:
    """Return the InferenceDeployment whose retired revision made this pod, by the names of all three."""
    namespace, revision = pod["metadata"]["namespace"], orphans.maker_name(pod).rpartition("-")[2]
    if not orphans.is_given_up(pod) or not _REVISION.fullmatch(revision):
        return None
    if [one.get("name") for one in pod["spec"].get("containers") or ()] != [pod_engine.CONTAINER]:
        return None
    maker = namespace, orphans.maker_name(pod)
    found = next((one for one in served if (one[0], names.engine(one[1], revision)) == maker), None)
    return ObjectKey(kinds.INFERENCE_DEPLOYMENT.kind, *found) if found else None


def _place(one: Manifest) -> tuple[str, str]:
    return one["metadata"]["namespace"], one["metadata"]["name"]


def _owner(deployment: Manifest) -> str:
    """Return the InferenceDeployment that a Deployment belongs to."""
    controller = snapshot.controller_of(deployment)
    return str(controller.get("name", "")) if controller.get("kind") == kinds.INFERENCE_DEPLOYMENT.kind else ""


def _key(deployment: Manifest) -> ObjectKey:
    return ObjectKey(kinds.INFERENCE_DEPLOYMENT.kind, deployment["metadata"]["namespace"], _owner(deployment))
