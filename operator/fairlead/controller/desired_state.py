"""All children that should exist now, from snapshot and review: counts by the planner, manifests by the builders.

Pure, and one step at a time: whichever part of it is carried out, the next reconcile decides from there. The only place
where the plan and the manifests meet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fairlead.api import canary_status
from fairlead.cluster import pods
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_requests import CORES
from fairlead.controller import canary_trial, router_settings, snapshot
from fairlead.controller.canary_trial import CanaryTrial
from fairlead.controller.pods import admitted_tolerations, engine_template, start_failures, target_start
from fairlead.controller.pods.preflight import PreflightResult
from fairlead.controller.pods.target_start import DecisionInputs
from fairlead.controller.reconcile_facts import ReconcileFacts
from fairlead.controller.router_moves import StaticChildren
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.canaries import CanaryState
from fairlead.fleet.desired_state import NO_RESOURCE, DesiredRevision
from fairlead.fleet.gateways import DesiredDeployment
from fairlead.fleet.pod_problems import PodProblem
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.rollouts import (
    FailureStep,
    HoldStep,
    ReplicaStep,
    RetireStep,
    RevisionState,
    RolloutPlan,
    RolloutSnapshot,
)
from fairlead.objects import applied_hash, engine_deployment, engine_placement, revisions
from fairlead.objects.engine_deployment import RevisionFacts
from fairlead.planning import replica_count, rollback, rollout, sleep_plan
from fairlead.planning.replica_count import ReplicaCount
from fairlead.planning.sleep_plan import NO_SLEEP, SleepPlan
from fairlead.review import order_annotation
from fairlead.review.deployment_review import DeploymentReview


@dataclass(frozen=True, kw_only=True)
class DesiredState:
    """All children that should exist now, and the rollout's step."""

    target: str | None = None
    count: ReplicaCount | None = None
    plan: RolloutPlan | None = None
    canary: CanaryState | None = None
    """The state of its canary, to be stored."""
    states: tuple[RevisionState, ...] = ()
    static: tuple[Manifest, ...] = ()
    """Children except engines: routers, policies, budgets. While the spec is refused they stay, but for shares."""
    engines: tuple[Manifest, ...] = ()
    """Every engine Deployment, with the step's count and its facts."""
    shrinks: str | None = None
    """The revision that loses replicas in this step."""
    retired: Manifest | None = None
    """A Deployment to remove."""
    sleep: SleepPlan = NO_SLEEP
    """Which pods stay asleep, fall asleep and wake."""
    check: Manifest | None = None
    """The preflight pod of the target, while the rollout waits for it."""
    prunes: bool = False
    """Whether to remove children that are not among `static`: only while the spec is accepted."""
    spared: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of children that are kept even so."""


def decide(facts: ReconcileFacts, static: StaticChildren) -> DesiredState:
    """Return all children that should exist now. If the object cannot be read, nothing starts, stops or changes."""
    observed, review, now = facts.observed, facts.review, facts.now
    deployment = review.deployment
    target = target_of(observed, review)
    inputs = DecisionInputs(observed=observed, review=review, target=target or "", now=now)
    states = tuple(_state(one, facts, inputs) for one in observed.engines)
    if deployment is None or target is None:
        return DesiredState(states=states, canary=canary_status.of(observed.document))
    count = replica_count.wanted(
        deployment.replicas,
        snapshot.recommended(observed),
        snapshot.previous_count(observed),
        advised=snapshot.is_advised(observed),
        over_budget=snapshot.is_over_budget(observed),
    )
    rollout_snapshot = RolloutSnapshot(
        target=target, desired_replicas=count.replicas, rules=deployment.rollout, revisions=states, room=facts.room
    )
    asleep = _asleep(observed, deployment, count, rollback.target_state(rollout_snapshot))
    found = _trial(inputs, rollout_snapshot, facts)
    rollout_snapshot = replace(rollout_snapshot, canary=found.limit)
    given_up = rollback.current(rollout_snapshot, now) != target
    sleep = sleep_plan.plan_sleep(rollout_snapshot, asleep, facts.reports.busy, given_up=given_up)
    planned = rollout.next_step(sleep_plan.awake(rollout_snapshot, asleep, sleep), now)
    plan = _with_reason(sleep_plan.with_sleepers(planned, target, sleep), facts.troubles)
    return replace(
        _carried(replace(inputs, on_trial=found.limit is not None), plan),
        count=count,
        canary=found.state,
        check=target_start.check(inputs, plan),
        sleep=sleep,
        plan=plan,
        states=states,
        static=router_settings.at_this_moment(static.manifests, observed, found.share)
        if review.may_start
        else router_settings.while_refused(observed, found.share, static.versions, static.operator_key),
        prunes=review.may_start,
        spared=static.spared,
    )


def _trial(inputs: DecisionInputs, snapshot: RolloutSnapshot, facts: ReconcileFacts) -> CanaryTrial:
    """Return the canary; while the spec is refused, it takes no step."""
    review, observed = inputs.review.review, inputs.observed
    found = canary_trial.TrialObservation(
        stored=canary_status.of(observed.document),
        order=order_annotation.read(observed.document),
        busy=sum(facts.reports.busy.values()),
        replica_concurrency=review.replica_concurrency if review else None,
        shares=facts.reports.shares,
        by_gateway=observed.has_gateway_alone,
        samples=facts.samples,
        evaluation=facts.evaluation,
    )
    follow = canary_trial.trial if inputs.review.may_start else canary_trial.held
    return follow(snapshot, found, inputs.now)


def target_of(observed: DeploymentSnapshot, review: DeploymentReview) -> str | None:
    """Return the revision of the spec; while the spec is refused, the most recent target."""
    if review.may_start and review.spec is not None:
        return revisions.of(review.spec)
    revisions_seen = [snapshot.revision_facts(one) for one in observed.engines]
    wanted = [one for one in revisions_seen if one.wanted_since is not None]
    return max(wanted, key=lambda one: str(one.wanted_since)).revision if wanted else None


def _state(engine: Manifest, facts: ReconcileFacts, inputs: DecisionInputs) -> RevisionState:
    recorded, observed = snapshot.revision_facts(engine).as_of(inputs.now), inputs.observed
    deployment = inputs.review.deployment
    seen = (one for one in observed.pods.get(recorded.revision, ()) if one["metadata"]["uid"] not in observed.lost)
    replicas = pods.replicas(seen, facts.reports.routable)
    answer = target_start.answer(inputs, recorded)
    return RevisionState(
        name=recorded.revision,
        requested=snapshot.requested_replicas(engine),
        replicas=replicas,
        created_at=snapshot.created(engine),
        wanted_since=recorded.wanted_since,
        grown_at=recorded.grown_at,
        terminal_error=target_start.terminal_error(inputs, recorded, answer),
        unchecked=answer is PreflightResult.PENDING,
        other_gpus=deployment is not None and not _same_gpus(engine, deployment.revision),
        served=recorded.served or (not recorded.on_trial and any(one.has_served for one in replicas)),
        failure=recorded.failure,
    )


def _same_gpus(engine: Manifest, revision: DesiredRevision) -> bool:
    """Whether its replicas have GPUs, or on CPU nodes cores, that the target can use."""
    pod = engine["spec"]["template"]["spec"]
    limits = [one.get("resources", {}).get("limits") or {} for one in pod.get("containers") or ()]
    selected = (pod.get("nodeSelector") or {}).get(engine_placement.PRODUCT)
    product = engine_placement.node_selector(revision).get(engine_placement.PRODUCT)
    if revision.cpu is not None:
        return any(CORES in one and not any("/" in name for name in one) for one in limits)
    holds = revision.resource == NO_RESOURCE or any(revision.resource in one for one in limits)
    return holds and selected == product


def _asleep(
    observed: DeploymentSnapshot, deployment: DesiredDeployment, count: ReplicaCount, now: RevisionState | None
) -> int:
    """Return how many replicas should sleep beyond the desired ones; together they stay within the upper bound.

    While there is no recommendation, as many as sleep now.
    """
    bounds, found = deployment.replicas, (observed.status.get("scaling") or {}).get("asleep")
    if not isinstance(bounds, ReplicaBounds) or not deployment.revision.engine.sleeps:
        return 0
    if snapshot.recommended(observed) is None:
        found = sum(one.asleep and not one.ending for one in now.replicas) if now else 0
    if not isinstance(found, int) or isinstance(found, bool):
        return 0
    return max(0, min(found, bounds.most - count.replicas))


def _carried(inputs: DecisionInputs, plan: RolloutPlan) -> DesiredState:
    """Return the engine Deployments as they should be, with the plan's step applied."""
    step, retired, shrinks, observed = plan.step, None, None, inputs.observed
    engines: list[Manifest] = []
    for live in observed.engines:
        recorded = _facts(live, inputs, step)
        if isinstance(step, RetireStep) and step.revision == recorded.revision:
            retired = live
            continue
        count = snapshot.requested_replicas(live)
        if isinstance(step, ReplicaStep) and step.revision == recorded.revision:
            shrinks = recorded.revision if step.replicas < count else None
            recorded = replace(recorded, grown_at=inputs.now) if step.replicas > count else recorded
            count = step.replicas
        engines.append(_engine(inputs, recorded, live, count))
    if isinstance(step, ReplicaStep) and observed.engine(step.revision) is None:
        since, tried = (inputs.now, inputs.on_trial) if step.revision == inputs.target else (None, False)
        fresh = RevisionFacts(revision=step.revision, wanted_since=since, grown_at=inputs.now, on_trial=tried)
        engines.append(_engine(inputs, fresh, None, step.replicas))
    return DesiredState(target=inputs.target, engines=tuple(engines), shrinks=shrinks, retired=retired)


def _facts(live: Manifest, inputs: DecisionInputs, step: object) -> RevisionFacts:
    """Return the facts to write on a revision: target since when, whether it served, whether it was given up."""
    some = inputs.observed.pods.get(snapshot.revision_of(live), ())
    recorded = snapshot.revision_facts(live).as_of(inputs.now)
    recorded = replace(recorded, tolerated=admitted_tolerations.of(live, some))
    rejected = recorded.failure is not None and recorded.failure.rejected
    tried = recorded.on_trial if recorded.revision != inputs.target else inputs.on_trial or rejected
    ready = any(pods.is_ready(pod) for pod in some)
    if recorded.revision != inputs.target:
        served = recorded.served or (ready and not tried)
        return replace(recorded, wanted_since=None, served=served, failure=None, ends=None)
    checked = recorded.checked or target_start.answer(inputs, recorded) is PreflightResult.PASSED
    recorded = _with_deadline(recorded, inputs)
    recorded = replace(
        recorded,
        wanted_since=recorded.wanted_since or inputs.now,
        served=recorded.served or (ready and not tried),
        on_trial=tried and not recorded.served,
        checked=checked,
        ends=None if recorded.served or ready else start_failures.ends(recorded.ends, some),
    )
    if isinstance(step, FailureStep) and step.revision == recorded.revision:
        return replace(recorded, failure=step.failure, ends=None)
    return recorded


def _with_deadline(recorded: RevisionFacts, inputs: DecisionInputs) -> RevisionFacts:
    """Forget a failure under a shorter deadline than the spec's: it is then tried at once, as after any edit.

    A release before recorded no deadline; the one in force when this is first read counts, so an upgrade is no try.
    """
    failure, deployment = recorded.failure, inputs.review.deployment
    if failure is None or failure.rejected or deployment is None:
        return recorded
    deadline = deployment.rollout.progress_deadline_seconds
    missed = failure.deadline_seconds or deadline
    if deadline > missed:
        return replace(recorded, wanted_since=inputs.now, failure=None)
    return replace(recorded, failure=replace(failure, deadline_seconds=missed))


def _engine(inputs: DecisionInputs, recorded: RevisionFacts, live: Manifest | None, count: int) -> Manifest:
    template = engine_template.of(inputs, recorded, live)
    return applied_hash.with_applied_hash(engine_deployment.manifest(inputs.observed.owner, recorded, template, count))


def _with_reason(plan: RolloutPlan, troubles: Mapping[str, Sequence[PodProblem]]) -> RolloutPlan:
    """Record the pods' problem in the plan's failure, as the pods that show it are about to be removed."""
    step = plan.step
    found = troubles.get(step.revision, ()) if isinstance(step, FailureStep) else ()
    if not (isinstance(step, FailureStep) and found):
        return plan
    return replace(plan, step=replace(step, failure=replace(step.failure, because=found[0].message)))


def is_settled(plan: RolloutPlan | None) -> bool:
    """Whether the step changes nothing."""
    return plan is None or isinstance(plan.step, HoldStep)
