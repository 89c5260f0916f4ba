"""The next state of a canary, from its stored state and what is observed; it never goes back a step.

There are two queries, so that a crash between them changes nothing: `limit` and `share` derive what follows from the
stored state; `follow` returns the state to store next. Nothing acts on a state that is not stored yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryOrder,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryVerb,
    StepVerdict,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import GateReason, Verdict
from fairlead.fleet.rollouts import CanaryLimit
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import canary_moment, canary_sentences
from fairlead.planning.canary_moment import CanaryMoment

DIVERT_SECONDS: Final = 90.0
"""A file in a pod is hardly older: the kubelet renews it each minute. No rollout waits longer for a router."""


def begun(revision: str, stable: str, plan: CanaryPlan, now: datetime, order: CanaryOrder | None = None) -> CanaryState:
    """Return a canary that has not started; its plan is fixed now, whatever the spec says later.

    An order that is there already was for an earlier one, even if it came from a clock that is ahead.
    """
    return CanaryState(
        revision=revision, stable=stable, plan=plan, since=now, ordered_at=None if order is None else order.at
    )


def follow(state: CanaryState, facts: CanaryFacts, now: datetime) -> CanaryState:
    """Return the next state to store; the same one if nothing changes."""
    moment = CanaryMoment(state=_judged(state.as_of(now), facts), facts=facts, now=now)
    return next((found for rule in _RULES if (found := rule(moment)) is not None), moment.state)


def held(state: CanaryState, facts: CanaryFacts, now: datetime) -> CanaryState:
    """Return the next state to store while no step may be taken: the same one, unless it is rejected.

    An order to promote or to retry waits. One to pause waits too, but keeps an undecided gate from rejecting it.
    """
    order = facts.order if facts.order is not None and facts.order.verb in _HEEDED else None
    after = follow(state, replace(facts, order=order), now)
    if order is not None and after.phase is not CanaryPhase.REJECTED:
        after = follow(after, replace(facts, order=None), now)
    return after if after.phase is CanaryPhase.REJECTED else state


def limit(state: CanaryState, facts: CanaryFacts, now: datetime, *, diverted: bool) -> CanaryLimit | None:
    """Return what the new revision may have; None once promoted. `diverted`: no router sends it a share any more."""
    state = state.as_of(now)
    moment = CanaryMoment(state=state, facts=facts, now=now)
    if state.phase is CanaryPhase.PROMOTED:
        return None
    of_phase = {CanaryPhase.WAITING: _waiting, CanaryPhase.REJECTED: _leaving, CanaryPhase.STEPPING: _stepping}
    found = of_phase[state.phase](moment)
    if state.phase is CanaryPhase.REJECTED and diverted:
        found = replace(found, diverting=False, wake_at=None)
    return replace(found, since=state.since, retried_at=state.retried_at)


def _waiting(moment: CanaryMoment) -> CanaryLimit:
    needs_person = moment.state.paused or moment.lacks_replicas or moment.gave_up
    because = canary_sentences.first_step(moment)
    return CanaryLimit(
        replicas=0, because=because, wake_at=moment.renews_at or moment.gives_up_at, needs_person=needs_person
    )


def _leaving(moment: CanaryMoment) -> CanaryLimit:
    due, rejected = moment.state.since + timedelta(seconds=DIVERT_SECONDS), moment.state.because
    because = f"{moment.state.revision} was rejected; routers have yet to stop sending it requests"
    return CanaryLimit(replicas=0, rejected=rejected, diverting=moment.now < due, because=because, wake_at=due)


def _stepping(moment: CanaryMoment) -> CanaryLimit:
    needs_person = (
        moment.state.paused
        or moment.lacks_replicas
        or moment.undecided is not None
        or (moment.held and CanaryGate.MANUAL in moment.open)
    )
    return CanaryLimit(
        replicas=moment.replicas,
        because=canary_sentences.step(moment),
        wake_at=_step_wakes(moment),
        needs_person=needs_person,
    )


def share(state: CanaryState) -> TrafficShare | None:
    """Return the new revision's share of the traffic; None once it is promoted: then all engines are equal.

    A step's share begins when its replicas serve; until then the previous step's stays.
    """
    if state.phase is CanaryPhase.PROMOTED:
        return None
    reached = -1
    if state.phase is CanaryPhase.STEPPING:
        reached = state.step if state.reached_at else state.step - 1
    percent = state.plan.steps[reached].traffic if reached >= 0 else 0
    return TrafficShare(revision=state.revision, percent=percent, stable=state.stable, step=reached + 1)


def _judged(state: CanaryState, facts: CanaryFacts) -> CanaryState:
    """Record what the step's gates report now; a failure stays."""
    for gate, verdict, items in (
        (CanaryGate.SERVICE, facts.service, ""),
        (CanaryGate.QUALITY, facts.quality, facts.items),
    ):
        if verdict is not None and gate in state.due_gates:
            state = _with_verdict(state, StepVerdict(step=state.step, gate=gate, verdict=verdict, items=items))
    return state


def _with_verdict(state: CanaryState, fresh: StepVerdict) -> CanaryState:
    found = canary_moment.verdict(state, fresh.gate)
    if found is Verdict.FAILED or (found is Verdict.PASSED and not _revokes(fresh)):
        return state
    before = tuple(one for one in state.verdicts if (one.step, one.gate) != (fresh.step, fresh.gate))
    return replace(state, verdicts=(*before, fresh))


def _revokes(fresh: StepVerdict) -> bool:
    """Whether it ends a pass while the step lasts: the evidence of faults is valid however often it is looked at."""
    verdict = fresh.verdict
    return (
        fresh.gate is CanaryGate.SERVICE
        and verdict.verdict is Verdict.FAILED
        and verdict.reason is GateReason.MORE_FAULTS
    )


def _ordered(moment: CanaryMoment) -> CanaryState | None:
    """Carry out a new order; each counts once, and not for a canary that began after it was given.

    One to promote waits while the spec holds the rollout: it would end a step.
    """
    order, state = moment.facts.order, moment.state
    if order is None or (state.ordered_at is not None and order.at <= state.ordered_at):
        return None
    if order.verb is CanaryVerb.PROMOTE and moment.facts.paused:
        return None
    state = replace(state, ordered_at=order.at)
    early = order.at < state.since and state.phase is not CanaryPhase.STEPPING
    return state if early else _CARRIED_OUT[order.verb](state, moment)


def _paused(state: CanaryState, _: CanaryMoment) -> CanaryState:
    return replace(state, paused=True) if state.running else state


def _promoted(state: CanaryState, moment: CanaryMoment) -> CanaryState:
    """Promote to the next step; before the first one end a pause, and begin the time to start in anew."""
    if state.phase is CanaryPhase.WAITING:
        return replace(state, paused=False, since=moment.now)
    state = replace(state, paused=False)
    return _next(state, "a person promoted it", moment.now) if state.phase is CanaryPhase.STEPPING else state


def _aborted(state: CanaryState, moment: CanaryMoment) -> CanaryState:
    return _rejected(state, "a person aborted it", moment.now) if state.running else state


def _retried(state: CanaryState, moment: CanaryMoment) -> CanaryState:
    """Restart a rejected canary by the plan that the spec has now, without the verdicts that led there."""
    if state.phase is not CanaryPhase.REJECTED:
        return state
    fresh = begun(state.revision, state.stable, moment.facts.plan or state.plan, moment.now)
    return replace(fresh, ordered_at=state.ordered_at, retried_at=moment.now)


def left(state: CanaryState, because: str, now: datetime) -> CanaryState:
    """End it: the spec names its old revision again."""
    return _rejected(state, because, now)


def _failed(moment: CanaryMoment) -> CanaryState | None:
    if moment.state.phase is not CanaryPhase.STEPPING:
        return None
    for one in moment.state.verdicts:
        if one.verdict.verdict is Verdict.FAILED:
            return _rejected(moment.state, f"gate {one.gate} of step {one.step + 1}: {one.verdict.message}", moment.now)
    return None


def _stopped(moment: CanaryMoment) -> CanaryState | None:
    """Reject it if its replicas served and then stopped until the rollout gave up: no gate has to judge that."""
    if moment.state.phase is not CanaryPhase.STEPPING or not moment.facts.given_up:
        return None
    return _rejected(
        moment.state,
        f"its replicas stopped serving in step {moment.state.step + 1}: {moment.facts.given_up}",
        moment.now,
    )


def _starts(moment: CanaryMoment) -> CanaryState | None:
    """Take the first step once a replica can be spared."""
    state, facts = moment.state, moment.facts
    if state.phase is not CanaryPhase.WAITING or moment.stays or moment.most < 1:
        return None
    if not (facts.spared or facts.spare) or moment.gave_up:
        return None
    return replace(state, phase=CanaryPhase.STEPPING, since=moment.now)


def _renewed(moment: CanaryMoment) -> CanaryState | None:
    """Begin the time to start in anew while the spec holds the rollout: a change freeze must not use it up."""
    if moment.state.phase is not CanaryPhase.WAITING or moment.renews_at is None or moment.now < moment.renews_at:
        return None
    return replace(moment.state, since=moment.now)


def _emptied(moment: CanaryMoment) -> CanaryState | None:
    """Begin the step again once its replicas may run again: without any, time and gates show nothing about it."""
    if moment.state.phase is not CanaryPhase.STEPPING or moment.most >= 1:
        return None
    return replace(moment.state, reached_at=None)


def _reached(moment: CanaryMoment) -> CanaryState | None:
    """Begin the step's share, hold and gates once its replicas serve."""
    if moment.state.phase is not CanaryPhase.STEPPING or moment.state.reached_at is not None or moment.facts.paused:
        return None
    enough = moment.facts.available >= min(moment.replicas, moment.most)
    return replace(moment.state, reached_at=moment.now) if enough else None


def _passed(moment: CanaryMoment) -> CanaryState | None:
    if moment.state.phase is not CanaryPhase.STEPPING or moment.stays or not moment.held or moment.open:
        return None
    if moment.facts.available < 1:  # its replicas have stopped since: time shows nothing about it
        return None
    return _next(moment.state, "all steps passed", moment.now)


def _undecided(moment: CanaryMoment) -> CanaryState | None:
    """Reject it if a gate stays undecided for too long, but only if the spec says so; it never passes."""
    state, gate = moment.state, moment.undecided
    if state.phase is not CanaryPhase.STEPPING or moment.stays or state.plan.undecided is UndecidedAction.HOLD:
        return None
    if gate is None:
        return None
    seconds = int(state.plan.undecided_seconds)
    return _rejected(state, f"gate {gate} of step {state.step + 1} stayed undecided for {seconds} s", moment.now)


def _changed_items(moment: CanaryMoment) -> CanaryState | None:
    """Retry what an evaluation rejected once its items have changed: it was judged on items that no longer apply."""
    if moment.state.phase is not CanaryPhase.REJECTED or not moment.facts.items:
        return None
    failed = [one for one in moment.state.verdicts if one.verdict.verdict is Verdict.FAILED]
    if not failed or failed[0].gate is not CanaryGate.QUALITY or failed[0].items == moment.facts.items:
        return None
    return _retried(moment.state, moment)


_RULES: Final[tuple[Callable[[CanaryMoment], CanaryState | None], ...]] = (
    *(_ordered, _failed, _stopped, _starts, _renewed, _emptied, _reached, _passed, _undecided),
    _changed_items,
)
"""The first that returns a state applies; a gate's failure comes before the end of its step."""
_HEEDED: Final = (CanaryVerb.ABORT, CanaryVerb.PAUSE)
"""Orders that count while no step may be taken."""
_CARRIED_OUT: Final[Mapping[CanaryVerb, Callable[[CanaryState, CanaryMoment], CanaryState]]] = {
    CanaryVerb.PAUSE: _paused,
    CanaryVerb.PROMOTE: _promoted,
    CanaryVerb.ABORT: _aborted,
    CanaryVerb.RETRY: _retried,
}


def _next(state: CanaryState, because: str, now: datetime) -> CanaryState:
    if state.step + 1 < len(state.plan.steps):
        return replace(state, step=state.step + 1, since=now, reached_at=None)
    return replace(state, phase=CanaryPhase.PROMOTED, since=now, because=because)


def _rejected(state: CanaryState, because: str, now: datetime) -> CanaryState:
    return replace(state, phase=CanaryPhase.REJECTED, since=now, because=because, paused=False)


def _step_wakes(moment: CanaryMoment) -> datetime | None:
    moments = (moment.held_until, moment.undecided_at)
    return min((one for one in moments if one is not None and one > moment.now), default=None)
