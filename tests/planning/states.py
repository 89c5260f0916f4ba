"""Rollouts the planning tests start from, and plans said in few words."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import groupby

from fairlead.fleet.rollouts import (
    Ask,
    Failure,
    GiveUp,
    Hold,
    Plan,
    Replica,
    Retire,
    RevisionState,
    Rollout,
    Room,
    Step,
)
from fairlead.fleet.wanted import RolloutStrategy, WantedRollout
from fairlead.planning import story
from fairlead.planning.story import FAST, World

T0 = datetime(2026, 11, 20, 12, tzinfo=UTC)
LONG_AGO = T0 - timedelta(days=1)
REPLACE = WantedRollout()
SURGE = WantedRollout(strategy=RolloutStrategy.SURGE, max_surge=1, max_unavailable=0)
BOTH = WantedRollout(strategy=RolloutStrategy.SURGE, max_surge=1, max_unavailable=1)
UNKNOWN = Room()
STYLES = {"replace": REPLACE, "surge": SURGE, "both": BOTH}


def replicas(name: str, ready: int, starting: int = 0, ending: int = 0, unplaced: int = 0) -> tuple[Replica, ...]:
    """So many of each state."""
    kinds = (
        [Replica(name="", ready_since=LONG_AGO)] * ready
        + [Replica(name="")] * starting
        + [Replica(name="", ready_since=LONG_AGO, ending=True)] * ending
        + [Replica(name="", unplaced=True)] * unplaced
    )
    return tuple(replace(each, name=f"{name}-{number}") for number, each in enumerate(kinds, start=1))


def revision(name: str, ready: int = 0, starting: int = 0, ending: int = 0, unplaced: int = 0) -> RevisionState:
    """A revision; its place in the alphabet is its age, and it served if a replica of it is ready."""
    return RevisionState(
        name=name,
        asked=ready + starting + unplaced,
        replicas=replicas(name, ready, starting, ending, unplaced),
        created_at=LONG_AGO + timedelta(minutes=ord(name[0])),
        served=ready > 0,
    )


def given(
    target: str, wanted: int, *revisions: RevisionState, rules: WantedRollout = REPLACE, room: Room = UNKNOWN
) -> Rollout:
    """A rollout; the target is wanted since now."""
    marked = (replace(each, wanted_since=T0) if each.name == target else each for each in revisions)
    return Rollout(target=target, wanted=wanted, rules=rules, revisions=tuple(marked), room=room)


def wish(rollout: Rollout, target: str, now: datetime) -> Rollout:
    """The same after an edit: another revision is the wanted one."""
    marked = (replace(each, wanted_since=now if each.name == target else None) for each in rollout.revisions)
    return replace(rollout, target=target, revisions=tuple(marked))


def failed(state: RevisionState, times: int = 1, at: datetime = T0) -> RevisionState:
    """The same, given up."""
    return replace(state, failure=Failure(at=at, times=times))


def said(step: Step) -> str:
    """A step in few words."""
    match step:
        case Ask():
            return f"{step.revision}={step.replicas} {step.reason}"
        case GiveUp():
            return f"give up {step.revision}"
        case Retire():
            return f"retire {step.revision}"
        case Hold():
            return f"hold {step.reason}"


def told(start: Rollout, world: World = FAST, now: datetime = T0) -> list[str]:
    """A whole story in few words; neighbouring waits for the same thing are one."""
    words = (said(plan.step) for plan in story.story(start, now, world))
    return [word for word, _ in groupby(words)]


def brief(start: Rollout, now: datetime = T0, world: World = FAST) -> str:
    """A whole story on one line: `b=1` a count, `-a` a revision gone, `!b` given up, a word what is waited for."""
    return " ".join(word for word, _ in groupby(_brief(plan.step) for plan in story.story(start, now, world)))


def _brief(step: Step) -> str:
    match step:
        case Ask():
            return f"{step.revision}={step.replicas}"
        case GiveUp():
            return f"!{step.revision}"
        case Retire():
            return f"-{step.revision}"
        case Hold():
            return step.reason.removeprefix("WaitingFor").lower()


def composition(rollout: Rollout) -> dict[str, tuple[int, int]]:
    """What is asked of each revision and how many replicas of it are there."""
    return {each.name: (each.asked, len(each.replicas)) for each in rollout.revisions}


def end(start: Rollout, now: datetime = T0, world: World = FAST) -> tuple[Plan, Rollout, datetime]:
    """The last scene of a story."""
    return list(story.scenes(start, now, world))[-1]
