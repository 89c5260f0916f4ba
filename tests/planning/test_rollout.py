"""Whole rollouts, step by step, as counts and waits."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.rollouts import (
    HoldReason,
    HoldStep,
    NodeRoom,
    ReplicaStep,
    RetireStep,
    RolloutPhase,
    RolloutPlan,
    StepReason,
)
from fairlead.planning import rollout as planner
from tests.planning.dry_run import DryRunCluster
from tests.planning.states import (
    BOTH,
    REPLACE,
    STYLES,
    SURGE,
    T0,
    brief,
    composition,
    end,
    given,
    in_words,
    revision,
    story_of,
)


def test_replacing_three_needs_no_spare_gpu() -> None:
    assert story_of(given("b", 3, revision("a", 3)), DryRunCluster(places=3)) == [
        "b=0 NewRevision",
        "a=2 MakingRoom",
        "hold WaitingForDrain",
        "b=1 NewRevision",
        "hold WaitingForReady",
        "a=1 MakingRoom",
        "hold WaitingForDrain",
        "b=2 NewRevision",
        "hold WaitingForReady",
        "a=0 MakingRoom",
        "hold WaitingForDrain",
        "b=3 NewRevision",
        "hold WaitingForReady",
        "retire a",
        "hold Complete",
    ]


def test_surging_by_one_takes_nothing_away_before_something_new_serves() -> None:
    assert story_of(given("b", 2, revision("a", 2), rules=SURGE), DryRunCluster(places=3)) == [
        "b=1 NewRevision",
        "hold WaitingForReady",
        "a=1 MakingRoom",
        "hold WaitingForDrain",
        "b=2 NewRevision",
        "hold WaitingForReady",
        "a=0 MakingRoom",
        "hold WaitingForDrain",
        "retire a",
        "hold Complete",
    ]


def test_surge_and_unavailability_together_are_quicker() -> None:
    assert story_of(given("b", 3, revision("a", 3), rules=BOTH)) == [
        "b=1 NewRevision",
        "a=2 MakingRoom",
        "hold WaitingForDrain",
        "a=1 MakingRoom",
        "b=2 NewRevision",
        "hold WaitingForDrain",
        "b=3 NewRevision",
        "hold WaitingForReady",
        "a=0 MakingRoom",
        "hold WaitingForDrain",
        "retire a",
        "hold Complete",
    ]


@pytest.mark.parametrize(
    ("style", "story"),
    [
        ("replace", "b=0 a=0 drain b=1 ready -a complete"),
        ("surge", "b=1 ready a=0 drain -a complete"),
        ("both", "b=1 ready a=0 drain -a complete"),
    ],
)
def test_a_single_replica_is_away_only_where_nothing_else_is_possible(style: str, story: str) -> None:
    assert brief(given("b", 1, revision("a", 1), rules=STYLES[style])) == story


def test_replicas_that_come_and_go_one_at_a_time_lead_to_the_same_end() -> None:
    slow = DryRunCluster(places=8, at_once=1)
    _, ended, _ = end(given("b", 6, revision("a", 6), rules=replace(REPLACE, max_unavailable=3)), world=slow)
    assert composition(ended) == {"b": (6, 6)}


def test_the_first_revision_is_requested_at_once() -> None:
    assert planner.next_step(given("a", 3), T0) == RolloutPlan(
        step=ReplicaStep(
            revision="a",
            replicas=3,
            reason=StepReason.FIRST_REVISION,
            because="a is made with 3 replicas: 3 are desired; other revisions have none",
        ),
        phase=RolloutPhase.STEADY,
        current="a",
    )


def test_what_is_complete_rests() -> None:
    assert planner.next_step(given("a", 3, revision("a", 3)), T0) == RolloutPlan(
        step=HoldStep(reason=HoldReason.COMPLETE, because="a serves with 3 replicas, as many as desired"),
        phase=RolloutPhase.STEADY,
        current="a",
    )


def test_scaling_a_single_revision_is_one_step_each_way() -> None:
    assert brief(given("a", 5, revision("a", 3))) == "a=5 ready complete"
    assert brief(given("a", 1, revision("a", 3))) == "a=1 complete"
    assert brief(given("a", 0, revision("a", 3))) == "a=0 complete"
    assert planner.next_step(given("a", 0, revision("a")), T0).step == HoldStep(
        reason=HoldReason.COMPLETE, because="no replicas are desired"
    )


def test_an_edit_at_zero_keeps_what_served_until_the_new_one_did() -> None:
    asleep = replace(revision("a"), served=True)
    plan, ended, now = end(given("b", 0, asleep))
    assert composition(ended) == {"a": (0, 0), "b": (0, 0)}
    assert plan.phase is RolloutPhase.STEADY
    assert brief(replace(ended, desired_replicas=3), now) == "b=3 ready -a complete"


def test_an_empty_revision_goes_with_a_reason() -> None:
    plan = planner.next_step(given("b", 1, revision("a"), revision("b", 1)), T0)
    because = "a has no replica left, and no rollout would return to it"
    assert plan.step == RetireStep(revision="a", reason=StepReason.EMPTY_REVISION, because=because)


def test_what_never_served_goes_first_then_the_newest_and_the_best_fallback_last() -> None:
    never = replace(revision("a", 1), served=False)
    start = given("e", 5, never, *(revision(name, 1) for name in "bcde"), rules=SURGE)
    assert [word for word in brief(start).split() if word.endswith("=0")] == ["a=0", "c=0", "b=0", "d=0"]


def test_replicas_that_are_not_ready_are_removed_before_any_that_serve() -> None:
    broken = given("d", 4, revision("a", 1, starting=1), revision("b", 1), revision("d", 1), rules=SURGE)
    assert planner.next_step(broken, T0).step == ReplicaStep(
        revision="a",
        replicas=1,
        reason=StepReason.NOT_SERVING,
        because="a goes from 2 to 1 replica: the removed replicas are not ready",
    )


def test_a_replica_that_routers_do_not_reach_counts_as_not_serving() -> None:
    unreached = revision("a", 2)
    unreached = replace(unreached, replicas=tuple(replace(one, routable=False) for one in unreached.replicas))
    assert story_of(given("b", 2, unreached, revision("b", 1)))[0] == "a=0 NotServing"


def test_only_what_was_ready_long_enough_lets_others_go() -> None:
    patient = replace(REPLACE, min_ready_seconds=90)
    fresh = revision("b", starting=1)
    fresh = replace(fresh, replicas=tuple(replace(one, ready_since=T0) for one in fresh.replicas))
    start = given("b", 2, revision("a", 1), fresh, rules=patient)
    assert planner.next_step(start, T0) == RolloutPlan(
        step=HoldStep(
            reason=HoldReason.WAITING_FOR_MIN_READY,
            because="1 replica must be ready for 90 s before counting",
        ),
        phase=RolloutPhase.ROLLING,
        current="b",
        wake_at=T0 + timedelta(seconds=90),
    )
    assert planner.next_step(start, T0 + timedelta(seconds=90)).step == ReplicaStep(
        revision="a",
        replicas=0,
        reason=StepReason.MAKING_ROOM,
        because="a goes from 1 to 0 replicas: 2 of 2 replicas are available; the rollout may go down to 1",
    )


def test_an_ending_replica_holds_its_gpu() -> None:
    assert planner.next_step(given("b", 2, revision("a", 1, ending=1), revision("b")), T0) == RolloutPlan(
        step=HoldStep(
            reason=HoldReason.WAITING_FOR_DRAIN,
            because="1 replica is still draining, and holds GPUs until the last stream ends",
        ),
        phase=RolloutPhase.ROLLING,
        current="b",
        wake_at=T0 + timedelta(seconds=1800),
    )


def test_a_count_that_grows_again_waits_for_no_drain_where_there_is_room() -> None:
    """A terminating replica holds its GPU, which is not in the room; the burst is now."""
    start = given("a", 3, revision("a", 1, ending=1))
    assert planner.next_step(replace(start, room=NodeRoom(replicas=5)), T0).step == ReplicaStep(
        revision="a",
        replicas=3,
        reason=StepReason.SCALED_UP,
        because="a goes from 1 to 3 replicas: 3 are desired; other revisions have none",
    )
    scarce = planner.next_step(replace(start, room=NodeRoom(replicas=1)), T0).step
    unknown = planner.next_step(start, T0).step
    assert isinstance(scarce, ReplicaStep)
    assert isinstance(unknown, ReplicaStep)
    assert (scarce.replicas, unknown.replicas) == (2, 2)


def test_a_lowered_replica_count_takes_effect_before_its_pods_end() -> None:
    named_to_go = replace(revision("a", 3), requested=2)
    assert in_words(planner.next_step(given("b", 3, named_to_go, revision("b")), T0).step) == "hold WaitingForDrain"


def test_replicas_already_chosen_for_removal_are_not_counted_on_after_a_scale_down() -> None:
    named_to_go = replace(revision("a", 3), requested=2)
    start = given("b", 2, named_to_go, revision("b", starting=1), rules=SURGE)
    assert in_words(planner.next_step(start, T0).step) == "hold WaitingForReady"
