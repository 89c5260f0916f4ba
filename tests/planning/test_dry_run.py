"""The simulated cluster of these tests: it starts and ends replicas as a cluster would, and rollouts end."""

from dataclasses import replace

import pytest

from fairlead.fleet.rollouts import NodeRoom, RolloutPhase
from tests.planning import dry_run
from tests.planning.dry_run import DryRunCluster, EndlessRollout
from tests.planning.states import SURGE, T0, composition, given, revision, story_of


def test_a_dry_run_lists_each_plan_once() -> None:
    plans = dry_run.all_plans(given("a", 2), T0)
    assert [plan.phase for plan in plans] == [RolloutPhase.STEADY] * 3
    assert [plan.step.reason for plan in plans] == ["FirstRevision", "WaitingForReady", "Complete"]


def test_a_count_that_falls_ends_the_idle_and_then_the_youngest() -> None:
    fresh = revision("a", 2, starting=1)
    young = replace(fresh, replicas=(fresh.replicas[0], replace(fresh.replicas[1], ready_since=T0), fresh.replicas[2]))
    plan = dry_run.all_plans(given("a", 1, young), T0)[0]
    after = dry_run.after(given("a", 1, young), plan.step, T0)
    assert [one.ending for one in after.revisions[0].replicas] == [False, True, True]


def test_a_lost_replica_comes_back_by_itself() -> None:
    lost = replace(revision("a", 2), requested=3)
    assert composition(dry_run.later(given("a", 3, lost), T0)) == {"a": (3, 3)}


def test_places_are_given_in_turn_and_what_is_left_is_the_room() -> None:
    full = dry_run.scheduled(given("a", 3, revision("a", 1, unplaced=2)), DryRunCluster(places=2))
    assert [one.unplaced for one in full.revisions[0].replicas] == [False, False, True]
    assert full.room == NodeRoom(replicas=0, because="2 places, 0 free")
    assert dry_run.scheduled(given("a", 1, revision("a", 1)), DryRunCluster(places=2)).room == NodeRoom(
        replicas=1, because="2 places, 1 free"
    )


def test_a_world_without_a_free_place_ends_in_a_return() -> None:
    start = given("b", 2, revision("a", 2), rules=SURGE)
    assert story_of(start, DryRunCluster(places=2)) == [
        "b=0 NewRevision",
        "hold NoFreeGpu",
        "give up b",
        "hold Returned",
    ]


def test_an_endless_dry_run_raises_an_error_that_names_the_rollout() -> None:
    with pytest.raises(EndlessRollout, match="5 rounds and no end: target a, 9 wanted"):
        dry_run.all_plans(given("a", 9), T0, DryRunCluster(at_once=1, max_rounds=5))
