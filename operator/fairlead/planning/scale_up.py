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


def new(at: RolloutState) -> ReplicaStep | None:
    """Create the target with as many replicas as allowed; with none if they come later, so that it exists."""
    if at.current.exists or (at.rollout.rules.paused and at.others):
        return None
    reason = StepReason.NEW_REVISION if at.others else StepReason.FIRST_REVISION
    need = ScaleUpNeed(of=at.current, lack=at.goal, reason=reason)
    return _replica_step(at, need, granted(at, need))


def step(at: RolloutState) -> ReplicaStep | None:
    """Return the first need for which at least one replica can be granted."""
    counted = ((need, granted(at, need)) for need in needs(at))
    return next((_replica_step(at, need, count) for need, count in counted if count), None)


def needs(at: RolloutState) -> Iterator[ScaleUpNeed]:
    """Yield revisions that lack replicas, the most urgent first."""
    candidates = _paused(at) if at.paused else _rolling(at)
    return (need for need in candidates if need.lack > 0)


def granted(at: RolloutState, need: ScaleUpNeed) -> int:
    """Return how many of the lacking replicas can be added now."""
    return min(need.lack, at.budget, _fitting(at, need.of))


def lacking(at: RolloutState) -> int:
    """Return how many more replicas the current revision could have if older ones gave up more than they do."""
    need = ScaleUpNeed(of=at.current, lack=max(0, at.goal - at.current.requested), reason=_reason(at))
    coming = granted(at, need) + sum(each.leaving for each in at.all)
    return min(need.lack + at.current.unplaced - coming, reach(at))


def reach(at: RolloutState) -> int:
    """Return how many more replicas of the target would find a node without any older revision.

    No serving replica is removed for a target that could not be placed even then: its GPU is on no node, other pods
    hold it, or a replica is too large for any node.
    """
    room, target = at.rollout.room, at.current
    if at.returning or room.replicas is None:
        return at.ceiling
    shared = sum(each.occupied for each in at.others if not each.revision.other_gpus)
    most = at.ceiling if room.most is None else room.most - (target.occupied - target.unplaced)
    return max(0, min(room.replicas - target.missing + shared, most))


def short(at: RolloutState) -> str:
    """Return which GPU is short, and which strategy changes revisions without a free one."""
    rules, room = at.rollout.rules, at.rollout.room
    surging = rules.strategy is not RolloutStrategy.REPLACE and not rules.max_unavailable
    return room.because + (_HINT.format(room.spare) if surging and not at.alone and reach(at) else "")


def scant(at: RolloutState, need: ScaleUpNeed) -> bool:
    """Whether a need is limited by the room on the nodes."""
    return _fitting(at, need.of) < min(need.lack, at.budget)


def _rolling(at: RolloutState) -> Iterator[ScaleUpNeed]:
    """Yield only the current revision: a cold start of a revision that was just replaced would be wasted.

    While it is on trial, its fallback grows too, if more are wanted than the trial may have.
    """
    yield ScaleUpNeed(of=at.current, lack=at.goal - at.current.requested, reason=_reason(at))
    if at.trial and at.fallback:
        lack = at.kept_on_trial - sum(each.requested for each in at.others)
        yield ScaleUpNeed(of=at.fallback, lack=lack, reason=StepReason.SCALED_UP)


def _paused(at: RolloutState) -> Iterator[ScaleUpNeed]:
    """While paused, the revision with the most available replicas gets what more is wanted."""
    best = max((each for each in at.all if each.exists), key=lambda each: _merit(at, each), default=at.current)
    lack = at.wanted - sum(each.requested for each in at.all)
    yield ScaleUpNeed(of=best, lack=lack, reason=StepReason.SCALED_UP)


def _merit(at: RolloutState, each: RevisionCounts) -> tuple[int, bool, bool, str]:
    return each.available, each.revision.served, each.name == at.current.name, each.name


def _reason(at: RolloutState) -> StepReason:
    if at.returning:
        return StepReason.RETURNING
    return StepReason.NEW_REVISION if at.others else StepReason.SCALED_UP


def _fitting(at: RolloutState, each: RevisionCounts) -> int:
    """How many more replicas find a node: none while some are unplaced, minus those already requested."""
    if each.unplaced:
        return 0
    room = at.rollout.room.replicas
    if room is None or each.name != at.rollout.target:
        return at.ceiling
    return max(0, room - sum(other.missing for other in at.all if not other.revision.other_gpus))


def _replica_step(at: RolloutState, need: ScaleUpNeed, count: int) -> ReplicaStep:
    after = need.of.requested + count
    made = f"{need.of.name} is made with {sentences.replicas(after)}"
    change = sentences.change(need.of.name, need.of.requested, after) if need.of.exists else made
    because = f"{change}: {at.wanted} {plurals.verb(at.wanted, 'is')} wanted; {_among(at, need.of)}"
    return ReplicaStep(
        revision=need.of.name, replicas=after, reason=need.reason, because=because + _preempting(at, need, count)
    )


def _preempting(at: RolloutState, need: ScaleUpNeed, count: int) -> str:
    """Say how many of the new replicas find room only where pods of a lower priority end for them."""
    room = at.rollout.room
    if need.of.name != at.rollout.target or not room.preempting:
        return ""
    ended = min(count, count + room.preempting - _fitting(at, need.of))
    return (
        f"; {ended} of them {plurals.verb(ended, 'takes')} the place of pods of a lower priority" if ended > 0 else ""
    )


def _among(at: RolloutState, grown: RevisionCounts) -> str:
    others = sum(each.occupied for each in at.all if each.name != grown.name)
    return f"other revisions have {others or 'none'}"
