"""A revision that fails is given up and the serving one comes back; later it is retried, less and less often."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.rollouts import (
    FailureStep,
    HoldReason,
    HoldStep,
    RevisionFailure,
    RolloutPhase,
    RolloutPlan,
    RolloutReplica,
    StepReason,
)
from fairlead.planning import rollback
from fairlead.planning import rollout as planner
from tests.planning.dry_run import DryRunCluster
from tests.planning.states import (
    LONG_AGO,
    REPLACE,
    SURGE,
    T0,
    brief,
    composition,
    edited,
    end,
    failed,
    given,
    in_words,
    revision,
    story_of,
)

BROKEN = DryRunCluster(places=3, never_ready=frozenset("b"))
DEADLINE = timedelta(seconds=REPLACE.progress_deadline_seconds)


def test_a_revision_that_never_serves_is_given_up_and_the_old_one_comes_back_whole() -> None:
    assert story_of(given("b", 3, revision("a", 3)), BROKEN) == [
        "b=0 NewRevision",
        "a=2 MakingRoom",
        "hold WaitingForDrain",
        "b=1 NewRevision",
        "hold WaitingForReady",
        "give up b",
        "b=0 NotServing",
        "hold WaitingForDrain",
        "a=3 Returning",
        "hold WaitingForReady",
        "hold Returned",
    ]


def test_giving_up_is_written_down_with_its_time_and_count() -> None:
    start = given("b", 3, revision("a", 2), revision("b", starting=1))
    waiting = planner.next_step(start, T0)
    assert waiting.wake_at == T0 + DEADLINE
    assert planner.next_step(start, T0 + DEADLINE) == RolloutPlan(
        step=FailureStep(
            revision="b",
            failure=RevisionFailure(at=T0 + DEADLINE, times=1, deadline_seconds=1800),
            reason=StepReason.DEADLINE_EXCEEDED,
            because="0 of 3 replicas are available, without progress for 1800 s "
            "(rollout.progressDeadlineSeconds); a serves instead; correct the spec, or raise the deadline",
        ),
        phase=RolloutPhase.ROLLING,
        current="b",
    )


def test_what_came_back_waits_for_the_end_of_the_back_off() -> None:
    plan, _, _ = end(given("b", 3, revision("a", 3), failed(revision("b"))))
    assert plan == RolloutPlan(
        step=HoldStep(
            reason=HoldReason.RETURNED, because="b was given up; a serves with 3 replicas, as many as desired"
        ),
        phase=RolloutPhase.RETURNED,
        current="a",
        wake_at=T0 + 2 * DEADLINE,
    )


def test_a_failed_revision_is_retried_after_the_back_off_and_given_up_for_longer() -> None:
    _, back, _ = end(given("b", 3, revision("a", 3)), world=BROKEN)
    retry = rollback.retry_at(back)
    assert retry is not None
    _, again, _ = end(back, now=retry, world=BROKEN)
    failure = next(each.failure for each in again.revisions if each.name == "b")
    assert failure is not None
    assert failure.times == 2
    assert (
        brief(again, failure.at + 4 * DEADLINE)
        == "a=2 drain b=1 ready a=1 drain b=2 ready a=0 drain b=3 ready -a complete"
    )


def test_a_back_off_is_never_shorter_than_a_start_nor_longer_than_a_working_day() -> None:
    waits = [rollback.back_off(RevisionFailure(at=T0, times=times), 60).total_seconds() for times in (1, 4, 5, 99)]
    assert waits == [600, 960, 1920, 6 * 3600]


def test_a_deadline_that_was_raised_since_postpones_no_retry() -> None:
    failure = RevisionFailure(at=T0, times=2, deadline_seconds=800)
    waits = [rollback.back_off(failure, seconds).total_seconds() for seconds in (800, 7200)]
    assert waits == [3200, 3200]


def test_a_half_way_rollout_that_stops_moving_goes_back_too() -> None:
    start = given("b", 3, revision("a", 1), revision("b", 1, starting=1))
    assert brief(start, T0 + DEADLINE, replace(BROKEN, never_ready=frozenset("b"))).split()[:2] == ["!b", "b=1"]


def test_every_replica_that_gets_ready_renews_the_deadline() -> None:
    fresh = revision("b", 1, starting=1)
    moved = T0 + timedelta(minutes=20)
    fresh = replace(fresh, replicas=(replace(fresh.replicas[0], ready_since=moved), fresh.replicas[1]))
    start = given("b", 3, revision("a", 1), fresh)
    plan = planner.next_step(start, T0 + DEADLINE)
    assert (in_words(plan.step), plan.wake_at) == ("hold WaitingForReady", moved + DEADLINE)


def test_a_start_after_a_long_pause_has_the_whole_deadline() -> None:
    grown = replace(revision("b", starting=1), grown_at=T0 + 2 * DEADLINE)
    plan = planner.next_step(given("b", 3, revision("a", 2), grown), T0 + 2 * DEADLINE)
    assert (in_words(plan.step), plan.wake_at) == ("hold WaitingForReady", T0 + 3 * DEADLINE)


def test_a_drain_and_a_least_ready_time_are_no_reason_to_give_up() -> None:
    draining = given("b", 3, revision("a", 2, ending=1), revision("b"))
    plan = planner.next_step(draining, T0 + 2 * DEADLINE)
    assert (in_words(plan.step), plan.wake_at) == ("hold WaitingForDrain", None)


def test_a_replica_on_its_way_out_is_no_progress() -> None:
    state = revision("b", starting=1)
    leaving = RolloutReplica(name="b-9", ready_since=T0 + timedelta(minutes=20), ending=True)
    start = given("b", 3, revision("a", 2), replace(state, replicas=(*state.replicas, leaving)))
    assert in_words(planner.next_step(start, T0 + DEADLINE).step) == "give up b"


def test_a_second_try_has_the_whole_deadline_from_the_end_of_the_back_off() -> None:
    start = given("b", 3, revision("a", 2), failed(revision("b", starting=1)))
    plan = planner.next_step(start, T0 + 2 * DEADLINE)
    assert (in_words(plan.step), plan.wake_at) == ("hold WaitingForReady", T0 + 3 * DEADLINE)


def test_the_fallback_is_what_still_has_replicas() -> None:
    emptied = replace(revision("b"), served=True)
    start = given("c", 2, revision("a", 2), emptied, failed(revision("c")))
    assert planner.next_step(start, T0).current == "a"


def test_without_a_revision_to_return_to_only_the_lack_of_progress_is_reported() -> None:
    start = given("b", 3, revision("b", 1, starting=2))
    assert planner.next_step(start, T0 + DEADLINE) == RolloutPlan(
        step=HoldStep(
            reason=HoldReason.WAITING_FOR_READY,
            because="1 of 3 replicas of b is ready; no progress for 1800 s, and no other revision ever served",
        ),
        phase=RolloutPhase.STEADY,
        current="b",
    )


def test_a_revision_that_took_over_is_never_given_up_for_a_later_growth() -> None:
    kept = replace(revision("a"), served=True)
    start = given("b", 5, kept, revision("b", 3, starting=2))
    assert in_words(planner.next_step(start, T0 + 2 * DEADLINE).step) == "hold WaitingForReady"


def test_a_failure_from_before_the_revision_was_requested_again_is_forgiven() -> None:
    state = given("b", 3, revision("a", 3), failed(revision("b"), times=3))
    later = edited(edited(state, "a", T0), "b", T0 + timedelta(minutes=1))
    assert planner.next_step(later, T0 + timedelta(minutes=2)).current == "b"
    target = rollback.target_state(later)
    assert target is not None
    assert rollback.failed(target, T0 + DEADLINE) == RevisionFailure(at=T0 + DEADLINE, times=1)


def test_a_failed_target_stays_current_where_nothing_else_ever_served() -> None:
    start = given("b", 2, failed(revision("b", starting=2)))
    plan = planner.next_step(start, T0)
    assert (plan.current, plan.wake_at, brief(start)) == ("b", None, "ready complete")


def test_the_fallback_is_what_was_not_given_up_itself() -> None:
    start = given("c", 3, revision("a", 1), failed(revision("b", 1)), failed(revision("c", starting=1)))
    assert planner.next_step(start, T0).current == "a"


def test_a_stuck_rollout_does_not_stop_scaling_up() -> None:
    start = given("b", 3, revision("a", 2), revision("b", starting=1))
    never = DryRunCluster(never_ready=frozenset("b"))
    grown = [word for word in story_of(replace(start, desired_replicas=10), never) if word.startswith(("a=", "b="))]
    assert grown == ["b=8 NewRevision", "b=0 NotServing", "a=10 Returning"]


@pytest.mark.trial(10)
def test_load_that_rises_while_one_replica_is_replaced_starts_the_new_revision_only() -> None:
    """Observed: the old one drained, its GPU not yet free, and three cold starts of the spec just replaced."""
    drained = replace(revision("a", ending=1), served=True)
    start = given("b", 4, drained, revision("b"))
    assert story_of(start)[:2] == ["b=3 NewRevision", "hold WaitingForDrain"]
    assert [word for word in story_of(start, DryRunCluster(never_ready=frozenset("b"))) if word.startswith("a=")] == [
        "a=4 Returning"
    ]


def test_nodes_that_are_full_get_no_more_of_either_revision() -> None:
    start = given("b", 9, revision("a", 2, unplaced=1), revision("b", starting=1))
    assert story_of(start, DryRunCluster(places=3, never_ready=frozenset("b")))[0] == "hold NoFreeGpu"


def test_a_return_keeps_the_memory_of_the_failure_and_drops_other_empty_revisions() -> None:
    start = given("c", 2, revision("a", 2), revision("b"), failed(revision("c")), rules=SURGE)
    plan, ended, _ = end(start)
    assert composition(ended) == {"a": (2, 2), "c": (0, 0)}
    assert plan.phase is RolloutPhase.RETURNED


def test_while_it_returns_the_phase_says_so() -> None:
    start = given("b", 3, revision("a", 2), failed(revision("b", starting=1)))
    assert planner.next_step(start, T0).phase is RolloutPhase.RETURNING
    assert start.revisions[0].created_at > LONG_AGO
