"""Puts labels back on pods and Deployments that lost them, and reports what another client deleted.

A pod without its labels serves no requests and keeps its GPU, while its ReplicaSet makes another. With its labels back
the ReplicaSet adopts it again, and ends the less needed of the two, after its streams.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from fairlead.cluster import kinds, pods
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import snapshot
from fairlead.controller.children import orphans
from fairlead.controller.children.applier import Applier
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.child_losses import ChildLoss, LossKind
from fairlead.controller.children.obstacles import obstacle_of
from fairlead.controller.desired_state import DesiredState
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status import hung_status
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet import plurals
from fairlead.objects import names
from fairlead.review.context import ObjectKey

LABELLER: Final = "fairlead-labels"
"""The field manager of labels that were put back on a pod; our annotations on pods have another one, and stay."""
SAME_MOMENT: Final = timedelta(seconds=2)
"""Times on objects are whole seconds."""

MAX_NAMED: Final = 2
"""How many labels a message names."""

OnForeignDeletion = Callable[[str], None]
"""Called when another client deleted a pod, with a note on it."""
IsDeletedByUs = Callable[[DeploymentSnapshot, str], bool]
"""Whether the pod with this UID is one of a deployment that we deleted, and that its status does not list yet."""


class RestoreResult(NamedTuple):
    """The result of one pass over a deployment's losses."""

    observed: DeploymentSnapshot
    obstacle: Obstacle | None = None
    """The API server's refusal, if any."""
    deleted: tuple[ChildLoss, ...] = ()
    """Children that no longer exist: the applier reports them when it creates them again."""
    given_up: tuple[ChildLoss, ...] = ()
    """Pods that lost their labels and whose Deployment does not exist: to be checked again until they are gone."""


class Restorer:
    """Checks every loss once, and again while the API server refuses the repair."""

    def __init__(
        self,
        client: ControllerApiClient,
        cluster: ControllerClusterState,
        applier: Applier,
        is_deleted: IsDeletedByUs,
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._applier = applier
        self._is_deleted = is_deleted

    async def restore(
        self, observed: DeploymentSnapshot, report: OnForeignChange, lost: OnForeignDeletion
    ) -> RestoreResult:
        """Check all losses of one deployment; Deployments first, since a pod is identified by the one that made it."""
        key, deleted, given_up, obstacle = _key(observed), [], [], None
        for loss in sorted(self._cluster.losses.of(key), key=lambda one: one.resource is kinds.POD):
            try:
                if loss.resource is kinds.POD:
                    changed = await self._pod(observed, loss, report, lost)
                else:
                    changed = await self._child(observed, loss, report)
            except RequestRefused as problem:
                obstacle = _refused(loss.resource, loss.manifest, problem)
                continue
            if changed is None:
                given_up.append(loss)
                continue
            if loss.how is LossKind.WENT and not changed and snapshot.owned(loss.manifest, observed.owner):
                deleted.append(loss)
                continue
            observed = (snapshot.observe(self._cluster, key) if changed else None) or observed
            self._cluster.losses.settle(key, (loss,))
        observed = replace(observed, deleted=frozenset(one.name for one in deleted))
        return RestoreResult(observed, obstacle, tuple(deleted), tuple(given_up))

    async def settle(self, restored: RestoreResult, decision: DesiredState, report: OnForeignChange) -> Obstacle | None:
        """Drop the losses of children that were created again and reported; delete pods that nothing will adopt."""
        self._cluster.losses.settle(_key(restored.observed), restored.deleted)
        obstacle = restored.obstacle
        if decision.target is None:
            return obstacle
        kept = {one["metadata"]["name"] for one in decision.engines}
        target = names.engine(restored.observed.owner.name, decision.target)
        stripped = [one.manifest for one in restored.given_up if orphans.maker_name(one.manifest) not in kept]
        # Pods that have their labels serve, and the target's Deployment adopts them when it is created again.
        marked = [one for one in restored.observed.unowned if orphans.maker_name(one) not in kept | {target}]
        for pod in (*stripped, *marked, *restored.observed.superseded):
            try:
                await self._end(pod, report)
            except RequestRefused as problem:
                obstacle = _refused(kinds.POD, pod, problem)
        return obstacle

    async def _end(self, pod: Manifest, report: OnForeignChange) -> None:
        """Delete a pod that nothing will adopt; it remains a loss, with its GPUs, until the pod is gone."""
        live = await self._live(kinds.POD, pod)
        if live is None or "deletionTimestamp" in live["metadata"] or not orphans.is_given_up(live):
            return
        await self._client.remove(live, uid=live["metadata"]["uid"])
        report(kinds.POD, _ended(live))

    def forget(self, key: ObjectKey) -> None:
        """Drop all losses of a deployment that is deleted or being deleted."""
        self._cluster.losses.settle(key, self._cluster.losses.of(key))

    async def _pod(
        self, observed: DeploymentSnapshot, loss: ChildLoss, report: OnForeignChange, lost: OnForeignDeletion
    ) -> bool | None:
        """Check a lost pod; return whether its labels were put back, None if the Deployment that made it is gone.

        A pod that was given up outlives its Deployment; a Deployment created again adopts it with its labels.
        """
        deployments = [*observed.engines, *([observed.router] if observed.router else [])]
        made_by = orphans.maker(loss.manifest, deployments)
        live = await self._live(loss.resource, loss.manifest) if loss.how is not LossKind.ENDING else None
        if made_by is None:
            return None if live is not None and orphans.is_given_up(live) else False
        is_older = loss.manifest["metadata"]["creationTimestamp"] < made_by["metadata"]["creationTimestamp"]
        uid = loss.manifest["metadata"]["uid"]
        is_ours = hung_status.is_replaced(uid, observed.status) or self._is_deleted(observed, uid)
        if live is None and loss.how is not LossKind.RELABELLED and not (is_older or is_ours):
            await self._report_deletion(loss, made_by, lost)
        if live is None or "deletionTimestamp" in live["metadata"] or orphans.maker(live, deployments) is None:
            return False
        due = orphans.due(live, made_by)
        if not due or live.get("status", {}).get("phase") in pods.ENDED:
            return False
        head = {one: live["metadata"][one] for one in ("name", "namespace", "uid")}
        # All labels each time: an apply removes what the same manager applied before and no longer sends.
        whole = dict(orphans.born_with(live, made_by))
        labelled = {"apiVersion": "v1", "kind": "Pod", "metadata": head | {"labels": whole}}
        self._cluster.note(await self._client.apply(labelled, manager=LABELLER))
        report(kinds.POD, _taken_back(live, due))
        return True

    async def _child(self, observed: DeploymentSnapshot, loss: ChildLoss, report: OnForeignChange) -> bool:
        """Put the labels back on a revision's Deployment; all other children are rebuilt from the spec."""
        if loss.resource is not kinds.DEPLOYMENT or not snapshot.revision_of(loss.manifest):
            return False
        live = await self._live(loss.resource, loss.manifest)
        if live is None or not snapshot.owned(live, observed.owner) or not orphans.is_unmarked(live):
            return False
        await self._applier.relabel(live, observed.owner, report)
        return True

    async def _live(self, resource: Resource, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        live = await self._client.read(resource, metadata["namespace"], metadata["name"])
        return live if live is not None and live["metadata"]["uid"] == metadata["uid"] else None

    async def _report_deletion(self, loss: ChildLoss, made_by: Manifest, lost: OnForeignDeletion) -> None:
        """Report a deleted pod only if neither its ReplicaSet, by the latest count, nor a node drain deleted it."""
        pod, metadata = loss.manifest, made_by["metadata"]
        if pods.condition(pod, "DisruptionTarget") or not _was_wanted(pod, made_by, loss.others):
            return
        fresh = await self._client.read(kinds.DEPLOYMENT, metadata["namespace"], metadata["name"])
        if fresh is not None and _was_wanted(pod, fresh, loss.others):
            lost(
                f"pod {pod['metadata']['name']} was deleted, neither by Fairlead nor by a drain of its node; "
                "its ReplicaSet creates another. To have fewer replicas lower spec.replicas or scaling.minReplicas"
            )


def _key(observed: DeploymentSnapshot) -> ObjectKey:
    return ObjectKey(kinds.INFERENCE_DEPLOYMENT.kind, observed.owner.namespace, observed.owner.name)


def _was_wanted(pod: Manifest, deployment: Manifest, others: int) -> bool:
    """Whether the other pods were fewer than requested, with no rolling update or scale-up at that moment."""
    status, metadata = deployment.get("status") or {}, deployment["metadata"]
    rolls = status.get("observedGeneration", metadata.get("generation")) != metadata.get("generation")
    rolls |= status.get("updatedReplicas", 0) < status.get("replicas", 0)
    grown, ended = snapshot.revision_facts(deployment).grown_at, _deletion_began(pod)
    grew = grown is not None and ended is not None and ended <= grown + SAME_MOMENT
    return others < snapshot.requested_replicas(deployment) and not rolls and not grew


def _deletion_began(pod: Manifest) -> datetime | None:
    """Return when a pod's deletion began: its deletionTimestamp is later by the grace period."""
    metadata = pod["metadata"]
    if "deletionTimestamp" not in metadata:
        return None
    return datetime.fromisoformat(metadata["deletionTimestamp"]) - timedelta(
        seconds=metadata.get("deletionGracePeriodSeconds") or 0
    )


def _taken_back(pod: Manifest, due: Sequence[str]) -> str:
    held = orphans.held(pod)
    keeps = f" It kept {held} meanwhile." if held else ""
    return (
        f"pod {pod['metadata']['name']}: {_some(due)} removed or changed, not by Fairlead, so its ReplicaSet "
        f"released it and created another.{keeps} The labels are restored, and the ReplicaSet ends the "
        "surplus replica"
    )


def _ended(pod: Manifest) -> str:
    held = orphans.held(pod)
    keeps = f", and kept {held}" if held else ""
    return (
        f"pod {pod['metadata']['name']} belongs to no ReplicaSet any more{keeps}: its labels or its Deployment "
        "were removed, not by Fairlead. No Deployment adopts it, so it is ended after its streams"
    )


def _some(labels: Sequence[str]) -> str:
    """Name the labels, or only count them, since an Event has no room for ten labels."""
    named = plurals.count(len(labels), "label") if len(labels) > MAX_NAMED else " and ".join(labels)
    return f"{named} {plurals.verb(len(labels), 'was')}"


def _refused(resource: Resource, manifest: Manifest, problem: RequestRefused) -> Obstacle:
    obstacle, held = obstacle_of(problem), orphans.held(manifest)
    name = f"{resource.kind} {manifest['metadata']['name']}"
    keeps = f", serves no requests and keeps {held}" if held else ""
    return Obstacle(reason=obstacle.reason, message=f"{name} lost its labels{keeps}: {obstacle.message}")
