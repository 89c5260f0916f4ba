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


def hold(at: RolloutState) -> HoldStep:
    """Return what the rollout waits for; called only if no step can be taken."""
    if at.complete:
        return _complete(at)
    if at.diverting and at.rollout.canary:
        return HoldStep(reason=HoldReason.DIVERTING, because=at.rollout.canary.because)
    if scale_down.awaits_check(at):
        because = f"{at.current.name} is checked without a GPU before the last serving replica is drained for it"
        return HoldStep(reason=HoldReason.CHECKING, because=because)
    need = next(scale_up.needs(at), None)
    return (_short_of_gpus(at, need) if need else _paused(at) or _on_trial(at)) or _starting(at)


def wake_at(at: RolloutState) -> datetime | None:
    """Return when time alone makes the same snapshot lead to another plan."""
    if at.complete and not at.returning:
        return None
    rules = at.rollout.rules
    moments = revision_counts.ripening(at.all, rules.min_ready_seconds, at.now)
    retry = rollback.retry_at(at.rollout) if at.returning else None
    due = rollback.due(at.rollout, at.current.revision) if at.fallback and not rules.paused else None
    trial = at.rollout.canary.wake_at if at.rollout.canary else None
    return min((moment for moment in (*moments, retry, due, trial) if moment and moment > at.now), default=None)


def _complete(at: RolloutState) -> HoldStep:
    serving = f"{at.current.name} serves with {sentences.replicas(at.wanted)}, as many as desired"
    if not at.returning:
        return HoldStep(reason=HoldReason.COMPLETE, because=serving if at.wanted else "no replicas are desired")
    return HoldStep(reason=HoldReason.RETURNED, because=f"{at.rollout.target} was given up; {serving}")


def _short_of_gpus(at: RolloutState, need: ScaleUpNeed) -> HoldStep | None:
    """Return why a revision that lacks replicas does not get more."""
    if any(each.leaving for each in at.all):
        return _draining(at)
    if need.of.unplaced:
        return _unplaced(need.of)
    if at.budget or not scale_up.reach(at):
        because = f"{need.of.name} lacks {sentences.replicas(need.lack)}, and no node has room for another"
        return HoldStep(reason=HoldReason.NO_FREE_GPU, because=because)
    return None


def _paused(at: RolloutState) -> HoldStep | None:
    if not at.paused or (at.alone and at.current.exists):
        return None
    rest = ", ".join(f"{each.name} {each.requested}" for each in at.all)
    return HoldStep(reason=HoldReason.PAUSED, because=f"the rollout is paused; replicas by revision: {rest}")


def _on_trial(at: RolloutState) -> HoldStep | None:
    """Return what a canary step waits for, once the target serves with all that the step gives it."""
    if at.trial is None or at.current.available < at.most_on_trial:
        return None
    reason = HoldReason.AWAITING_PERSON if at.trial.needs_person else HoldReason.ON_TRIAL
    return HoldStep(reason=reason, because=at.trial.because)


def _starting(at: RolloutState) -> HoldStep:
    """Return why the requested replicas do not serve yet."""
    current, seconds = at.current, at.rollout.rules.min_ready_seconds
    all_ready = current.ready >= current.requested
    if all_ready and (ripe := revision_counts.ripening(at.all, seconds, at.now)):
        because = f"{sentences.replicas(len(ripe))} must be ready for {seconds} s before counting"
        return HoldStep(reason=HoldReason.WAITING_FOR_MIN_READY, because=because)
    if (all_ready or current.unplaced) and any(each.leaving for each in at.all):
        return _draining(at)
    if current.unplaced:
        return _unplaced(current)
    ready = f"{current.ready} of {sentences.replicas(current.requested)} of {current.name}"
    because = f"{ready} {plurals.verb(current.ready, 'is')} ready"
    return HoldStep(reason=HoldReason.WAITING_FOR_READY, because=because + _no_fallback(at))


def _no_fallback(at: RolloutState) -> str:
    """Explain why an exceeded progress deadline has no consequence: there is no fallback."""
    if at.returning or at.fallback or at.rollout.rules.paused:
        return ""
    if at.now < rollback.due(at.rollout, at.current.revision):
        return ""
    seconds = at.rollout.rules.progress_deadline_seconds
    return f"; nothing moved for {seconds} s, and no other revision ever served"


def _unplaced(each: revision_counts.RevisionCounts) -> HoldStep:
    because = f"the scheduler finds no node for {each.unplaced} of {sentences.replicas(each.requested)} of {each.name}"
    return HoldStep(reason=HoldReason.UNPLACED, because=because)


def _draining(at: RolloutState) -> HoldStep:
    leaving, held = sum(each.leaving for each in at.all), at.rollout.room.held
    verb, holds = plurals.verb(leaving, "is"), plurals.verb(leaving, "holds")
    because = f"{sentences.replicas(leaving)} {verb} still draining, and {holds} {held} until the last stream ends"
    return HoldStep(reason=HoldReason.WAITING_FOR_DRAIN, because=because)
