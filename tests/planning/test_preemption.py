"""Room that pods of a lower priority hold: who gives way, how much it adds, and what a step says of it."""

from dataclasses import replace

import pytest
from hypothesis import given as always
from hypothesis import strategies as st

from fairlead.fleet.priorities import PodPriority, RankedPod
from fairlead.fleet.rollouts import HoldReason, HoldStep, NodeRoom, ReplicaStep
from fairlead.planning import preemption
from fairlead.planning import rollout as planner
from tests.planning.states import REPLACE, SURGE, T0, given, in_words, revision

HIGH = PodPriority(value=1000)
FULL = NodeRoom(replicas=0, most=3, because="NVIDIA-L4: 3 on 1 node, 3 in use, 0 free; a replica takes 1")


@pytest.mark.parametrize(
    ("pod", "to", "gives"),
    [
        (RankedPod(priority=999), HIGH, True),
        (RankedPod(priority=-1), PodPriority(), True),
        (RankedPod(priority=1000), HIGH, False),
        (RankedPod(priority=1001), HIGH, False),
        (RankedPod(priority=None), HIGH, False),
        (RankedPod(priority=0, ending=True), HIGH, False),
        (RankedPod(priority=0, own=True), HIGH, False),
        (RankedPod(priority=0), PodPriority(value=1000, preempts=False), False),
        (RankedPod(priority=0), None, False),
    ],
)
def test_only_a_pod_of_a_lower_priority_that_stays_and_is_anothers_gives_way(
    pod: RankedPod, to: PodPriority | None, gives: bool
) -> None:
    assert preemption.gives_way(pod, to) is gives


def test_what_preemption_adds_is_counted_and_named() -> None:
    found = preemption.with_preemption(FULL, replace(FULL, replicas=2, because="not this one"))
    assert found == replace(
        FULL,
        replicas=2,
        preempting=2,
        because=f"{FULL.because}; 2 more replicas can take the place of pods of a lower priority",
    )


@always(free=st.none() | st.integers(0, 9), emptied=st.none() | st.integers(0, 9))
def test_preemption_never_takes_room_away(free: int | None, emptied: int | None) -> None:
    before = replace(FULL, replicas=free)
    after = preemption.with_preemption(before, replace(FULL, replicas=emptied))
    if free is None or emptied is None:
        assert after == before
    else:
        assert (after.replicas, after.preempting) == (max(free, emptied), max(0, emptied - free))


@pytest.mark.parametrize(
    ("fits", "preempting", "wanted", "end"),
    [
        (3, 3, 3, "; 3 of them take the place of pods of a lower priority"),
        (3, 1, 3, "; 1 of them takes the place of pods of a lower priority"),
        (3, 1, 2, "other revisions have none"),
        (3, 0, 3, "other revisions have none"),
    ],
    ids=["none is free", "two are free", "what is free is enough", "all is free"],
)
def test_a_step_says_how_many_replicas_preempt_others(fits: int, preempting: int, wanted: int, end: str) -> None:
    plan = planner.next_step(given("a", wanted, room=replace(FULL, replicas=fits, preempting=preempting)), T0)
    assert isinstance(plan.step, ReplicaStep)
    assert (plan.step.replicas, plan.step.because.endswith(end)) == (wanted, True)


def test_the_step_of_another_revision_says_nothing_of_the_targets_room() -> None:
    """The room is that of the target's kind of GPU."""
    rules = replace(SURGE, paused=True)
    room = replace(FULL, replicas=1, preempting=1)
    plan = planner.next_step(given("b", 4, revision("a", 3), revision("b", 0), rules=rules, room=room), T0)
    assert isinstance(plan.step, ReplicaStep)
    assert (in_words(plan.step), "lower priority" in plan.step.because) == ("a=4 ScaledUp", False)


def test_while_what_was_preempted_drains_no_second_pod_is_requested_for_its_room() -> None:
    """The replica exists and has no node yet, so others of its kind wait with it."""
    waiting = revision("a", 1)
    waiting = replace(
        waiting,
        requested=2,
        replicas=(*waiting.replicas, replace(waiting.replicas[0], name="a-new", ready_since=None, unplaced=True)),
    )
    room = replace(FULL, replicas=5, preempting=5)
    step = planner.next_step(given("a", 4, waiting, rules=REPLACE, room=room), T0).step
    assert isinstance(step, HoldStep)
    assert step.reason is HoldReason.UNPLACED
