"""Where a canary goes next: from what is kept of it and what is observed, without a step back.

Two questions, so that a crash between them changes nothing. `limit` and `share` say what follows from the state as it
is stored; `follow` says which state is to be stored next. Nothing is done on a state that is not stored yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryGate,
    CanaryPhase,
    CanaryPlan,
    CanaryState,
    CanaryStep,
    CanaryVerb,
    StepVerdict,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.fleet.plurals import count
from fairlead.fleet.rollouts import CanaryLimit
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import sentences

DIVERT_SECONDS: Final = 90.0
"""A file in a pod is hardly older: the kubelet renews it each minute. Nobody waits longer for a router."""
NEEDS_TWO: Final = "a canary without a spare accelerator needs 2 replicas, and {} wanted"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    """One canary at one moment."""

    state: CanaryState
    facts: CanaryFacts
    now: datetime

    @property
    def step(self) -> CanaryStep:
        return self.state.plan.steps[self.state.step]

    @property
    def replicas(self) -> int:
        """What the step gives the new revision."""
        return self.step.replicas_of(self.facts.wanted, self.facts.spare)

    @property
    def held(self) -> bool:
        """Whether the step has lasted as long as it is to."""
        held_until = _held_until(self.state)
        return held_until is not None and held_until <= self.now

    @property
    def open(self) -> tuple[CanaryGate, ...]:
        """Gates of this step that have not passed."""
        return tuple(one for one in self.step.gates if _verdict(self.state, one) is not Verdict.PASSED)


def begun(revision: str, stable: str, plan: CanaryPlan, now: datetime) -> CanaryState:
    """A canary that has done nothing yet; its plan is that of now, whatever the spec says later."""
    return CanaryState(revision=revision, stable=stable, plan=plan, since=now)


def follow(state: CanaryState, facts: CanaryFacts, now: datetime) -> CanaryState:
    """The state that is to be stored next; the same one, where nothing is to change."""
    moment = _Moment(state=_judged(state, facts), facts=facts, now=now)
    return next((found for rule in _RULES if (found := rule(moment)) is not None), moment.state)


def limit(state: CanaryState, facts: CanaryFacts, now: datetime, *, diverted: bool) -> CanaryLimit | None:
    """What the new revision may have; nothing once it is promoted. `diverted`: no router sends it a share any more."""
    moment = _Moment(state=state, facts=facts, now=now)
    if state.phase is CanaryPhase.PROMOTED:
        return None
    of_phase = {CanaryPhase.WAITING: _waiting, CanaryPhase.REJECTED: _leaving, CanaryPhase.STEPPING: _stepping}
    found = of_phase[state.phase](moment)
    if state.phase is CanaryPhase.REJECTED and diverted:
        found = replace(found, diverting=False, wake_at=None)
    return replace(found, since=state.since, retried_at=state.retried_at)


def _waiting(at: _Moment) -> CanaryLimit:
    due = _gives_up_at(at.state)
    stuck = at.state.paused or _most(at.facts) < 1 or at.now >= due
    return CanaryLimit(replicas=0, because=_waits(at), wake_at=due, needs_person=stuck)


def _leaving(at: _Moment) -> CanaryLimit:
    due, rejected = at.state.since + timedelta(seconds=DIVERT_SECONDS), at.state.because
    because = f"{at.state.revision} was rejected, and routers are yet to send it nothing more"
    return CanaryLimit(replicas=0, rejected=rejected, diverting=at.now < due, because=because, wake_at=due)


def _stepping(at: _Moment) -> CanaryLimit:
    due = _undecided_at(at.state)
    late = CanaryGate.SERVICE in at.open and due is not None and at.now >= due
    stuck = at.state.paused or late or (at.held and CanaryGate.MANUAL in at.open)
    return CanaryLimit(replicas=at.replicas, because=_step_waits(at), wake_at=_step_wakes(at), needs_person=stuck)


def share(state: CanaryState) -> TrafficShare | None:
    """What the new revision gets of the traffic; nothing once it is promoted: then all engines are alike.

    A step's share begins when its replicas serve; until then that of the step before stays.
    """
    if state.phase is CanaryPhase.PROMOTED:
        return None
    percent = 0
    if state.phase is CanaryPhase.STEPPING:
        reached = state.step if state.reached_at else state.step - 1
        percent = state.plan.steps[reached].traffic if reached >= 0 else 0
    return TrafficShare(revision=state.revision, percent=percent)


def _judged(state: CanaryState, facts: CanaryFacts) -> CanaryState:
    """With what the gates of the step say now; a verdict that is final stays."""
    step, found = state.plan.steps[state.step], facts.service
    judges = state.phase is CanaryPhase.STEPPING and state.reached_at is not None
    if not judges or CanaryGate.SERVICE not in step.gates or found is None:
        return state
    if _verdict(state, CanaryGate.SERVICE) in (Verdict.PASSED, Verdict.FAILED):
        return state
    before = tuple(one for one in state.verdicts if (one.step, one.gate) != (state.step, CanaryGate.SERVICE))
    fresh = StepVerdict(step=state.step, gate=CanaryGate.SERVICE, verdict=found)
    return replace(state, verdicts=(*before, fresh))


def _ordered(at: _Moment) -> CanaryState | None:
    """What a person asked for since: each order counts once, and not for a canary that began after it."""
    order, state = at.facts.order, at.state
    if order is None or (state.ordered_at is not None and order.at <= state.ordered_at):
        return None
    state = replace(state, ordered_at=order.at)
    early = order.at < state.since and state.phase is not CanaryPhase.STEPPING
    return state if early else _CARRIED_OUT[order.verb](state, at.now)


def _paused(state: CanaryState, _: datetime) -> CanaryState:
    return replace(state, paused=True) if state.phase in _RUNNING else state


def _promoted(state: CanaryState, now: datetime) -> CanaryState:
    """To the next step, and after a pause at least further."""
    state = replace(state, paused=False)
    return _next(state, "a person promoted it", now) if state.phase is CanaryPhase.STEPPING else state


def _aborted(state: CanaryState, now: datetime) -> CanaryState:
    return _rejected(state, "a person aborted it", now) if state.phase in _RUNNING else state


def _retried(state: CanaryState, now: datetime) -> CanaryState:
    """Only what was rejected begins anew, and forgets all verdicts that led there."""
    if state.phase is not CanaryPhase.REJECTED:
        return state
    fresh = begun(state.revision, state.stable, state.plan, now)
    return replace(fresh, ordered_at=state.ordered_at, retried_at=now)


def _failed(at: _Moment) -> CanaryState | None:
    if at.state.phase is not CanaryPhase.STEPPING:
        return None
    for one in at.state.verdicts:
        if one.verdict.verdict is Verdict.FAILED:
            return _rejected(at.state, f"gate {one.gate} of step {one.step + 1}: {one.verdict.message}", at.now)
    return None


def _stopped(at: _Moment) -> CanaryState | None:
    """Its replicas served users and do so no more, until the rollout gave it up: no gate has to say what that means."""
    if at.state.phase is not CanaryPhase.STEPPING or not at.facts.given_up:
        return None
    return _rejected(at.state, f"its replicas stopped serving in step {at.state.step + 1}: {at.facts.given_up}", at.now)


def _starts(at: _Moment) -> CanaryState | None:
    """The first step is taken once a replica can be spared."""
    state, facts = at.state, at.facts
    if state.phase is not CanaryPhase.WAITING or state.paused or _most(facts) < 1:
        return None
    if not (facts.spared or facts.spare) or at.now >= _gives_up_at(state):
        return None
    return replace(state, phase=CanaryPhase.STEPPING, since=at.now)


def _reached(at: _Moment) -> CanaryState | None:
    """The step's replicas serve: its share, its hold and its gates begin."""
    if at.state.phase is not CanaryPhase.STEPPING or at.state.reached_at is not None:
        return None
    enough = at.facts.available >= min(at.replicas, _most(at.facts))
    return replace(at.state, reached_at=at.now) if enough else None


def _passed(at: _Moment) -> CanaryState | None:
    if at.state.phase is not CanaryPhase.STEPPING or at.state.paused or not at.held or at.open:
        return None
    return _next(at.state, "all steps passed", at.now)


def _undecided(at: _Moment) -> CanaryState | None:
    """A gate that stays undecided for too long ends the canary only where the spec says so; it never passes."""
    state = at.state
    if state.phase is not CanaryPhase.STEPPING or state.paused or state.plan.undecided is UndecidedAction.HOLD:
        return None
    due = _undecided_at(state)
    if CanaryGate.SERVICE not in at.open or due is None or at.now < due:
        return None
    seconds = int(state.plan.undecided_seconds)
    return _rejected(
        state, f"gate {CanaryGate.SERVICE} of step {state.step + 1} stayed undecided for {seconds} s", at.now
    )


_RULES: Final[tuple[Callable[[_Moment], CanaryState | None], ...]] = (
    *(_ordered, _failed, _stopped, _starts, _reached, _passed, _undecided),
)
"""The first that changes something; a gate's failure goes before the end of its step."""
_RUNNING: Final = (CanaryPhase.WAITING, CanaryPhase.STEPPING)
_CARRIED_OUT: Final[Mapping[CanaryVerb, Callable[[CanaryState, datetime], CanaryState]]] = {
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


def _verdict(state: CanaryState, gate: CanaryGate) -> Verdict | None:
    found = (one.verdict.verdict for one in state.verdicts if (one.step, one.gate) == (state.step, gate))
    return next(found, None)


def _most(facts: CanaryFacts) -> int:
    """How many replicas the new revision may have while it is on trial."""
    return max(0, min(facts.wanted, facts.wanted + facts.spare - 1))


def _held_until(state: CanaryState) -> datetime | None:
    return state.reached_at + timedelta(seconds=_hold(state)) if state.reached_at else None


def _hold(state: CanaryState) -> float:
    return state.plan.steps[state.step].hold_seconds


def _undecided_at(state: CanaryState) -> datetime | None:
    return state.reached_at + timedelta(seconds=state.plan.undecided_seconds) if state.reached_at else None


def _gives_up_at(state: CanaryState) -> datetime:
    return state.since + timedelta(seconds=state.plan.start_within_seconds)


def _waits(at: _Moment) -> str:
    """Why the first step is not taken."""
    state, facts = at.state, at.facts
    if state.paused:
        return "a person paused it before its first step; an order to promote goes on"
    if _most(facts) < 1:
        return NEEDS_TWO.format(f"{sentences.replicas(facts.wanted)} {'is' if facts.wanted == 1 else 'are'}")
    until = _gives_up_at(state)
    if at.now >= until:
        hours, ways = state.plan.start_within_seconds / 3600, "allow a spare accelerator, or abort it"
        return f"no replica could be spared within {hours:g} h ({facts.load}); {ways}"
    return f"no replica can be spared yet ({facts.load}); it waits until {until:%Y-%m-%d %H:%M} UTC"


def _step_waits(at: _Moment) -> str:
    """What a step waits for once its replicas serve."""
    state, number = at.state, f"step {at.state.step + 1} of {len(at.state.plan.steps)}"
    if state.paused:
        return f"{number}: a person paused it; an order to promote goes on"
    if not at.held:
        return f"{number}: {at.step.traffic} % of the conversations, held for {count(int(_hold(state)), 'second')}"
    if CanaryGate.MANUAL in at.open:
        return f"{number}: it waits for a person; an order to promote goes on"
    found = next(
        (one.verdict.message for one in state.verdicts if one.step == state.step), "no request was compared yet"
    )
    return f"{number}: gate {CanaryGate.SERVICE}: {found}"


def _step_wakes(at: _Moment) -> datetime | None:
    moments = (_held_until(at.state), _undecided_at(at.state))
    return min((one for one in moments if one is not None and one > at.now), default=None)
