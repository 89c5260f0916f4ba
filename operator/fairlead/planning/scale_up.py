"""Which revision gets more replicas now, and how many: as many as are wanted, allowed, and fit on nodes.

The room on the nodes is only known for the target's kind of GPU; another revision may need another kind, so its
replicas are requested without that check and the scheduler decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fairlead.fleet import plurals
from fairlead.fleet.desired_state import RolloutStrategy
from fairlead.fleet.rollouts import ReplicaStep, StepReason
from fairlead.planning import sentences
from fairlead.planning.revision_counts import RevisionCounts
from fairlead.planning.rollout_state import RolloutState

_HINT: Final = "; strategy Surge needs {} for a change, strategy Replace needs none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleUpNeed:
    """A revision that should have more replicas."""

    of: RevisionCounts
    lack: int
    reason: StepReason

    @property
    def count(self) -> int:
        """The replica count that its Deployment would then have."""
        return self.of.requested + self.lack


def new(state: RolloutState) -> ReplicaStep | None:
    """Create the target with as many replicas as allowed; with none if they come later, so that it exists."""
    if state.current.exists or (state.rollout.rules.paused and state.others):
        return None
    reason = StepReason.NEW_REVISION if state.others else StepReason.FIRST_REVISION
    need = ScaleUpNeed(of=state.current, lack=state.goal, reason=reason)
    return _replica_step(state, need, granted(state, need))


def step(state: RolloutState) -> ReplicaStep | None:
    """Return the first need for which at least one replica can be granted."""
    counted = ((need, granted(state, need)) for need in needs(state))
    return next((_replica_step(state, need, count) for need, count in counted if count), None)


def needs(state: RolloutState) -> Iterator[ScaleUpNeed]:
    """Yield revisions that lack replicas, the most urgent first."""
    candidates = _paused(state) if state.paused else _rolling(state)
    return (need for need in candidates if need.lack > 0)


def granted(state: RolloutState, need: ScaleUpNeed) -> int:
    """Return how many of the lacking replicas can be added now."""
    return min(need.lack, state.budget, _fitting(state, need.of))


def lacking(state: RolloutState) -> int:
    """Return how many more replicas the current revision could have if older ones gave up more than they do."""
    need = ScaleUpNeed(of=state.current, lack=max(0, state.goal - state.current.requested), reason=_reason(state))
    coming = granted(state, need) + sum(each.leaving for each in state.all)
    return min(need.lack + state.current.unplaced - coming, reach(state))


def reach(state: RolloutState) -> int:
    """Return how many more replicas of the target would find a node without any older revision.

    No serving replica is removed for a target that could not be placed even then: its GPU is on no node, other pods
    hold it, or a replica is too large for any node.
    """
    room, target = state.rollout.room, state.current
    if state.returning or room.replicas is None:
        return state.ceiling
    shared = sum(each.occupied for each in state.others if not each.revision.other_gpus)
    most = state.ceiling if room.most is None else room.most - (target.occupied - target.unplaced)
    return max(0, min(room.replicas - target.missing + shared, most))


def short(state: RolloutState) -> str:
    """Return which GPU is short, and which strategy changes revisions without a free one."""
    rules, room = state.rollout.rules, state.rollout.room
    surging = rules.strategy is not RolloutStrategy.REPLACE and not rules.max_unavailable
    return room.because + (_HINT.format(room.spare) if surging and not state.alone and reach(state) else "")


def lacks_room(state: RolloutState, need: ScaleUpNeed) -> bool:
    """Whether a need is limited by the room on the nodes."""
    return _fitting(state, need.of) < min(need.lack, state.budget)


def _rolling(state: RolloutState) -> Iterator[ScaleUpNeed]:
    """Yield only the current revision: a cold start of a revision that was just replaced would be wasted.

    While it is on trial, its fallback grows too, if more are wanted than the trial may have.
    """
    yield ScaleUpNeed(of=state.current, lack=state.goal - state.current.requested, reason=_reason(state))
    if state.trial and state.fallback:
        lack = state.kept_on_trial - sum(each.requested for each in state.others)
        yield ScaleUpNeed(of=state.fallback, lack=lack, reason=StepReason.SCALED_UP)


def _paused(state: RolloutState) -> Iterator[ScaleUpNeed]:
    """While paused, the revision with the most available replicas gets what more is wanted."""
    best = max((each for each in state.all if each.exists), key=lambda each: _merit(state, each), default=state.current)
    lack = state.wanted - sum(each.requested for each in state.all)
    yield ScaleUpNeed(of=best, lack=lack, reason=StepReason.SCALED_UP)


def _merit(state: RolloutState, each: RevisionCounts) -> tuple[int, bool, bool, str]:
    return each.available, each.revision.served, each.name == state.current.name, each.name


def _reason(state: RolloutState) -> StepReason:
    if state.returning:
        return StepReason.RETURNING
    return StepReason.NEW_REVISION if state.others else StepReason.SCALED_UP


def _fitting(state: RolloutState, each: RevisionCounts) -> int:
    """How many more replicas find a node: none while some are unplaced, minus those already requested."""
    if each.unplaced:
        return 0
    room = state.rollout.room.replicas
    if room is None or each.name != state.rollout.target:
        return state.ceiling
    return max(0, room - sum(other.missing for other in state.all if not other.revision.other_gpus))


def _replica_step(state: RolloutState, need: ScaleUpNeed, count: int) -> ReplicaStep:
    after = need.of.requested + count
    made = f"{need.of.name} is made with {sentences.replicas(after)}"
    change = sentences.change(need.of.name, need.of.requested, after) if need.of.exists else made
    because = f"{change}: {state.wanted} {plurals.verb(state.wanted, 'is')} desired; {_among(state, need.of)}"
    return ReplicaStep(
        revision=need.of.name, replicas=after, reason=need.reason, because=because + _preempting(state, need, count)
    )


def _preempting(state: RolloutState, need: ScaleUpNeed, count: int) -> str:
    """Say how many of the new replicas find room only where pods of a lower priority end for them."""
    room = state.rollout.room
    if need.of.name != state.rollout.target or not room.preempting:
        return ""
    ended = min(count, count + room.preempting - _fitting(state, need.of))
    return (
        f"; {ended} of them {plurals.verb(ended, 'takes')} the place of pods of a lower priority" if ended > 0 else ""
    )


def _among(state: RolloutState, grown: RevisionCounts) -> str:
    others = sum(each.occupied for each in state.all if each.name != grown.name)
    return f"other revisions have {others or 'none'}"
