"""Random rollouts, random events, and what must hold at every step whatever happens."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import strategies as st

from fairlead.fleet.desired_state import DesiredRollout
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
)
from tests.planning import dry_run
from tests.planning.dry_run import FAST_CLUSTER
from tests.planning.states import BOTH, LONG_AGO, REPLACE, SURGE, T0, edited

NAMES = "abcde"
RULES = (REPLACE, SURGE, BOTH, replace(REPLACE, max_unavailable=2), replace(SURGE, max_surge=3))

pods = st.builds(
    RolloutReplica,
    name=st.just(""),
    ready_since=st.sampled_from((None, LONG_AGO, T0 - timedelta(seconds=30))),
    ending=st.sampled_from((False, False, False, True)),
    unplaced=st.just(False),
    routable=st.sampled_from((None, True, None, False)),
)
waiting_pods = st.builds(RolloutReplica, name=st.just(""), unplaced=st.just(True))
failures = st.builds(RevisionFailure, at=st.just(T0 - timedelta(minutes=20)), times=st.integers(1, 3))
rules = st.builds(
    lambda base, paused, least: replace(base, paused=paused, min_ready_seconds=least),
    st.sampled_from(RULES),
    st.sampled_from((False, False, True)),
    st.sampled_from((0, 90)),
)


@st.composite
def revisions(draw: st.DrawFn, name: str) -> RevisionState:
    """One revision in any state, even one that no step would lead to."""
    found = draw(st.lists(pods | waiting_pods, max_size=4))
    named = tuple(replace(each, name=f"{name}-{number}") for number, each in enumerate(found, start=1))
    live = sum(not each.ending for each in found)
    return RevisionState(
        name=name,
        requested=max(0, live + draw(st.sampled_from((0, 0, 0, 1, -1)))),
        replicas=named,
        created_at=LONG_AGO + timedelta(minutes=draw(st.integers(0, 9))),
        served=draw(st.booleans()) or any(each.ready_since for each in found),
        failure=draw(st.none() | failures),
        other_gpus=draw(st.booleans()),
    )


@st.composite
def rollouts(draw: st.DrawFn) -> RolloutSnapshot:
    """Any mixture of up to five revisions, the target among them or not."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=5, unique=True))
    start = RolloutSnapshot(
        target=draw(st.sampled_from("abcdef")),
        desired_replicas=draw(st.integers(0, 5)),
        rules=draw(rules),
        revisions=tuple(draw(revisions(name)) for name in names),
        room=NodeRoom(replicas=draw(st.none() | st.integers(0, 4)), because="few GPUs"),
    )
    return edited(start, start.target, T0 - timedelta(minutes=draw(st.sampled_from((0, 25, 40)))))


events = st.sampled_from(("round", "round", "round", "edit", "scale", "fault", "evict", "pause", "room"))


def happened(rollout: RolloutSnapshot, event: str, dice: int, now: datetime) -> RolloutSnapshot:
    """The rollout after an event from outside; `dice` selects what it affects."""
    rules = replace(rollout.rules, paused=not rollout.rules.paused)
    return {
        "edit": lambda: edited(rollout, "abcdef"[dice % 6], now),
        "scale": lambda: replace(rollout, desired_replicas=dice % 6),
        "pause": lambda: replace(rollout, rules=rules),
        "room": lambda: replace(rollout, room=NodeRoom(replicas=dice % 4, most=dice % 7, because="few GPUs")),
        "fault": lambda: _to_one(rollout, dice, lambda each: (replace(each, ready_since=None),)),
        "evict": lambda: _to_one(rollout, dice, lambda _: ()),
        "round": lambda: replace(dry_run.later(rollout, now), room=rollout.room),
    }[event]()


def carried_out(rollout: RolloutSnapshot, plan: RolloutPlan, now: datetime, *, pods_follow: bool) -> RolloutSnapshot:
    """The rollout after the step; the pods follow at once, or only the count is written so far."""
    done = dry_run.after(rollout, plan.step, now)
    if pods_follow or not isinstance(plan.step, ReplicaStep):
        return done
    before = {each.name: each.replicas for each in rollout.revisions}
    return replace(done, revisions=tuple(replace(each, replicas=before.get(each.name, ())) for each in done.revisions))


def broken(rollout: RolloutSnapshot, plan: RolloutPlan, now: datetime) -> Iterable[str]:
    """Every promise that a plan breaks, in words; none if all is well."""
    step = plan.step
    if isinstance(step, HoldStep) and plan.wake_at is not None and plan.wake_at <= now:
        yield "wakes in the past"
    if isinstance(step, FailureStep | RetireStep) and rollout.rules.paused:
        yield "shifts while paused"
    if isinstance(step, RetireStep) and (step.revision == rollout.target or _named(rollout, step.revision).replicas):
        yield "removes what is needed"
    if isinstance(step, ReplicaStep):
        yield from _broken_by_request(rollout, plan, step, now)


def settled(rollout: RolloutSnapshot, now: datetime) -> RolloutSnapshot:
    """The final state once events stop, faults heal, nodes have room and back-offs are over."""
    healed = (
        replace(each, replicas=tuple(replace(one, routable=None) for one in each.replicas))
        for each in rollout.revisions
    )
    calm = replace(rollout, revisions=tuple(healed), rules=replace(rollout.rules, paused=False), room=NodeRoom())
    for _ in range(8):
        plan, calm, now = list(dry_run.timeline(calm, now, FAST_CLUSTER))[-1]
        if plan.current == rollout.target:
            return calm
        now = plan.wake_at or now
    raise AssertionError(f"never comes to {rollout.target}: {calm}")


def available(rollout: RolloutSnapshot, now: datetime) -> int:
    """How many serve for good, computed in a second way: those that serve no requests go first."""
    return sum(
        min(each.requested, sum(_counts(one, rollout.rules, now) for one in each.replicas))
        for each in rollout.revisions
    )


def occupied(rollout: RolloutSnapshot) -> int:
    """How many GPUs are held or about to be held."""
    return sum(
        max(each.requested, sum(not one.ending for one in each.replicas)) + sum(one.ending for one in each.replicas)
        for each in rollout.revisions
    )


def may_outrun(rollout: RolloutSnapshot, current: str) -> int:
    """How many may hold a GPU beyond the rule: terminating ones, where only a count moves and the room is known."""
    if rollout.room.replicas is None or any(
        each.requested or each.replicas for each in rollout.revisions if each.name != current
    ):
        return 0
    return sum(one.ending for each in rollout.revisions for one in each.replicas)


def _broken_by_request(rollout: RolloutSnapshot, plan: RolloutPlan, step: ReplicaStep, now: datetime) -> Iterable[str]:
    exists = any(each.name == step.revision for each in rollout.revisions)
    before = _named(rollout, step.revision).requested if exists else 0
    after = dry_run.after(rollout, step, now)
    floor = rollout.desired_replicas - rollout.rules.max_unavailable
    if available(after, now) < min(available(rollout, now), floor):
        yield "too few stay available"
    most = rollout.desired_replicas + rollout.rules.max_surge + may_outrun(rollout, plan.current)
    if step.replicas > before and occupied(after) > most:
        yield "too many GPUs"
    if step.replicas < before and step.revision == plan.current and step.replicas != rollout.desired_replicas:
        yield "takes from the current revision"
    room = rollout.room.replicas
    if step.revision == rollout.target and room is not None and step.replicas - before > max(0, room):
        yield "more than fits"
    if step.replicas == before and exists:
        yield "asks for what is"
    if step.replicas > before and step.revision != plan.current and not rollout.rules.paused:
        yield "starts more of a revision that is neither wanted nor gone back to"


def _counts(replica: RolloutReplica, rules: DesiredRollout, now: datetime) -> bool:
    if replica.ending or replica.ready_since is None or replica.routable is False:
        return False
    return replica.ready_since + timedelta(seconds=rules.min_ready_seconds) <= now


def _named(rollout: RolloutSnapshot, name: str) -> RevisionState:
    return next(each for each in rollout.revisions if each.name == name)


def _to_one(
    rollout: RolloutSnapshot, dice: int, change: Callable[[RolloutReplica], tuple[RolloutReplica, ...]]
) -> RolloutSnapshot:
    """Change one replica."""
    everyone = [one for each in rollout.revisions for one in each.replicas]
    if not everyone:
        return rollout
    victim = everyone[dice % len(everyone)]
    changed = (
        replace(
            each, replicas=tuple(new for one in each.replicas for new in (change(one) if one is victim else (one,)))
        )
        for each in rollout.revisions
    )
    return replace(rollout, revisions=tuple(changed))
