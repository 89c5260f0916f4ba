"""A rollout run to its end in a small simulated cluster, for tests of the planner and for reviewers.

The planner plans anew after each change, exactly as in a cluster; the simulated cluster only starts and ends replicas.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from fairlead.fleet.rollouts import (
    FailureStep,
    HoldReason,
    HoldStep,
    NodeRoom,
    RetireStep,
    RevisionState,
    RolloutPhase,
    RolloutPlan,
    RolloutReplica,
    RolloutSnapshot,
    RolloutStep,
)
from fairlead.planning import hold_reasons
from fairlead.planning import rollout as planner


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRunCluster:
    """How replicas start and end in the simulated cluster."""

    never_ready: frozenset[str] = frozenset()
    """Revisions whose replicas start and never serve."""
    places: int | None = None
    """How many replicas the nodes can hold; None: any number."""
    round_seconds: float = 60.0
    """How long a start takes, and a drain."""
    at_once: int | None = None
    """How many replicas start, and how many end, in one round; None: all."""
    max_rounds: int = 1000
    """Far more than any sensible rollout takes: a hundred replicas replaced one by one take three rounds each."""


FAST_CLUSTER: Final = DryRunCluster()
"""Unlimited nodes, and every start and drain takes one round."""


class EndlessRollout(Exception):
    """The rollout did not end within `max_rounds`: a bug in the planner."""


def all_plans(start: RolloutSnapshot, now: datetime, world: DryRunCluster = FAST_CLUSTER) -> list[RolloutPlan]:
    """Every plan until nothing changes any more; the same hold in a row is listed once, however long it lasts."""
    plans: list[RolloutPlan] = []
    for plan, _, _ in timeline(start, now, world):
        if not (plans and isinstance(plan.step, HoldStep) and plan.step == plans[-1].step):
            plans.append(plan)
    return plans


def timeline(
    start: RolloutSnapshot, now: datetime, world: DryRunCluster = FAST_CLUSTER
) -> Iterator[tuple[RolloutPlan, RolloutSnapshot, datetime]]:
    """Each plan with its snapshot and its time; ends where only a person or a long back-off would continue it."""
    rollout = scheduled(start, world)
    for _ in range(world.max_rounds):
        plan = planner.next_step(rollout, now)
        yield plan, rollout, now
        if not isinstance(plan.step, HoldStep):
            rollout = after(rollout, plan.step, now, world)
            continue
        passed = now + timedelta(seconds=world.round_seconds)
        moved = later(rollout, passed, world)
        if moved == rollout and _ends(plan, plan.step):
            return
        now = max(passed, plan.wake_at) if moved == rollout and plan.wake_at else passed
        rollout = moved
    raise EndlessRollout(
        f"{world.max_rounds} rounds and no end: target {start.target}, {start.desired_replicas} wanted"
    )


def after(
    rollout: RolloutSnapshot, step: RolloutStep, now: datetime, world: DryRunCluster = FAST_CLUSTER
) -> RolloutSnapshot:
    """The snapshot after a step was carried out."""
    if isinstance(step, HoldStep):
        return rollout
    if isinstance(step, RetireStep):
        return replace(rollout, revisions=tuple(each for each in rollout.revisions if each.name != step.revision))
    found = _found(rollout, step.revision, now)
    if isinstance(step, FailureStep):
        return _with(rollout, replace(found, failure=step.failure))
    return scheduled(_with(rollout, _counted(found, step.replicas, now)), world)


def later(rollout: RolloutSnapshot, now: datetime, world: DryRunCluster = FAST_CLUSTER) -> RolloutSnapshot:
    """The snapshot one round later: ending replicas are gone, starting ones serve, pending ones that fit are placed."""
    return scheduled(replace(rollout, revisions=tuple(_moved(each, now, world) for each in rollout.revisions)), world)


def scheduled(rollout: RolloutSnapshot, world: DryRunCluster) -> RolloutSnapshot:
    """The snapshot after scheduling: which replicas have a place, and how many more would find one."""
    replicas = [replica for each in rollout.revisions for replica in each.replicas]
    places = len(replicas) if world.places is None else world.places
    free = iter(range(places - sum(not replica.unplaced for replica in replicas)))
    placed = tuple(replace(each, replicas=tuple(_placed(each.replicas, free))) for each in rollout.revisions)
    left = len(list(free))
    room = NodeRoom() if world.places is None else NodeRoom(replicas=left, because=f"{places} places, {left} free")
    return replace(rollout, revisions=placed, room=room)


def _ends(plan: RolloutPlan, hold: HoldStep) -> bool:
    """Whether nothing follows while the cluster does not change, except another try of a target that was given up."""
    blocked_while_returning = plan.phase is RolloutPhase.RETURNING and hold.reason in hold_reasons.BLOCKED_REASONS
    return plan.wake_at is None or hold.reason in (HoldReason.PAUSED, HoldReason.RETURNED) or blocked_while_returning


def _placed(replicas: tuple[RolloutReplica, ...], free: Iterator[int]) -> Iterator[RolloutReplica]:
    for each in replicas:
        finds = each.unplaced and next(free, None) is not None
        yield replace(each, unplaced=False) if finds else each


def _moved(revision: RevisionState, now: datetime, world: DryRunCluster) -> RevisionState:
    """Ending replicas leave, starting ones serve, lost ones are replaced; as many at once as the cluster allows."""
    most = len(revision.replicas) if world.at_once is None else world.at_once
    ending = [each for each in revision.replicas if each.ending][:most]
    idle = [each for each in revision.replicas if each.ready_since is None and not (each.ending or each.unplaced)]
    starts = [] if revision.name in world.never_ready else idle[:most]
    replicas = tuple(
        replace(each, ready_since=now) if each in starts else each for each in revision.replicas if each not in ending
    )
    moved = replace(revision, replicas=replicas, served=revision.served or bool(starts))
    return _counted(moved, moved.requested, now)


def _counted(revision: RevisionState, requested: int, now: datetime) -> RevisionState:
    """New replicas start without a place; replicas that serve no requests end first, then the youngest."""
    live = [each for each in revision.replicas if not each.ending]
    leaving = sorted(live, key=_youth)[: max(0, len(live) - requested)]
    names = {each.name for each in revision.replicas}
    fresh = (name for name in (f"{revision.name}-{number}" for number in count(1)) if name not in names)
    started = tuple(RolloutReplica(name=next(fresh), unplaced=True) for _ in range(requested - len(live)))
    kept = tuple(replace(each, ending=True) if each in leaving else each for each in revision.replicas)
    grown_at = now if requested > revision.requested else revision.grown_at
    return replace(revision, requested=requested, replicas=kept + started, grown_at=grown_at)


def _youth(replica: RolloutReplica) -> tuple[bool, bool, float]:
    since = replica.ready_since
    return since is not None, replica.routable is not False, -since.timestamp() if since else 0.0


def _found(rollout: RolloutSnapshot, name: str, now: datetime) -> RevisionState:
    made = RevisionState(name=name, requested=0, created_at=now, wanted_since=now)
    return next((each for each in rollout.revisions if each.name == name), made)


def _with(rollout: RolloutSnapshot, revision: RevisionState) -> RolloutSnapshot:
    """The snapshot with one revision replaced, or added at the end."""
    if all(each.name != revision.name for each in rollout.revisions):
        return replace(rollout, revisions=(*rollout.revisions, revision))
    revisions = tuple(revision if each.name == revision.name else each for each in rollout.revisions)
    return replace(rollout, revisions=revisions)
