"""Whether a canary can run as written: with these replicas, behind this router, with these gates. Pure."""

from collections.abc import Iterator

from fairlead.fleet.canaries import CanaryStep
from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.fleet.policies import ReplicaBounds
from fairlead.review import canary_gates
from fairlead.review.context import ReviewContext
from fairlead.review.result import AdmissionReason

STRATEGY = "spec.rollout.strategy"
STEPS = "spec.rollout.canary.steps"


def refusals(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refuse what this release does not do."""
    plan = deployment.rollout.canary
    if plan is None:
        return
    yield from canary_gates.refusals(plan, canary_gates.OF_DEPLOYMENT)


def item_refusals(deployment: DesiredDeployment, context: ReviewContext) -> Iterator[SpecRefusal]:
    """Refuse an evaluation with too few items, once they were counted."""
    plan, namespace = deployment.rollout.canary, deployment.revision.namespace
    if plan is not None:
        yield from canary_gates.item_refusals(plan, canary_gates.OF_DEPLOYMENT, namespace, context)


def count_refusals(deployment: DesiredDeployment) -> Iterator[SpecRefusal]:
    """Refuse what the number of replicas does not allow.

    Only when a spec is written: an HPA scales without a review, and must not be stopped by what is stored.
    """
    rollout, most = deployment.rollout, _most(deployment)
    if rollout.canary is None or most == 0:
        return
    if most == 1 and not rollout.max_surge:
        yield SpecRefusal(
            field=STRATEGY,
            value=RolloutStrategy.CANARY,
            reason=AdmissionReason.TOO_FEW_REPLICAS,
            because="with 1 replica and maxSurge 0 the old revision would have to end before the new one is judged",
            remedy="set rollout.maxSurge to 1 (needs a spare GPU), or replicas to 2, or use Replace without gates",
        )
        return
    for number, step in enumerate(rollout.canary.steps):
        yield from _beyond(f"{STEPS}[{number}]", step, rollout.max_surge, most)


def warnings(deployment: DesiredDeployment) -> Iterator[SpecWarning]:
    """Warn of what works but is hardly intended."""
    rollout, bounds = deployment.rollout, deployment.replicas
    if rollout.canary is None:
        return
    yield from canary_gates.warnings(rollout.canary, canary_gates.OF_DEPLOYMENT, "new revision")
    if isinstance(bounds, ReplicaBounds) and bounds.least < 2 <= bounds.most and not rollout.max_surge:
        yield SpecWarning(
            field="spec.scaling.minReplicas",
            value=str(bounds.least),
            reason=AdmissionReason.TOO_FEW_REPLICAS,
            because="no canary begins while fewer than 2 replicas are desired, since maxSurge is 0",
            remedy="set minReplicas to 2, or rollout.maxSurge to 1 (needs a spare GPU)",
        )


def _most(deployment: DesiredDeployment) -> int:
    """Return the most replicas ever desired."""
    replicas = deployment.replicas
    return replicas.most if isinstance(replicas, ReplicaBounds) else replicas


def _beyond(field: str, step: CanaryStep, surge: int, most: int) -> Iterator[SpecRefusal]:
    """Refuse a step that cannot have its share, even with all the replicas that there may be."""
    room = min(most, most + surge - 1)
    new = min(step.replicas_of(most, surge), room)
    share = 100 * new // (most + min(new, surge))
    if step.replicas > room:
        yield SpecRefusal(
            field=f"{field}.replicas",
            value=str(step.replicas),
            reason=AdmissionReason.TOO_FEW_REPLICAS,
            because=f"of {most} replicas, with maxSurge {surge}, at most {room} can be new, since one of the old ones "
            "stays until the last step has passed",
            remedy=f"write {room} or fewer, or raise rollout.maxSurge",
        )
    elif step.traffic > share:
        yield SpecRefusal(
            field=f"{field}.traffic",
            value=str(step.traffic),
            reason=AdmissionReason.ABOVE_ITS_REPLICAS,
            because=f"{new} new of {most + min(new, surge)} replicas are {share} percent, and routers send a new "
            "revision no more than its part",
            remedy=f"write {share} or less, or give the step more replicas",
        )
