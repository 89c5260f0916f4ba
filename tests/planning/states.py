"""Rollouts the planning tests start from, and plans in short notation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from fairlead.fleet.desired_state import DesiredRollout, RolloutStrategy
from fairlead.fleet.rollouts import (
    FailureStep,
    HoldStep,
    NodeRoom,
    ReplicaStep,
    RetireStep,
    RevisionFailure,
    RevisionState,
    RolloutPlan,
    RolloutReplica,
    RolloutSnapshot,
    RolloutStep,
)
from tests.planning import dry_run
from tests.planning.dry_run import FAST_CLUSTER, DryRunCluster

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = T0 - timedelta(days=1)
REPLACE = DesiredRollout()
SURGE = DesiredRollout(strategy=RolloutStrategy.SURGE, max_surge=1, max_unavailable=0)
BOTH = DesiredRollout(strategy=RolloutStrategy.SURGE, max_surge=1, max_unavailable=1)
UNKNOWN = NodeRoom()
STYLES = {"replace": REPLACE, "surge": SURGE, "both": BOTH}


def replicas(
    name: str, ready: int, starting: int = 0, ending: int = 0, unplaced: int = 0
) -> tuple[RolloutReplica, ...]:
    """This many of each state."""
    kinds = (
        [RolloutReplica(name="", ready_since=LONG_AGO)] * ready
        + [RolloutReplica(name="")] * starting
        + [RolloutReplica(name="", ready_since=LONG_AGO, ending=True)] * ending
        + [RolloutReplica(name="", unplaced=True)] * unplaced
    )
    return tuple(replace(each, name=f"{name}-{number}") for number, each in enumerate(kinds, start=1))


def revision(name: str, ready: int = 0, starting: int = 0, ending: int = 0, unplaced: int = 0) -> RevisionState:
    """A revision; alphabetical order is its age, and it served if a replica of it is ready."""
    return RevisionState(
        name=name,
        requested=ready + starting + unplaced,
        replicas=replicas(name, ready, starting, ending, unplaced),
        created_at=LONG_AGO + timedelta(minutes=ord(name[0])),
        served=ready > 0,
    )


def given(
    target: str, wanted: int, *revisions: RevisionState, rules: DesiredRollout = REPLACE, room: NodeRoom = UNKNOWN
) -> RolloutSnapshot:
    """A rollout whose target was set just now."""
    marked = (replace(each, wanted_since=T0) if each.name == target else each for each in revisions)
    return RolloutSnapshot(target=target, desired_replicas=wanted, rules=rules, revisions=tuple(marked), room=room)


def edited(rollout: RolloutSnapshot, target: str, now: datetime) -> RolloutSnapshot:
    """The same after an edit: another revision is the target."""
    marked = (replace(each, wanted_since=now if each.name == target else None) for each in rollout.revisions)
    return replace(rollout, target=target, revisions=tuple(marked))


def failed(state: RevisionState, times: int = 1, at: datetime = T0) -> RevisionState:
    """The same, given up."""
    return replace(state, failure=RevisionFailure(at=at, times=times))


def in_words(step: RolloutStep) -> str:
    """A step in short notation."""
    match step:
        case ReplicaStep():
            return f"{step.revision}={step.replicas} {step.reason}"
        case FailureStep():
            return f"give up {step.revision}"
        case RetireStep():
            return f"retire {step.revision}"
        case HoldStep():
            return f"hold {step.reason}"


def story_of(start: RolloutSnapshot, world: DryRunCluster = FAST_CLUSTER, now: datetime = T0) -> list[str]:
    """A whole rollout in short notation; neighbouring waits for the same thing are one."""
    words = (in_words(plan.step) for plan in dry_run.all_plans(start, now, world))
    return [word for word, _ in groupby(words)]


def brief(start: RolloutSnapshot, now: datetime = T0, world: DryRunCluster = FAST_CLUSTER) -> str:
    """A whole rollout on one line: `b=1` a count, `-a` a revision gone, `!b` given up, a word what is waited for."""
    return " ".join(word for word, _ in groupby(_brief(plan.step) for plan in dry_run.all_plans(start, now, world)))


def _brief(step: RolloutStep) -> str:
    match step:
        case ReplicaStep():
            return f"{step.revision}={step.replicas}"
        case FailureStep():
            return f"!{step.revision}"
        case RetireStep():
            return f"-{step.revision}"
        case HoldStep():
            return step.reason.removeprefix("WaitingFor").lower()


def composition(rollout: RolloutSnapshot) -> dict[str, tuple[int, int]]:
    """The requested replicas of each revision, and how many of it exist."""
    return {each.name: (each.requested, len(each.replicas)) for each in rollout.revisions}


def end(
    start: RolloutSnapshot, now: datetime = T0, world: DryRunCluster = FAST_CLUSTER
) -> tuple[RolloutPlan, RolloutSnapshot, datetime]:
    """The last step of a rollout."""
    return list(dry_run.timeline(start, now, world))[-1]
