"""A target that cannot start, or is unknown: nothing that serves is drained for it."""

from dataclasses import replace

import pytest

from fairlead.fleet.rollouts import (
    FailureStep,
    HoldReason,
    HoldStep,
    RevisionFailure,
    RolloutPhase,
    RolloutPlan,
    StepReason,
)
from fairlead.planning import rollout as planner
from tests.planning.states import REPLACE, SURGE, T0, given, in_words, revision

WHY = "its engine exited twice with code 1 (Error) before it was ever ready"


@pytest.mark.trial(14)
def test_what_cannot_start_is_given_up_without_waiting_for_the_deadline() -> None:
    target = replace(revision("b", starting=1), terminal_error=WHY)
    kept = replace(revision("a"), served=True)
    assert planner.next_step(given("b", 1, kept, target), T0) == RolloutPlan(
        step=FailureStep(
            revision="b",
            failure=RevisionFailure(at=T0, times=1, early=True, deadline_seconds=1800),
            reason=StepReason.START_FAILED,
            because=f"b cannot start: {WHY}; a serves instead",
        ),
        phase=RolloutPhase.ROLLING,
        current="b",
    )


def test_what_cannot_start_stays_where_nothing_else_ever_served_or_the_rollout_is_paused() -> None:
    target = replace(revision("b", starting=1), terminal_error=WHY)
    assert in_words(planner.next_step(given("b", 1, target), T0).step) == "hold WaitingForReady"
    paused = given("b", 2, revision("a", 1), target, rules=replace(REPLACE, paused=True))
    assert in_words(planner.next_step(paused, T0).step) == "hold Paused"


@pytest.mark.trial(14)
def test_the_last_replica_that_serves_is_drained_only_for_a_revision_that_was_checked() -> None:
    target = replace(revision("b"), unchecked=True)
    start = given("b", 1, revision("a", 1), target)
    plan = planner.next_step(start, T0)
    because = "b is checked without a GPU before the last serving replica is drained for it"
    assert plan.step == HoldStep(reason=HoldReason.CHECKING, because=because)
    assert plan.phase is RolloutPhase.ROLLING
    assert plan.wake_at is not None
    assert in_words(planner.next_step(start, plan.wake_at).step) == "give up b"
    checked = given("b", 1, revision("a", 1), revision("b"))
    assert in_words(planner.next_step(checked, T0).step) == "a=0 MakingRoom"


def test_a_revision_gets_no_preflight_where_others_keep_serving_or_no_replica_is_requested() -> None:
    target = replace(revision("b"), unchecked=True)
    assert in_words(planner.next_step(given("b", 2, revision("a", 2), target), T0).step) == "a=1 MakingRoom"
    assert in_words(planner.next_step(given("b", 0, revision("a", 1), target), T0).step) == "a=0 ScaledDown"
    assert (
        in_words(planner.next_step(given("b", 1, revision("a", 1), target, rules=SURGE), T0).step) == "b=1 NewRevision"
    )
