"""Which revision gives up replicas now, and how many.

Replicas that serve no requests are removed first, then older ones that can be spared, then the current revision's
surplus. A replica that is needed to keep enough available is never removed.
"""

from fairlead.fleet import plurals
from fairlead.fleet.rollouts import ReplicaStep, StepReason
from fairlead.planning import scale_up, sentences
from fairlead.planning.revision_counts import RevisionCounts
from fairlead.planning.rollout_state import RolloutState


def idle(state: RolloutState) -> ReplicaStep | None:
    """Remove an older revision's replicas that serve no requests: that costs nothing and frees GPUs."""
    for each in state.others:
        if give := _within_pause(state, min(each.idle, _free(state, each))):
            change = sentences.change(each.name, each.requested, each.requested - give)
            return _less(each, give, StepReason.NOT_SERVING, f"{change}: the removed replicas are not ready")
    return None


def older(state: RolloutState) -> ReplicaStep | None:
    """Remove an older revision's replicas that can be spared."""
    first = next((each for each in state.others if each.requested), None)
    give = _given(state, first)
    if not first or not give or awaits_check(state) or _diverts(state, first):
        return None
    reason = StepReason.SCALED_DOWN if state.excess > 0 else StepReason.MAKING_ROOM
    change = sentences.change(first.name, first.requested, first.requested - give)
    serving = f"{plurals.part(_serving(state), state.wanted, 'replica', 'is')} available"
    return _less(first, give, reason, f"{change}: {serving}; the rollout may go down to {state.floor}")


def awaits_check(state: RolloutState) -> bool:
    """Whether the last serving replicas would be removed for a target whose preflight has no result yet."""
    give = _given(state, next((each for each in state.others if each.requested), None))
    return state.wanted > 0 and state.current.revision.unchecked and 0 < give >= _serving(state)


def surplus(state: RolloutState) -> ReplicaStep | None:
    """Remove the current revision's replicas beyond the wanted count."""
    requested, give = state.current.requested, state.current.requested - state.max_on_trial
    if state.trial:
        give = min(give, max(state.current.idle, state.spare))
    if give <= 0:
        return None
    because = f"{sentences.change(state.current.name, requested, requested - give)}: {state.wanted} desired"
    return _less(state.current, give, StepReason.SCALED_DOWN, because)


def _diverts(state: RolloutState, first: RevisionCounts) -> bool:
    """Whether the rejected target is next, and routers may still send its share there."""
    return state.diverting and first.name == state.rollout.target


def _given(state: RolloutState, first: RevisionCounts | None) -> int:
    if first is None:
        return 0
    return _within_pause(state, min(first.requested, state.spare, _to_give_up(state), _beyond_trial(state)))


def _beyond_trial(state: RolloutState) -> int:
    """How many replicas the older revisions have beyond those that they keep while the target is on trial."""
    return max(0, sum(each.requested for each in state.others) - state.kept_on_trial)


def _serving(state: RolloutState) -> int:
    return sum(each.promised for each in state.all)


def _free(state: RolloutState, each: RevisionCounts) -> int:
    """How many may be removed; while the target is unproven its fallback keeps enough, even ones still starting."""
    if not state.fallback or each.name != state.fallback.name:
        return each.requested
    return max(0, sum(other.requested for other in state.others) - max(state.kept, state.kept_on_trial))


def _to_give_up(state: RolloutState) -> int:
    """Replicas beyond the wanted count; below it, only as many as free the GPUs that the current revision needs."""
    beyond = _serving(state) - state.wanted - min(state.extra, state.max_on_trial)
    return max(0, beyond, 0 if state.paused else scale_up.lacking(state))


def _within_pause(state: RolloutState, give: int) -> int:
    """While paused only replicas beyond the ceiling are removed; the mix of revisions stays."""
    return min(give, max(0, state.excess)) if state.paused else give


def _less(each: RevisionCounts, give: int, reason: StepReason, because: str) -> ReplicaStep:
    return ReplicaStep(revision=each.name, replicas=each.requested - give, reason=reason, because=because)
