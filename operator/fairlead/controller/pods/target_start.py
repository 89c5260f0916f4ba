"""Whether the target can start, by its preflight and its pods, before anything is drained for it. Pure."""

from dataclasses import dataclass
from datetime import datetime

from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import preflight, start_failures
from fairlead.controller.pods.preflight import PreflightResult
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.engine_launch import EngineLaunch
from fairlead.fleet.rollouts import HoldReason, HoldStep, RolloutPlan
from fairlead.objects import applied_hash, engine_deployment, preflight_pods, revisions
from fairlead.objects.engine_deployment import RevisionFacts
from fairlead.review import engine_timing
from fairlead.review.deployment_review import DeploymentReview


@dataclass(frozen=True, kw_only=True)
class DecisionInputs:
    """The inputs of one decision."""

    observed: DeploymentSnapshot
    review: DeploymentReview
    target: str
    """Empty if there is no target, since the spec cannot be read."""
    now: datetime
    on_trial: bool = False
    """Whether a canary has not promoted the target yet."""


def answer(inputs: DecisionInputs, recorded: RevisionFacts) -> PreflightResult | None:
    """Return the result of the target's preflight; None if it needs none."""
    deployment = inputs.review.deployment
    if recorded.revision != inputs.target or recorded.served or recorded.checked or deployment is None:
        return None
    if not (is_described(inputs.review, recorded.revision) and launch(inputs.review).check):
        return None
    longest = preflight.longest_seconds(deployment.rollout.progress_deadline_seconds)
    return preflight.answer(preflight.of(recorded.revision, inputs.observed.checks), longest, inputs.now)


def terminal_error(inputs: DecisionInputs, recorded: RevisionFacts, result: PreflightResult | None) -> str:
    """Return why the target certainly cannot start; empty for a revision that ever served, since it may again."""
    if recorded.revision != inputs.target or recorded.served:
        return ""
    if result is PreflightResult.FAILED:
        return "its check without a GPU failed"
    some = [
        one for one in inputs.observed.pods.get(recorded.revision, ()) if "deletionTimestamp" not in one["metadata"]
    ]
    if any(pods.is_ready(one) for one in some):
        return ""
    return start_failures.terminal_error(some, start_failures.ends(recorded.ends, some), inputs.now)


def check(inputs: DecisionInputs, plan: RolloutPlan) -> Manifest | None:
    """Return the preflight pod of the target, while the rollout waits for it."""
    step, live, deployment = plan.step, inputs.observed.engine(inputs.target), inputs.review.deployment
    if not (isinstance(step, HoldStep) and step.reason is HoldReason.CHECKING) or live is None or deployment is None:
        return None
    template = engine_deployment.stored_template(live) or live["spec"]["template"]
    longest = deployment.rollout.progress_deadline_seconds
    command = launch(inputs.review).check
    return applied_hash.with_applied_hash(
        preflight_pods.manifest(inputs.observed.owner, inputs.target, template, command, longest)
    )


def is_described(review: DeploymentReview, revision: str) -> bool:
    """Whether the spec describes this revision and is accepted."""
    return review.spec is not None and review.may_start and revisions.of(review.spec) == revision


def launch(deployment_review: DeploymentReview) -> EngineLaunch:
    """Return how its engine is launched; only for a spec that was read and accepted."""
    review = deployment_review.review
    assert review is not None
    assert review.engine is not None
    assert review.setup is not None
    return review.engine.launch(review.setup, engine_timing.of(review))
