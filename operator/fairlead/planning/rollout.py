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
    at = rollout_state.of(rollout, now)
    step = _given_up(at) or next((step for rule in RULES if (step := rule(at))), None) or _retire(at) or _wait(at)
    return RolloutPlan(
        step=step,
        phase=_phase(at),
        current=at.current.name,
        wake_at=hold_reasons.wake_at(at) if isinstance(step, HoldStep) else None,
        short=_short(at, step),
    )


def _given_up(at: RolloutState) -> FailureStep | None:
    return _rejected(at) or _hopeless(at)


def _rejected(at: RolloutState) -> FailureStep | None:
    """Give up for good a target that failed a gate, even while the rollout is paused."""
    if not at.trial or not at.trial.rejected or not at.fallback or not at.current.exists:
        return None
    failure = replace(rollback.failed(at.current.revision, at.now), rejected=True, because=at.trial.rejected)
    because = f"{at.current.name} is rejected: {at.trial.rejected}; {at.fallback.name} serves instead"
    return FailureStep(revision=at.current.name, failure=failure, reason=StepReason.GATE_FAILED, because=because)


def _hopeless(at: RolloutState) -> FailureStep | None:
    """Give up immediately a target that cannot start, if another revision can serve."""
    why = at.current.revision.hopeless
    if at.rollout.rules.paused or not at.fallback or not why:
        return None
    seconds = at.rollout.rules.progress_deadline_seconds
    failure = replace(rollback.failed(at.current.revision, at.now), early=True, deadline_seconds=seconds)
    because = f"{at.current.name} cannot start: {why}; {at.fallback.name} serves instead"
    return FailureStep(revision=at.current.name, failure=failure, reason=StepReason.START_FAILED, because=because)


def _retire(at: RolloutState) -> RetireStep | None:
    """Remove a revision without replicas, except the fallback and the target, whose Deployment holds its facts."""
    if at.rollout.rules.paused:
        return None
    settled = at.complete and (at.wanted > 0 or at.current.revision.served)
    best = None if settled else rollback.fallback(at.rollout)
    needed = {at.rollout.target} | ({best.name} if best else set())
    gone = next((each for each in at.others if each.gone and each.name not in needed), None)
    if gone is None:
        return None
    because = f"{gone.name} has no replica left, and no rollout would return to it"
    return RetireStep(revision=gone.name, reason=StepReason.EMPTY_REVISION, because=because)


def _wait(at: RolloutState) -> HoldStep | FailureStep:
    hold = hold_reasons.hold(at)
    if at.rollout.rules.paused or not at.fallback or hold.reason not in hold_reasons.BLOCKED_REASONS:
        return hold
    if at.now < rollback.due(at.rollout, at.current.revision):
        return hold
    seconds, target, back = at.rollout.rules.progress_deadline_seconds, at.current, at.fallback.name
    available = plurals.part(target.available, at.wanted, "replica", "is")
    because = f"{available} available and nothing moved for {seconds} s; {back} serves instead"
    failure = replace(rollback.failed(target.revision, at.now), deadline_seconds=seconds)
    return FailureStep(revision=target.name, failure=failure, reason=StepReason.DEADLINE_EXCEEDED, because=because)


def _phase(at: RolloutState) -> RolloutPhase:
    if at.paused:
        return RolloutPhase.PAUSED
    if at.returning:
        return RolloutPhase.RETURNED if at.complete else RolloutPhase.RETURNING
    return RolloutPhase.STEADY if at.complete or not at.others else RolloutPhase.ROLLING


def _short(at: RolloutState, step: RolloutStep) -> str:
    """Return which GPU is short, if that limits the step or is what the hold waits for."""
    match step:
        case HoldStep(reason=HoldReason.UNPLACED):
            return at.rollout.room.because
        case HoldStep(reason=HoldReason.NO_FREE_GPU):
            return scale_up.short(at)
        case ReplicaStep(revision=name, replicas=replicas):
            needs = (need for need in scale_up.needs(at) if need.of.name == name and replicas < need.count)
            return scale_up.short(at) if any(scale_up.scant(at, need) for need in needs) else ""
        case _:
            return ""
