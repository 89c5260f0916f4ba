"""Which revision gives up replicas now, and how many.

Replicas that serve no requests are removed first, then older ones that can be spared, then the current revision's
surplus. A replica that is needed to keep enough available is never removed.
"""

from fairlead.fleet import plurals
from fairlead.fleet.rollouts import ReplicaStep, StepReason
from fairlead.planning import scale_up, sentences
from fairlead.planning.revision_counts import RevisionCounts
from fairlead.planning.rollout_state import RolloutState


def idle(at: RolloutState) -> ReplicaStep | None:
    """Remove an older revision's replicas that serve no requests: that costs nothing and frees GPUs."""
    for each in at.others:
        if give := _within_pause(at, min(each.idle, _free(at, each))):
            change = sentences.change(each.name, each.requested, each.requested - give)
            return _less(each, give, StepReason.NOT_SERVING, f"{change}: the removed replicas are not ready")
    return None


def older(at: RolloutState) -> ReplicaStep | None:
    """Remove an older revision's replicas that can be spared."""
    first = next((each for each in at.others if each.requested), None)
    give = _given(at, first)
    if not first or not give or awaits_check(at) or _diverts(at, first):
        return None
    reason = StepReason.SCALED_DOWN if at.excess > 0 else StepReason.MAKING_ROOM
    change = sentences.change(first.name, first.requested, first.requested - give)
    serving = f"{plurals.part(_serving(at), at.wanted, 'replica', 'is')} available"
    return _less(first, give, reason, f"{change}: {serving}; the rollout may go down to {at.floor}")


def awaits_check(at: RolloutState) -> bool:
    """Whether the last serving replicas would be removed for a target whose preflight has no result yet."""
    give = _given(at, next((each for each in at.others if each.requested), None))
    return at.wanted > 0 and at.current.revision.unchecked and 0 < give >= _serving(at)


def surplus(at: RolloutState) -> ReplicaStep | None:
    """Remove the current revision's replicas beyond the wanted count."""
    requested, give = at.current.requested, at.current.requested - at.most_on_trial
    if at.trial:
        give = min(give, max(at.current.idle, at.spare))
    if give <= 0:
        return None
    because = f"{sentences.change(at.current.name, requested, requested - give)}: no more are desired"
    return _less(at.current, give, StepReason.SCALED_DOWN, because)


def _diverts(at: RolloutState, first: RevisionCounts) -> bool:
    """Whether the rejected target is next, and routers may still send its share there."""
    return at.diverting and first.name == at.rollout.target


def _given(at: RolloutState, first: RevisionCounts | None) -> int:
    if first is None:
        return 0
    return _within_pause(at, min(first.requested, at.spare, _to_give_up(at), _beyond_trial(at)))


def _beyond_trial(at: RolloutState) -> int:
    """How many replicas the older revisions have beyond those that they keep while the target is on trial."""
    return max(0, sum(each.requested for each in at.others) - at.kept_on_trial)


def _serving(at: RolloutState) -> int:
    return sum(each.promised for each in at.all)


def _free(at: RolloutState, each: RevisionCounts) -> int:
    """How many may be removed; while the target is unproven its fallback keeps enough, even ones still starting."""
    if not at.fallback or each.name != at.fallback.name:
        return each.requested
    return max(0, sum(other.requested for other in at.others) - max(at.kept, at.kept_on_trial))


def _to_give_up(at: RolloutState) -> int:
    """Replicas beyond the wanted count; below it, only as many as free the GPUs that the current revision needs."""
    beyond = _serving(at) - at.wanted - min(at.extra, at.most_on_trial)
    return max(0, beyond, 0 if at.paused else scale_up.lacking(at))


def _within_pause(at: RolloutState, give: int) -> int:
    """While paused only replicas beyond the ceiling are removed; the mix of revisions stays."""
    return min(give, max(0, at.excess)) if at.paused else give


def _less(each: RevisionCounts, give: int, reason: StepReason, because: str) -> ReplicaStep:
    return ReplicaStep(revision=each.name, replicas=each.requested - give, reason=reason, because=because)
