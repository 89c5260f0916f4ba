"""Which revision gives up replicas now, and how many.

First those that serve nobody, then older ones that are not missed, then what the current revision has too many of.
Nobody who is needed to keep enough replicas available is ever asked to go.
"""

from fairlead.fleet import plurals
from fairlead.fleet.rollouts import ReplicaStep, StepReason
from fairlead.planning import scale_up, sentences
from fairlead.planning.revision_counts import RevisionCounts
from fairlead.planning.rollout_state import RolloutState


def idle(at: RolloutState) -> ReplicaStep | None:
    """An older revision gives up what serves nobody: that costs nothing and frees GPUs."""
    for each in at.others:
        if give := _within_pause(at, min(each.idle, _free(at, each))):
            change = sentences.change(each.name, each.asked, each.asked - give)
            return _less(each, give, StepReason.NOT_SERVING, f"{change}: the replicas that go are not ready")
    return None


def older(at: RolloutState) -> ReplicaStep | None:
    """An older revision gives up what is not missed."""
    first = next((each for each in at.others if each.asked), None)
    give = _given(at, first)
    if not first or not give or awaits_check(at):
        return None
    reason = StepReason.SCALED_DOWN if at.excess > 0 else StepReason.MAKING_ROOM
    change = sentences.change(first.name, first.asked, first.asked - give)
    serving = f"{plurals.part(_serving(at), at.wanted, 'replica', 'is')} available"
    return _less(first, give, reason, f"{change}: {serving}; the rollout may go down to {at.floor}")


def awaits_check(at: RolloutState) -> bool:
    """Whether the last replicas that serve would go for a target that nothing is known of yet."""
    give = _given(at, next((each for each in at.others if each.asked), None))
    return at.wanted > 0 and at.current.revision.unchecked and 0 < give >= _serving(at)


def surplus(at: RolloutState) -> ReplicaStep | None:
    """The current revision gives up what is beyond the wanted count."""
    asked, wanted = at.current.asked, at.wanted
    if asked <= wanted:
        return None
    because = f"{sentences.change(at.current.name, asked, wanted)}: no more are wanted"
    return _less(at.current, asked - wanted, StepReason.SCALED_DOWN, because)


def _given(at: RolloutState, first: RevisionCounts | None) -> int:
    return _within_pause(at, min(first.asked, at.spare, _asked_to_give(at))) if first else 0


def _serving(at: RolloutState) -> int:
    return sum(each.promised for each in at.all)


def _free(at: RolloutState, each: RevisionCounts) -> int:
    """What serves nobody may still be starting for an unproven target's sake: that many stay."""
    if not at.way_back or each.name != at.way_back.name:
        return each.asked
    return max(0, sum(other.asked for other in at.others) - at.kept)


def _asked_to_give(at: RolloutState) -> int:
    """What is beyond the wanted count goes; what may be missing goes only where the current revision needs its GPUs."""
    beyond = _serving(at) - at.wanted
    return max(0, beyond, 0 if at.rollout.rules.paused else scale_up.lacking(at))


def _within_pause(at: RolloutState, give: int) -> int:
    """While paused only what is too much goes; the mixture of revisions stays."""
    return min(give, max(0, at.excess)) if at.rollout.rules.paused else give


def _less(each: RevisionCounts, give: int, reason: StepReason, because: str) -> ReplicaStep:
    return ReplicaStep(revision=each.name, replicas=each.asked - give, reason=reason, because=because)
