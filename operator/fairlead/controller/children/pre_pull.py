"""Applies the DaemonSet that holds images on nodes, separately from all other children: what blocks it stops no engine.

A DaemonSet of the same name that is not ours is left alone.
"""

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.children import foreign_changes, obstacles
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.obstacles import StillTerminating
from fairlead.controller.children.separate_child import SeparateChild
from fairlead.controller.pods import admitted_tolerations, target_start
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status.pre_pull_status import PrePullState
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.objects import applied_hash, engine_deployment, engine_pods, names, pre_pull, revisions
from fairlead.objects.owner import Owner
from fairlead.review.deployment_review import DeploymentReview


class PrePullApplier(SeparateChild):
    """The only writer of DaemonSets."""

    kind = kinds.DAEMON_SET

    async def carry_out(
        self, observed: DeploymentSnapshot, review: DeploymentReview, report: OnForeignChange
    ) -> PrePullState | None:
        """Create, repair or remove it; while the spec is refused, it stays as it is.

        A removal by another client is reported, as of every child.
        """
        owner, deployment = observed.owner, review.deployment
        if deployment is None or not review.may_start:
            live = self._stored(owner)
            return None if live is None else PrePullState(daemon_set=live)
        intent = _intent(observed, review, deployment) if deployment.pre_pull else None
        try:
            obstacle = await self._changed(intent, observed, report)
        except StillTerminating:
            obstacle = None  # its watch reports when it is gone
        except ApiError as problem:
            obstacle = _failed(problem, observed.owner)
        if intent is None and obstacle is None:
            return None
        return PrePullState(daemon_set=self._stored(owner), obstacle=obstacle)

    async def _changed(
        self, intent: Manifest | None, observed: DeploymentSnapshot, report: OnForeignChange
    ) -> Obstacle | None:
        owner = observed.owner
        with obstacles.caught(owner) as met:
            if intent is None:
                await self._remove(owner)
            elif await self._ensured(intent, owner, report) and _is_named(intent, observed):
                report(kinds.DAEMON_SET, foreign_changes.recreation_note(intent))
        return met.obstacle

    def _stored(self, owner: Owner) -> Manifest | None:
        live = self._cluster.of(kinds.DAEMON_SET).find(owner.namespace, names.pre_pull(owner.name))
        return live if live is not None and snapshot.owned(live, owner) else None

    def _taken(self, owner: Owner, whose: str) -> Obstacle:
        return Obstacle(
            reason=ConditionReason.NAME_TAKEN,
            message=f"spec.prePull: DaemonSet {names.pre_pull(owner.name)} exists already and {whose}; it is left "
            "alone, and no image is pulled in advance: delete it, or remove spec.prePull",
        )


def _intent(observed: DeploymentSnapshot, review: DeploymentReview, deployment: DesiredDeployment) -> Manifest:
    """Build it from the target's pods: as its Deployment has them, if it exists, since its images never change."""
    assert review.spec is not None
    revision = revisions.of(review.spec)
    engine = observed.engine(revision)
    if engine is None:
        template = engine_pods.template(observed.owner, deployment, target_start.launch(review), revision)
    else:
        template = engine_deployment.stored_template(engine) or engine["spec"]["template"]
    admitted = admitted_tolerations.of_all(observed)
    return applied_hash.with_applied_hash(pre_pull.manifest(observed.owner, template, admitted))


def _is_named(intent: Manifest, observed: DeploymentSnapshot) -> bool:
    return (intent["kind"], intent["metadata"]["name"]) in observed.deleted


def _failed(error: ApiError, owner: Owner) -> Obstacle:
    what = f"{error.verb} DaemonSet {names.pre_pull(owner.name)} (status {error.status})"
    return Obstacle(
        reason=ConditionReason.CLUSTER_REFUSES,
        message=f"spec.prePull: the API server failed to {what}: {error.message or error.reason}; it is "
        "tried again within 15 s, and no replica waits for it",
    )
