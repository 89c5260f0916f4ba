"""Whether the cluster took a rollout's step: only then is it reported."""

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.fleet.rollouts import FailureStep, ReplicaStep, RetireStep, RolloutPlan
from fairlead.objects import names
from fairlead.objects.owner import Owner


def taken_by_cluster(
    cluster: ControllerClusterState, owner: Owner, plan: RolloutPlan | None
) -> ReplicaStep | FailureStep | RetireStep | None:
    """Return the plan's step if it changes anything, and its revision's Deployment is stored as it leaves it."""
    step = plan.step if plan else None
    if not isinstance(step, ReplicaStep | FailureStep | RetireStep):
        return None
    live = cluster.of(kinds.DEPLOYMENT).find(owner.namespace, names.engine(owner.name, step.revision))
    return step if _is_so(live, step) else None


def _is_so(live: Manifest | None, step: ReplicaStep | FailureStep | RetireStep) -> bool:
    if live is None or isinstance(step, RetireStep):
        return live is None and isinstance(step, RetireStep)
    if isinstance(step, ReplicaStep):
        return snapshot.requested_replicas(live) == step.replicas
    failure = snapshot.revision_facts(live).failure
    return failure is not None and (failure.times, failure.rejected) == (step.failure.times, step.failure.rejected)
