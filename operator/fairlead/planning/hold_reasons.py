"""Why the planner takes no step now, and until when: the one thing that the next step waits for."""

from datetime import datetime
from typing import Final

from fairlead.fleet import plurals
from fairlead.fleet.rollouts import HoldReason, HoldStep
from fairlead.planning import revision_counts, rollback, scale_down, scale_up, sentences
from fairlead.planning.rollout_state import RolloutState
from fairlead.planning.scale_up import ScaleUpNeed

BLOCKED_REASONS: Final = (
    HoldReason.WAITING_FOR_READY,
    HoldReason.NO_FREE_GPU,
    HoldReason.UNPLACED,
    HoldReason.CHECKING,
)
"""Holds without a certain end, so the progress deadline applies; drains and `min_ready_seconds` end by themselves."""


def hold(state: RolloutState) -> HoldStep:
    """Return what the rollout waits for; called only if no step can be taken."""
    if state.complete:
        return _complete(state)
    if state.diverting and state.rollout.canary:
        return HoldStep(reason=HoldReason.DIVERTING, because=state.rollout.canary.because)
    if scale_down.awaits_check(state):
        because = f"{state.current.name} is checked without a GPU before the last serving replica is drained for it"
        return HoldStep(reason=HoldReason.CHECKING, because=because)
    need = next(scale_up.needs(state), None)
    return (_short_of_gpus(state, need) if need else _paused(state) or _on_trial(state)) or _starting(state)


def wake_at(state: RolloutState) -> datetime | None:
    """Return when time alone makes the same snapshot lead to another plan."""
    if state.complete and not state.returning:
        return None
    rules = state.rollout.rules
    moments = revision_counts.next_available(state.all, rules.min_ready_seconds, state.now)
    retry = rollback.retry_at(state.rollout) if state.returning else None
    due = rollback.due(state.rollout, state.current.revision) if state.fallback and not rules.paused else None
    trial = state.rollout.canary.wake_at if state.rollout.canary else None
    return min((moment for moment in (*moments, retry, due, trial) if moment and moment > state.now), default=None)


def _complete(state: RolloutState) -> HoldStep:
    serving = f"{state.current.name} serves with {sentences.replicas(state.wanted)}, as many as desired"
    if not state.returning:
        return HoldStep(reason=HoldReason.COMPLETE, because=serving if state.wanted else "no replicas are desired")
    return HoldStep(reason=HoldReason.RETURNED, because=f"{state.rollout.target} was given up; {serving}")


def _short_of_gpus(state: RolloutState, need: ScaleUpNeed) -> HoldStep | None:
    """Return why a revision that lacks replicas does not get more."""
    if any(each.leaving for each in state.all):
        return _draining(state)
    if need.of.unplaced:
        return _unplaced(need.of)
    if state.budget or not scale_up.reach(state):
        because = f"{need.of.name} lacks {sentences.replicas(need.lack)}, and no node has room for another"
        return HoldStep(reason=HoldReason.NO_FREE_GPU, because=because)
    return None


def _paused(state: RolloutState) -> HoldStep | None:
    if not state.paused or (state.alone and state.current.exists):
        return None
    rest = ", ".join(f"{each.name} {each.requested}" for each in state.all)
    return HoldStep(reason=HoldReason.PAUSED, because=f"the rollout is paused; replicas by revision: {rest}")


def _on_trial(state: RolloutState) -> HoldStep | None:
    """Return what a canary step waits for, once the target serves with all that the step gives it."""
    if state.trial is None or state.current.available < state.max_on_trial:
        return None
    reason = HoldReason.AWAITING_PERSON if state.trial.needs_person else HoldReason.ON_TRIAL
    return HoldStep(reason=reason, because=state.trial.because)


def _starting(state: RolloutState) -> HoldStep:
    """Return why the requested replicas do not serve yet."""
    current, seconds = state.current, state.rollout.rules.min_ready_seconds
    all_ready = current.ready >= current.requested
    if all_ready and (ripe := revision_counts.next_available(state.all, seconds, state.now)):
        because = f"{sentences.replicas(len(ripe))} must be ready for {seconds} s before counting"
        return HoldStep(reason=HoldReason.WAITING_FOR_MIN_READY, because=because)
    if (all_ready or current.unplaced) and any(each.leaving for each in state.all):
        return _draining(state)
    if current.unplaced:
        return _unplaced(current)
    ready = f"{current.ready} of {sentences.replicas(current.requested)} of {current.name}"
    because = f"{ready} {plurals.verb(current.ready, 'is')} ready"
    return HoldStep(reason=HoldReason.WAITING_FOR_READY, because=because + _no_fallback(state))


def _no_fallback(state: RolloutState) -> str:
    """Explain why an exceeded progress deadline has no consequence: there is no fallback."""
    if state.returning or state.fallback or state.rollout.rules.paused:
        return ""
    if state.now < rollback.due(state.rollout, state.current.revision):
        return ""
    seconds = state.rollout.rules.progress_deadline_seconds
    return f"; no progress for {seconds} s, and no other revision ever served"


def _unplaced(each: revision_counts.RevisionCounts) -> HoldStep:
    because = f"the scheduler finds no node for {each.unplaced} of {sentences.replicas(each.requested)} of {each.name}"
    return HoldStep(reason=HoldReason.UNPLACED, because=because)


def _draining(state: RolloutState) -> HoldStep:
    leaving, held = sum(each.leaving for each in state.all), state.rollout.room.held
    verb, holds = plurals.verb(leaving, "is"), plurals.verb(leaving, "holds")
    because = f"{sentences.replicas(leaving)} {verb} still draining, and {holds} {held} until the last stream ends"
    return HoldStep(reason=HoldReason.WAITING_FOR_DRAIN, because=because)
