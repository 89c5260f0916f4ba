"""The next step of a rollout, derived only from what is observed.

Rules run in a fixed order, and the first that returns a step wins. The planner keeps no state, so a rollout resumes
after a crash at any point, and an edit or a revert in between only leads to another plan.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from fairlead.fleet import plurals
from fairlead.fleet.rollouts import (
    FailureStep,
    HoldReason,
    HoldStep,
    ReplicaStep,
    RetireStep,
    RolloutPhase,
    RolloutPlan,
    RolloutSnapshot,
    RolloutStep,
    StepReason,
)
from fairlead.planning import hold_reasons, rollback, rollout_state, scale_down, scale_up
from fairlead.planning.rollout_state import RolloutState

RULES: Final = (
    scale_up.new,  # the target exists before older revisions shrink for it
    scale_down.idle,  # replicas that serve no requests cost nothing
    scale_down.older,  # older revisions shrink before the current one, wherever enough replicas stay available
    scale_down.surplus,
    scale_up.step,
)


def next_step(rollout: RolloutSnapshot, now: datetime) -> RolloutPlan:
    """Return one step towards the wanted count of the current revision, or a hold with its reason."""
    state = rollout_state.of(rollout, now)
    step = (
        _given_up(state)
        or next((step for rule in RULES if (step := rule(state))), None)
        or _retire(state)
        or _wait(state)
    )
    return RolloutPlan(
        step=step,
        phase=_phase(state),
        current=state.current.name,
        wake_at=hold_reasons.wake_at(state) if isinstance(step, HoldStep) else None,
        short=_short(state, step),
    )


def _given_up(state: RolloutState) -> FailureStep | None:
    return _rejected(state) or _terminal(state)


def _rejected(state: RolloutState) -> FailureStep | None:
    """Give up for good a target that failed a gate, even while the rollout is paused."""
    if not state.trial or not state.trial.rejected or not state.fallback or not state.current.exists:
        return None
    failure = replace(rollback.failed(state.current.revision, state.now), rejected=True, because=state.trial.rejected)
    because = f"{state.current.name} is rejected: {state.trial.rejected}; {state.fallback.name} serves instead"
    return FailureStep(revision=state.current.name, failure=failure, reason=StepReason.GATE_FAILED, because=because)


def _terminal(state: RolloutState) -> FailureStep | None:
    """Give up immediately a target that cannot start, if another revision can serve."""
    why = state.current.revision.terminal_error
    if state.rollout.rules.paused or not state.fallback or not why:
        return None
    seconds = state.rollout.rules.progress_deadline_seconds
    failure = replace(rollback.failed(state.current.revision, state.now), early=True, deadline_seconds=seconds)
    because = f"{state.current.name} cannot start: {why}; {state.fallback.name} serves instead"
    return FailureStep(revision=state.current.name, failure=failure, reason=StepReason.START_FAILED, because=because)


def _retire(state: RolloutState) -> RetireStep | None:
    """Remove a revision without replicas, except the fallback and the target, whose Deployment holds its facts."""
    if state.rollout.rules.paused:
        return None
    settled = state.complete and (state.wanted > 0 or state.current.revision.served)
    best = None if settled else rollback.fallback(state.rollout)
    needed = {state.rollout.target} | ({best.name} if best else set())
    gone = next((each for each in state.others if each.gone and each.name not in needed), None)
    if gone is None:
        return None
    because = f"{gone.name} has no replica left, and no rollout would return to it"
    return RetireStep(revision=gone.name, reason=StepReason.EMPTY_REVISION, because=because)


def _wait(state: RolloutState) -> HoldStep | FailureStep:
    hold = hold_reasons.hold(state)
    if state.rollout.rules.paused or not state.fallback or hold.reason not in hold_reasons.BLOCKED_REASONS:
        return hold
    if state.now < rollback.due(state.rollout, state.current.revision):
        return hold
    seconds, target, back = state.rollout.rules.progress_deadline_seconds, state.current, state.fallback.name
    available = plurals.part(target.available, state.wanted, "replica", "is")
    because = (
        f"{available} available, without progress for {seconds} s "
        f"(rollout.progressDeadlineSeconds); {back} serves instead; correct the spec, or raise the deadline"
    )
    failure = replace(rollback.failed(target.revision, state.now), deadline_seconds=seconds)
    return FailureStep(revision=target.name, failure=failure, reason=StepReason.DEADLINE_EXCEEDED, because=because)


def _phase(state: RolloutState) -> RolloutPhase:
    if state.paused:
        return RolloutPhase.PAUSED
    if state.returning:
        return RolloutPhase.RETURNED if state.complete else RolloutPhase.RETURNING
    return RolloutPhase.STEADY if state.complete or not state.others else RolloutPhase.ROLLING


def _short(state: RolloutState, step: RolloutStep) -> str:
    """Return which GPU is short, if that limits the step or is what the hold waits for."""
    match step:
        case HoldStep(reason=HoldReason.UNPLACED):
            return state.rollout.room.because
        case HoldStep(reason=HoldReason.NO_FREE_GPU):
            return scale_up.short(state)
        case ReplicaStep(revision=name, replicas=replicas):
            needs = (need for need in scale_up.needs(state) if need.of.name == name and replicas < need.count)
            return scale_up.short(state) if any(scale_up.lacks_room(state, need) for need in needs) else ""
        case _:
            return ""
