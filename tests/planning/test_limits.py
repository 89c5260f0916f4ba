"""What blocks a rollout: no free GPU, replicas without a node, a pause; and its message then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.rollouts import HoldReason, HoldStep, NodeRoom, ReplicaStep, RolloutPhase, RolloutPlan, StepReason
from fairlead.planning import rollout as planner
from tests.planning.dry_run import DryRunCluster
from tests.planning.states import BOTH, REPLACE, SURGE, T0, brief, given, in_words, revision, story_of

FULL = NodeRoom(replicas=0, most=3, because="NVIDIA-L4: 3 on 1 node, 3 in use, 0 free; a replica takes 1")
ABSENT = NodeRoom(replicas=0, most=0, because="no node has NVIDIA-L5; this cluster has NVIDIA-L4 (3)")
PAUSED = replace(REPLACE, paused=True)


def test_surging_on_full_nodes_waits_and_names_the_strategy_that_would_not() -> None:
    plan = planner.next_step(given("b", 3, revision("a", 3), revision("b"), rules=SURGE, room=FULL), T0)
    assert plan == RolloutPlan(
        step=HoldStep(reason=HoldReason.NO_FREE_GPU, because="b lacks 1 replica, and no node has room for another"),
        phase=RolloutPhase.ROLLING,
        current="b",
        wake_at=T0 + timedelta(seconds=1800),
        short=FULL.because + "; strategy Surge needs a free GPU for a change, strategy Replace needs none",
    )


def test_scaling_on_full_nodes_waits_without_talk_of_strategies() -> None:
    plan = planner.next_step(given("a", 5, revision("a", 3), rules=SURGE, room=FULL), T0)
    assert plan == RolloutPlan(
        step=HoldStep(reason=HoldReason.NO_FREE_GPU, because="a lacks 2 replicas, and no node has room for another"),
        phase=RolloutPhase.STEADY,
        current="a",
        short=FULL.because,
    )


def test_two_of_four_replicas_are_requested_where_two_fit() -> None:
    two = replace(FULL, replicas=2)
    plan = planner.next_step(given("a", 4, room=two), T0)
    because = "a is made with 2 replicas: 4 are desired; other revisions have none"
    assert plan == RolloutPlan(
        step=ReplicaStep(revision="a", replicas=2, reason=StepReason.FIRST_REVISION, because=because),
        phase=RolloutPhase.STEADY,
        current="a",
        short=FULL.because,
    )
    grown = planner.next_step(given("a", 4, revision("a", 1), room=two), T0)
    assert (in_words(grown.step), grown.short) == ("a=3 ScaledUp", FULL.because)


def test_what_fits_is_not_called_short() -> None:
    plan = planner.next_step(given("a", 4, room=replace(FULL, replicas=4)), T0)
    assert (in_words(plan.step), plan.short) == ("a=4 FirstRevision", "")


def test_requested_replicas_without_pods_yet_take_their_room() -> None:
    missing = replace(revision("a", 1), requested=2)
    assert (
        in_words(planner.next_step(given("a", 4, missing, room=replace(FULL, replicas=1)), T0).step) == "hold NoFreeGpu"
    )


def test_unplaced_replicas_stop_requests_for_more() -> None:
    plan = planner.next_step(given("a", 4, revision("a", 1, unplaced=1), room=FULL), T0)
    assert plan == RolloutPlan(
        step=HoldStep(reason=HoldReason.UNPLACED, because="the scheduler finds no node for 1 of 2 replicas of a"),
        phase=RolloutPhase.STEADY,
        current="a",
        short=FULL.because,
    )
    enough = planner.next_step(given("a", 2, revision("a", 1, unplaced=1)), T0)
    assert in_words(enough.step) == "hold Unplaced"


def test_an_unplaced_replica_of_the_target_gets_the_gpu_of_an_old_one() -> None:
    start = given("b", 2, revision("a", 2), revision("b", unplaced=1), rules=BOTH)
    assert story_of(start, DryRunCluster(places=2))[:3] == ["a=1 MakingRoom", "hold WaitingForDrain", "hold NoFreeGpu"]


@pytest.mark.parametrize(
    ("room", "other_gpus"),
    [(ABSENT, False), (ABSENT, True), (replace(FULL, most=4), True)],
    ids=["no node has the GPU", "another GPU than before", "others hold the GPUs that are wanted now"],
)
def test_no_serving_replica_is_removed_for_a_target_that_would_still_find_no_node(
    room: NodeRoom, other_gpus: bool
) -> None:
    old = replace(revision("a", 1), other_gpus=other_gpus)
    plan = planner.next_step(given("b", 1, old, revision("b"), room=room), T0)
    assert (in_words(plan.step), plan.short) == ("hold NoFreeGpu", room.because)
    surging = planner.next_step(given("b", 1, old, revision("b"), room=room, rules=SURGE), T0)
    assert (in_words(surging.step), surging.short) == ("hold NoFreeGpu", room.because)


def test_an_unplaced_target_gets_the_gpu_of_the_only_one_that_serves_where_surge_finds_none() -> None:
    one = replace(FULL, most=1)
    start = given("b", 1, revision("a", 1), revision("b", unplaced=1), rules=BOTH, room=one)
    assert in_words(planner.next_step(start, T0).step) == "a=0 MakingRoom"


def test_replicas_on_the_way_count_before_others_go_for_more() -> None:
    old = replace(revision("a", 3), other_gpus=True)
    coming = replace(revision("b"), requested=1)
    start = given("b", 3, old, coming, rules=BOTH, room=replace(FULL, replicas=1))
    assert in_words(planner.next_step(start, T0).step) == "hold NoFreeGpu"


def test_replicas_missing_on_other_gpus_take_no_room() -> None:
    old = replace(revision("a", 1), requested=2, other_gpus=True)
    start = given("b", 2, old, revision("b"), rules=SURGE, room=replace(FULL, replicas=1))
    assert in_words(planner.next_step(start, T0).step) == "b=1 NewRevision"


def test_a_drain_is_waited_for_before_the_scheduler_is_blamed() -> None:
    start = given("b", 2, revision("a", 1, ending=1), revision("b", unplaced=1))
    assert in_words(planner.next_step(start, T0).step) == "hold WaitingForDrain"


def test_no_more_go_than_the_target_has_places_for() -> None:
    one_place = replace(FULL, most=1)
    half = given("b", 3, revision("a", 2), revision("b", 1), room=one_place)
    assert in_words(planner.next_step(half, T0).step) == "hold NoFreeGpu"


def test_what_comes_back_is_not_held_by_room_for_another_gpu() -> None:
    start = given("b", 3, revision("a", 2), revision("b", starting=1), room=ABSENT)
    assert brief(start, T0 + timedelta(hours=1)).split()[0] == "!b"
    assert "a=3" in brief(replace(start, target="a"))


def test_a_paused_rollout_holds_and_reports_its_replicas_by_revision() -> None:
    start = given("b", 3, revision("a", 2), revision("b", starting=1), rules=PAUSED)
    assert planner.next_step(start, T0 + timedelta(days=1)) == RolloutPlan(
        step=HoldStep(reason=HoldReason.PAUSED, because="the rollout is paused; replicas by revision: a 2, b 1"),
        phase=RolloutPhase.PAUSED,
        current="b",
    )


def test_a_paused_edit_makes_nothing_new_and_a_paused_first_apply_does() -> None:
    assert brief(given("b", 3, revision("a", 3), rules=PAUSED)) == "paused"
    assert brief(given("a", 3, rules=PAUSED)) == "a=3 ready complete"


def test_a_paused_rollout_grows_what_serves_best_and_waits_for_gpus_like_any_other() -> None:
    start = given("b", 5, revision("a", 2), revision("b", 1), rules=PAUSED, room=FULL)
    assert in_words(planner.next_step(start, T0).step) == "a=4 ScaledUp"
    single = given("a", 5, revision("a", 2), rules=PAUSED, room=FULL)
    assert in_words(planner.next_step(single, T0).step) == "hold NoFreeGpu"


def test_a_paused_rollout_shrinks_old_ones_first_and_never_what_is_needed() -> None:
    start = given("b", 1, revision("a", 2), revision("b", 1), rules=PAUSED)
    assert brief(start) == "a=0 paused complete"
    unready = given("b", 1, revision("a", 2, starting=1), revision("b", starting=1), rules=PAUSED)
    assert brief(unready, world=DryRunCluster(never_ready=frozenset("b"))) == "a=2 a=1 paused"


def test_a_paused_rollout_takes_nothing_that_serves_for_a_target_without_a_node() -> None:
    start = given("b", 2, revision("a", 2), revision("b", unplaced=1), rules=PAUSED)
    assert in_words(planner.next_step(start, T0).step) == "hold Paused"


def test_a_paused_rollout_is_never_given_up() -> None:
    start = given("b", 4, revision("a", 2, unplaced=1), revision("b"), rules=PAUSED)
    early, late = (planner.next_step(start, T0 + timedelta(days=days)) for days in (0, 1))
    assert (in_words(early.step), early.wake_at) == ("hold Unplaced", None)
    assert late == early


def test_empty_revisions_outlast_a_pause() -> None:
    start = given("b", 1, revision("a"), revision("b", 1), rules=PAUSED)
    assert story_of(start) == ["hold Complete"]
