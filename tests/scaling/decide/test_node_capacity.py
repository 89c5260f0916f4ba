"""Full nodes: partial placement is used, what finds no node is given up, and retried later."""

from dataclasses import replace
from itertools import pairwise

from fairlead.fleet.policies import ReplicaBounds, ScalingReason
from fairlead.scaling.decide.recommendation import ScalingBound
from fairlead.scaling.facts import EnginePodPhase
from tests.scaling.limits import COLD, FACTS, START, SUMMARY, Fleet, bounds_of, pods, summary_with

FOUR_READY = replace(FACTS, pods=pods(EnginePodPhase.READY, 4))


def test_no_more_replicas_are_requested_than_the_nodes_would_take() -> None:
    fleet = Fleet(facts=replace(FOUR_READY, room=2, room_because="GPUs of node-a"))
    answer = fleet.decides(summary_with(9))
    assert (answer.replicas, answer.reason) == (6, ScalingReason.NO_ROOM)
    assert "the nodes hold 4 replicas and have room for 2 more (GPUs of node-a)" in answer.message


def test_a_node_that_is_full_for_a_moment_shrinks_nothing() -> None:
    turning = replace(FACTS, pods=pods(EnginePodPhase.READY, 2) + pods(EnginePodPhase.PENDING, 2), room=0)
    assert Fleet(facts=turning).decides(summary_with(4)).replicas == 4


def test_a_replica_that_finds_no_node_is_given_up_after_a_cold_start_and_tried_again() -> None:
    fleet = Fleet(facts=replace(FOUR_READY, wanted=7))
    fleet.facts = replace(fleet.facts, pods=pods(EnginePodPhase.READY, 4) + pods(EnginePodPhase.UNPLACEABLE, 3))
    assert fleet.passes(COLD - 1, summary_with(7)).replicas == 7
    given_up = fleet.passes(1, summary_with(7))
    assert (given_up.replicas, bounds_of(given_up)[-1]) == (4, ScalingBound.NO_ROOM)
    fleet.facts = FOUR_READY
    assert fleet.passes(COLD - 1, summary_with(7)).replicas == 4
    assert fleet.passes(1, summary_with(7)).replicas == 7


def test_each_failure_waits_twice_as_long() -> None:
    fleet = Fleet(facts=replace(FOUR_READY, wanted=5))
    tried, before = [], 5
    for _ in range(1000):
        fleet.now += 30
        there = fleet.facts.wanted - 4
        old = fleet.now - 2 * COLD
        fleet.facts = replace(
            fleet.facts, pods=pods(EnginePodPhase.READY, 4) + pods(EnginePodPhase.UNPLACEABLE, max(0, there), old)
        )
        answer = fleet.decides(summary_with(5)).replicas
        tried += [fleet.now] if answer > before else []
        before = answer
    waits = [round((later - one) / COLD) for one, later in pairwise(tried)]
    assert waits[:5] == [2, 4, 8, 16, 32]
    assert set(waits[5:]) <= {32}


def test_room_that_appears_is_used_at_once() -> None:
    fleet = Fleet(facts=replace(FOUR_READY, wanted=5, room=1))
    fleet.facts = replace(fleet.facts, pods=pods(EnginePodPhase.READY, 4) + pods(EnginePodPhase.UNPLACEABLE, 1))
    assert fleet.passes(COLD / 10, summary_with(5)).replicas == 4
    fleet.facts = replace(FOUR_READY, room=1, sleeps=True)
    assert fleet.passes(1, summary_with(5)).replicas == 4
    fleet.facts = replace(FOUR_READY, room=2)
    assert fleet.passes(1, summary_with(5)).replicas == 5


def test_what_came_after_all_ends_the_waiting() -> None:
    fleet = Fleet(facts=replace(FOUR_READY, wanted=6))
    fleet.facts = replace(fleet.facts, pods=pods(EnginePodPhase.READY, 4) + pods(EnginePodPhase.UNPLACEABLE, 2))
    assert fleet.passes(COLD, summary_with(6)).replicas == 4
    fleet.facts = replace(FOUR_READY, pods=pods(EnginePodPhase.READY, 5))
    assert fleet.passes(1, summary_with(6)).replicas == 6


def test_the_minimum_is_requested_even_where_it_does_not_fit() -> None:
    facts = replace(FACTS, bounds=ReplicaBounds(least=4, most=10))
    fleet = Fleet(facts=replace(facts, pods=pods(EnginePodPhase.READY, 2) + pods(EnginePodPhase.UNPLACEABLE, 2)))
    answer = fleet.passes(2 * COLD, summary_with(4))
    assert answer.replicas == 4
    assert [one.because for one in answer.advice] == [
        "minReplicas is 4 and the nodes take 2: add nodes, or lower minReplicas",
    ]


def test_nothing_is_given_up_on_what_is_not_known() -> None:
    fleet = Fleet(
        facts=replace(
            FACTS, pods=pods(EnginePodPhase.READY, 3) + pods(EnginePodPhase.UNPLACEABLE, 1, START - 10 * COLD)
        )
    )
    assert fleet.decides(summary_with(4, replace(SUMMARY, may_shrink=False))).replicas == 4


def test_sleepers_do_not_stand_where_nothing_fits() -> None:
    facts = replace(FOUR_READY, sleeps=True, policy=replace(FACTS.policy, warm_pool=FACTS.policy.warm_pool))
    pool = replace(facts.policy, warm_pool=replace(facts.policy.warm_pool, asleep=2))
    fleet = Fleet(
        facts=replace(facts, policy=pool, pods=pods(EnginePodPhase.READY, 4) + pods(EnginePodPhase.UNPLACEABLE, 1))
    )
    assert fleet.passes(COLD, summary_with(4)).asleep == 0
