"""Which replicas sleep: the least busy and unneeded; needed ones wake first; rollouts plan for those awake."""

from dataclasses import replace

from hypothesis import given as examples
from hypothesis import strategies as st

from fairlead.fleet.rollouts import HoldReason, HoldStep, ReplicaStep, RevisionState, RolloutReplica, RolloutSnapshot
from fairlead.planning import rollout as planner
from fairlead.planning import sleep_plan
from fairlead.planning.sleep_plan import SleepPlan
from tests.planning.states import LONG_AGO, T0, given, revision


def with_sleepers(state: RevisionState, *names: str) -> RevisionState:
    """The same, some of its replicas asleep."""
    found = tuple(replace(one, asleep=True) if one.name in names else one for one in state.replicas)
    return replace(state, replicas=found)


def sleep_plan_of(rollout: RolloutSnapshot, asleep: int, **busy: int) -> SleepPlan:
    """Which replicas sleep, while the target is the requested one."""
    return sleep_plan.plan_sleep(
        rollout, asleep, {name.replace("_", "-"): many for name, many in busy.items()}, given_up=False
    )


def test_the_least_busy_of_the_unneeded_replicas_falls_asleep() -> None:
    fleet = given("a", 2, revision("a", ready=3))
    assert sleep_plan_of(fleet, 1, a_1=4, a_2=1, a_3=2) == SleepPlan(fall=("a-2",))


def test_of_equally_busy_ones_the_newest_falls_asleep_for_it_has_least_in_its_cache() -> None:
    state = revision("a", ready=3)
    first, second, third = state.replicas
    newer = replace(second, ready_since=T0)
    assert sleep_plan_of(given("a", 2, replace(state, replicas=(first, newer, third))), 1) == SleepPlan(fall=("a-2",))


def test_no_replica_falls_asleep_while_all_are_needed() -> None:
    assert sleep_plan_of(given("a", 3, revision("a", ready=3)), 1) == SleepPlan()


def test_one_that_routers_have_not_proved_is_not_put_to_sleep() -> None:
    state = revision("a", ready=2)
    unproved = tuple(replace(one, routable=False) for one in state.replicas)
    assert sleep_plan_of(given("a", 1, replace(state, replicas=unproved)), 1) == SleepPlan()


def test_who_is_missed_wakes_although_others_are_starting() -> None:
    """A start takes minutes, waking seconds."""
    fleet = given("a", 3, with_sleepers(revision("a", ready=3, starting=2), "a-3"))
    assert sleep_plan_of(fleet, 1) == SleepPlan(wake=("a-3",))


def test_sleepers_beyond_the_desired_number_wake() -> None:
    fleet = given("a", 1, with_sleepers(revision("a", ready=3), "a-2", "a-3"))
    assert sleep_plan_of(fleet, 1) == SleepPlan(stay=("a-3",), wake=("a-2",))


def test_sleepers_of_a_revision_that_is_not_the_target_wake() -> None:
    fleet = given("b", 2, with_sleepers(revision("a", ready=2), "a-1"), revision("b", ready=1))
    assert sleep_plan_of(fleet, 1).wake == ("a-1",)


def test_all_wake_while_the_target_is_given_up() -> None:
    fleet = given("b", 2, revision("a", ready=2), with_sleepers(revision("b", ready=1), "b-1"))
    assert sleep_plan.plan_sleep(fleet, 1, {}, given_up=True) == SleepPlan(wake=("b-1",))


def test_no_replica_sleeps_for_a_target_that_does_not_exist_yet() -> None:
    assert sleep_plan_of(given("a", 2), 1) == SleepPlan()


def planned(fleet: RolloutSnapshot, asleep: int) -> ReplicaStep | HoldStep:
    """The step, sleepers counted."""
    found = sleep_plan_of(fleet, asleep)
    plan = sleep_plan.with_sleepers(planner.next_step(sleep_plan.awake(fleet, asleep, found), T0), fleet.target, found)
    assert isinstance(plan.step, ReplicaStep | HoldStep)
    return plan.step


def test_missing_sleepers_start_as_replicas_that_are_awake() -> None:
    step = planned(given("a", 2, revision("a", ready=2)), 1)
    assert isinstance(step, ReplicaStep)
    assert step.replicas == 3


def test_a_count_that_grows_keeps_its_sleepers() -> None:
    step = planned(given("a", 3, with_sleepers(revision("a", ready=2, starting=1), "a-1")), 0)
    assert isinstance(step, HoldStep)
    step = planned(given("a", 4, with_sleepers(revision("a", ready=5), "a-1")), 3)
    assert isinstance(step, ReplicaStep)
    assert (step.replicas, step.because.endswith("1 more asleep")) == (7, True)


def test_a_fleet_that_has_its_sleepers_rests() -> None:
    step = planned(given("a", 2, with_sleepers(revision("a", ready=3), "a-1")), 1)
    assert isinstance(step, HoldStep)
    assert step.reason is HoldReason.COMPLETE


REPLICA = st.builds(
    RolloutReplica,
    name=st.integers(1, 20).map("a-{}".format),
    ready_since=st.sampled_from([None, LONG_AGO]),
    ending=st.booleans(),
    routable=st.sampled_from([None, True, False]),
    asleep=st.booleans(),
)


@examples(
    some=st.lists(REPLICA, max_size=8, unique_by=lambda one: one.name),
    wanted=st.integers(0, 6),
    asleep=st.integers(0, 4),
)
def test_no_needed_replica_ever_falls_asleep_and_no_more_sleep_than_desired(
    some: list[RolloutReplica], wanted: int, asleep: int
) -> None:
    fleet = given("a", wanted, replace(revision("a"), requested=len(some), replicas=tuple(some)))
    plan = sleep_plan_of(fleet, asleep)
    serving = [one.name for one in some if one.ready_since and not one.ending and not one.asleep]
    assert len(serving) - len(plan.fall) >= min(wanted, len(serving))
    assert len(plan.sleepers) <= asleep
    assert not (plan.fall and plan.wake)
