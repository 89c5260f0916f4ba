"""Invariants at every step of every walk, from any mixture of revisions and whatever happens between two steps."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.rollouts import HoldStep, RolloutSnapshot
from fairlead.planning import rollout as planner
from tests.planning import dry_run, walks
from tests.planning.states import T0, composition

happenings = st.lists(st.tuples(walks.events, st.integers(0, 59)), max_size=25)


@pytest.mark.trial(10)
@given(walks.rollouts(), happenings)
def test_no_step_of_ours_ever_breaks_a_promise(start: RolloutSnapshot, events: list[tuple[str, int]]) -> None:
    state, now = start, T0
    for event, dice in events:
        plan = planner.next_step(state, now)
        assert list(walks.broken(state, plan, now)) == [], plan
        state = walks.carried_out(state, plan, now, pods_follow=dice % 2 == 0)
        state = walks.happened(state, event, dice, now)
        now += timedelta(seconds=dice * 10)


@given(walks.rollouts(), happenings)
def test_every_mixture_ends_with_the_desired_replicas_of_the_target_and_nothing_else(
    start: RolloutSnapshot, events: list[tuple[str, int]]
) -> None:
    state, now = start, T0
    for event, dice in events:
        state = walks.happened(dry_run.after(state, planner.next_step(state, now).step, now), event, dice, now)
    ended = composition(walks.settled(state, now))
    wanted = state.desired_replicas
    assert ended.pop(state.target) == (wanted, wanted)
    assert ended == {} or (wanted == 0 and list(ended.values()) == [(0, 0)])


@given(walks.rollouts())
def test_without_a_change_of_facts_steps_run_out(start: RolloutSnapshot) -> None:
    state = start
    for _ in range(3 * len(start.revisions) + 9):
        plan = planner.next_step(state, T0)
        assert planner.next_step(state, T0) == plan
        state = dry_run.after(state, plan.step, T0)
    assert isinstance(planner.next_step(state, T0).step, HoldStep)


@given(walks.rollouts(), st.integers(0, 20), st.integers(0, 3))
def test_an_operator_that_was_away_comes_to_the_same_end(start: RolloutSnapshot, before: int, away: int) -> None:
    state, now = start, T0
    for _ in range(before):
        state = dry_run.after(state, planner.next_step(state, now).step, now)
        now += timedelta(minutes=1)
        state = dry_run.later(state, now)
    stopped = state
    for _ in range(away):
        now += timedelta(hours=1)
        stopped = dry_run.later(stopped, now)
    ends = [composition(walks.settled(each, now)) for each in (start, state, stopped)]
    assert start.desired_replicas == 0 or ends[0] == ends[1] == ends[2]
