"""A deployment's canary at one moment: its limit, share and next state, from the stored state and observations.

Pure. Only a rollout with a canary plan has one, while a revision that never served outside a trial replaces one that
did.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from fairlead.comparing import service
from fairlead.comparing.service import ServicePlan
from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryOrder,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    ServiceLimits,
)
from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.fleet.gate_verdicts import NOT_EVALUATED, EvaluationVerdict, GateVerdict
from fairlead.fleet.plurals import count
from fairlead.fleet.request_samples import Latency, RequestSample
from fairlead.fleet.rollouts import CanaryLimit, RevisionState, RolloutSnapshot
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import canary, rollback


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialObservation:
    """What is observed for a canary."""

    stored: CanaryState | None = None
    order: CanaryOrder | None = None
    busy: int = 0
    """Requests in flight, over all replicas."""
    replica_concurrency: int | None = None
    """Requests that one replica runs at once."""
    shares: Sequence[TrafficShare | None] = ()
    """The share that each reporting router gives a new revision."""
    by_gateway: bool = False
    """Its routers are a gateway's, which read the share from its file."""
    samples: Sequence[RequestSample] | None = None
    """Requests that ended at this step; None if no router reported."""
    evaluation: EvaluationVerdict = NOT_EVALUATED
    """The current result of its evaluation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryTrial:
    """What to do now, and what to store for the next reconcile."""

    limit: CanaryLimit | None = None
    share: TrafficShare | None = None
    state: CanaryState | None = None


NO_TRIAL: Final = CanaryTrial()
LEFT: Final = "the spec names the old revision again; name the new one to begin anew"
"""Why a canary ended that no gate and no person rejected: named once more, it begins anew."""


def trial(snapshot: RolloutSnapshot, observed: TrialObservation, now: datetime) -> CanaryTrial:
    """Return the canary of a rollout; none if it has no plan for one, or nothing to compare the target with."""
    plan, target, best = snapshot.rules.canary, rollback.target_state(snapshot), rollback.fallback(snapshot)
    stored = observed.stored if observed.stored and observed.stored.revision == snapshot.target else None
    stored = None if stored is not None and stored.because == LEFT else stored
    if plan is None or snapshot.rules.strategy is not RolloutStrategy.CANARY:
        return NO_TRIAL
    if stored is not None and stored.phase is CanaryPhase.PROMOTED:
        return CanaryTrial(state=stored)
    if target is not None and target.served:
        return _left(snapshot, observed.stored, now)
    if best is None:
        return NO_TRIAL
    stored = stored or _recorded(snapshot, target, best, plan)
    state = stored or canary.begun(snapshot.target, best.name, plan, now, observed.order)
    facts, share = _facts(snapshot, target, observed, state), canary.share(state)
    return CanaryTrial(
        limit=canary.limit(state, facts, now, diverted=_diverted(observed, state)),
        share=share,
        state=canary.follow(state, facts, now) if stored else state,
    )


def _left(snapshot: RolloutSnapshot, before: CanaryState | None, now: datetime) -> CanaryTrial:
    """Take the users from a canary at once if an edit returned to the old revision, while its replicas leave."""
    if before is None or before.stable != snapshot.target or before.phase is CanaryPhase.PROMOTED:
        return NO_TRIAL
    if not any(one.requested for one in snapshot.revisions if one.name == before.revision):
        return NO_TRIAL
    left = before if before.because == LEFT else canary.left(before, LEFT, now)
    return CanaryTrial(share=canary.share(left), state=left)


def _recorded(
    snapshot: RolloutSnapshot, target: RevisionState | None, best: RevisionState, plan: CanaryPlan
) -> CanaryState | None:
    """Return the state of a rejected canary by what its Deployment records, so that an order to retry finds it.

    The status loses it while another strategy is set, or when the object is restored from a backup.
    """
    if target is None or target.failure is None or not rollback.is_rejected(snapshot):
        return None
    begun = canary.begun(snapshot.target, best.name, plan, target.failure.at)
    return replace(begun, phase=CanaryPhase.REJECTED, because=target.failure.because)


def held(snapshot: RolloutSnapshot, observed: TrialObservation, now: datetime) -> CanaryTrial:
    """Return the canary of a refused spec: it stays as it is stored, takes no step, and can only be rejected.

    The plan is the stored one: the refused spec may have none.
    """
    stored = observed.stored
    if stored is None or stored.revision != snapshot.target or rollback.fallback(snapshot) is None:
        return CanaryTrial(state=stored)
    facts = _facts(snapshot, rollback.target_state(snapshot), observed, stored)
    return CanaryTrial(
        limit=canary.limit(stored, facts, now, diverted=_diverted(observed, stored)),
        share=canary.share(stored),
        state=canary.held(stored, facts, now),
    )


def is_judged(state: CanaryState | None) -> bool:
    """Whether users' requests are compared now."""
    return state is not None and CanaryGate.SERVICE in state.due_gates


def has_moved(state: CanaryState | None, stored: CanaryState | None) -> bool:
    """Whether the state to act on changed, so that another reconcile follows at once. Figures alone wait."""
    return _place(state) != _place(stored)


def news(state: CanaryState | None, stored: CanaryState | None) -> tuple[str, str] | None:
    """Return an Event's reason and note if a canary came to another phase or step, or was paused."""
    if state is None or _is_reported(state, stored):
        return None
    name, number = f"{state.revision} against {state.stable}", f"step {state.step + 1} of {len(state.plan.steps)}"
    if state.phase in (CanaryPhase.PROMOTED, CanaryPhase.REJECTED):
        return f"Canary{state.phase}", f"{name}: {state.because}"
    if state.paused:
        return "CanaryPaused", f"{name}: a person paused it at {number}"
    if state.phase is CanaryPhase.WAITING:
        first = "a replica can be spared" if state.plan.starts_replicas else "all replicas have loaded it"
        return "CanaryBegan", f"{name}: {count(len(state.plan.steps), 'step')}, the first when {first}"
    traffic = state.plan.steps[state.step].traffic
    return "CanaryStep", f"{name}: {number}, {traffic} % of the conversations once replicas serve it"


def _is_reported(state: CanaryState, stored: CanaryState | None) -> bool:
    """Whether there was an Event for this already; what its Deployment alone still records had one when it happened."""
    if stored is None:
        return state.phase is CanaryPhase.REJECTED
    same = stored.revision == state.revision
    return same and (stored.phase, stored.step, stored.paused) == (state.phase, state.step, state.paused)


def _place(state: CanaryState | None) -> tuple[object, ...]:
    if state is None:
        return ()
    return state.revision, state.phase, state.step, state.reached_at, state.paused, state.ordered_at


def _facts(
    snapshot: RolloutSnapshot, target: RevisionState | None, observed: TrialObservation, state: CanaryState
) -> CanaryFacts:
    spared, load = _spared(snapshot, observed, state)
    return CanaryFacts(
        wanted=snapshot.desired_replicas,
        spare=snapshot.rules.max_surge,
        available=target.serving if target else 0,
        spared=spared,
        load=load,
        given_up=_given_up(target, state),
        paused=snapshot.rules.paused,
        order=observed.order,
        plan=snapshot.rules.canary,
        service=service_verdict(observed.samples, state) if is_judged(state) else None,
        quality=observed.evaluation.verdict,
        items=observed.evaluation.items,
    )


def _given_up(target: RevisionState | None, state: CanaryState) -> str:
    """Return why it is given up. A failed start is tried again; a replica that served users and stopped is not."""
    failure = target.failure if target else None
    if failure is None or failure.rejected or state.reached_at is None or failure.at < state.reached_at:
        return ""
    return failure.because or "they made no progress until the deadline"


def _spared(snapshot: RolloutSnapshot, observed: TrialObservation, state: CanaryState) -> tuple[bool, str]:
    """Whether one replica less could run all requests in flight; false until routers know the new revision."""
    if observed.by_gateway and not _diverted(observed, state):
        return False, "the gateway's routers do not have it yet"
    if any(each.serving for each in snapshot.revisions if _is_left(each, state)):
        return True, "replicas of an earlier canary get no requests"
    left = max(0, sum(each.serving for each in snapshot.revisions) - 1)
    if observed.replica_concurrency is None:
        return True, "the number of requests a replica runs at once is unknown"
    room = left * observed.replica_concurrency
    load = f"{count(observed.busy, 'request')} in flight, {count(left, 'replica')} can run {room} at once"
    return observed.busy <= room, load


def _is_left(each: RevisionState, state: CanaryState) -> bool:
    """Whether it was on trial when an edit named another revision: routers send it nothing."""
    return not each.served and each.name not in (state.revision, state.stable)


def _diverted(observed: TrialObservation, state: CanaryState) -> bool:
    return bool(observed.shares) and all(
        one is not None and (one.revision, one.percent) == (state.revision, 0) for one in observed.shares
    )


def service_verdict(samples: Sequence[RequestSample] | None, state: CanaryState) -> GateVerdict | None:
    """Judge the requests since the step was reached, however often this is called."""
    if samples is None or state.reached_at is None:
        return None
    began, gates = state.reached_at.timestamp(), sum(CanaryGate.SERVICE in one.gates for one in state.plan.steps)
    counted = [one for one in samples if one.at >= began]
    return service.report(counted, _service_plan(state.plan.service, max(1, gates))).verdict


def _service_plan(limits: ServiceLimits, gates: int) -> ServicePlan:
    return ServicePlan(
        slower={Latency.TTFT: limits.ttft_ratio, Latency.TPOT: limits.tpot_ratio},
        faults_above=limits.fault_share,
        min_requests=limits.min_requests,
        gates=gates,
    )
