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
    judged: DeploymentReview
    target: str
    """Empty if there is no target, since the spec cannot be read."""
    now: datetime
    on_trial: bool = False
    """Whether a canary has not promoted the target yet."""


def answer(start: DecisionInputs, written: RevisionFacts) -> PreflightResult | None:
    """Return the result of the target's preflight; None if it needs none."""
    deployment = start.judged.deployment
    if written.revision != start.target or written.served or written.checked or deployment is None:
        return None
    if not (is_described(start.judged, written.revision) and launch(start.judged).check):
        return None
    longest = preflight.longest_seconds(deployment.rollout.progress_deadline_seconds)
    return preflight.answer(preflight.of(written.revision, start.observed.checks), longest, start.now)


def hopeless(start: DecisionInputs, written: RevisionFacts, result: PreflightResult | None) -> str:
    """Return why the target certainly cannot start; empty for a revision that ever served, since it may again."""
    if written.revision != start.target or written.served:
        return ""
    if result is PreflightResult.FAILS:
        return "its check without a GPU failed"
    some = [one for one in start.observed.pods.get(written.revision, ()) if "deletionTimestamp" not in one["metadata"]]
    if any(pods.is_ready(one) for one in some):
        return ""
    return start_failures.hopeless(some, start_failures.ends(written.ends, some), start.now)


def check(start: DecisionInputs, plan: RolloutPlan) -> Manifest | None:
    """Return the preflight pod of the target, while the rollout waits for it."""
    step, live, deployment = plan.step, start.observed.engine(start.target), start.judged.deployment
    if not (isinstance(step, HoldStep) and step.reason is HoldReason.CHECKING) or live is None or deployment is None:
        return None
    template = engine_deployment.stored_template(live) or live["spec"]["template"]
    longest = deployment.rollout.progress_deadline_seconds
    command = launch(start.judged).check
    return applied_hash.with_applied_hash(
        preflight_pods.manifest(start.observed.owner, start.target, template, command, longest)
    )


def is_described(judged: DeploymentReview, revision: str) -> bool:
    """Whether the spec describes this revision and is accepted."""
    return judged.spec is not None and judged.may_start and revisions.of(judged.spec) == revision


def launch(judged: DeploymentReview) -> EngineLaunch:
    """Return how its engine is launched; only for a spec that was read and accepted."""
    review = judged.review
    assert review is not None
    assert review.engine is not None
    assert review.setup is not None
    return review.engine.launch(review.setup, engine_timing.of(review))
