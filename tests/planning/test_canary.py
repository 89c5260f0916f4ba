"""A canary step by step: what it takes, what it waits for, and when it is rejected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.canaries import (
    CanaryGate,
    CanaryPhase,
    CanaryPlan,
    CanaryStep,
    CanaryVerb,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import GateReason, Verdict
from fairlead.fleet.rollouts import FailureStep, HoldReason, HoldStep
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.planning import canary
from tests.planning.states import T0
from tests.planning.trials import ONE_SPARE, PLAN, reason, trial

MANUAL = CanaryPlan(steps=(CanaryStep(traffic=5, gates=(CanaryGate.MANUAL,)), CanaryStep(replicas=2, traffic=50)))


def test_an_old_replica_makes_room_and_no_user_sees_the_new_one_at_first() -> None:
    made = trial().run(4)
    assert made.counts == {"a": (2, 2), "b": (1, 1)}
    assert made.percent == 0


def test_with_a_spare_accelerator_no_old_replica_goes() -> None:
    made = trial(rules=ONE_SPARE).run(3)
    assert made.counts == {"a": (3, 3), "b": (1, 1)}


def test_a_good_canary_goes_through_its_steps_and_takes_all() -> None:
    made = trial()
    made.judge(Verdict.PASSED)
    shares = [at.percent for at in made.rounds(40)]
    assert made.counts == {"b": (3, 3)}
    assert made.phase is CanaryPhase.PROMOTED
    assert list(dict.fromkeys(shares)) == [0, 5, 50, None]


def test_a_share_begins_when_the_replicas_of_its_step_serve() -> None:
    made = trial()
    made.judge(Verdict.PASSED)
    for at in made.rounds(40):
        if at.percent == 50:
            assert at.counts["b"][1] >= 2


@pytest.mark.parametrize("found", [None, Verdict.UNDECIDED, Verdict.ERROR])
def test_what_is_not_passed_is_never_promoted(found: Verdict | None) -> None:
    """Argo promoted an inconclusive analysis (argo-rollouts#3850); no data is no pass."""
    made = trial()
    made.judge(found)
    made.run(200)
    assert made.phase is CanaryPhase.STEPPING
    assert made.percent == 5
    assert made.counts == {"a": (2, 2), "b": (1, 1)}


def test_no_data_rejects_nothing_either() -> None:
    """Argo reverted good releases that had no data (argo-rollouts#1905)."""
    made = trial().run(100)
    assert "step 2 of 3: gate Service: no request was compared yet" in reason(made)
    made.judge(Verdict.UNDECIDED)
    made.run()
    assert reason(made) == "step 2 of 3: gate Service: as the story says"
    made.judge(Verdict.PASSED)
    made.until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_undecided_for_too_long_rolls_back_where_the_spec_says_so() -> None:
    made = trial(plan=replace(PLAN, undecided=UndecidedAction.ROLL_BACK, undecided_seconds=3600.0))
    made.judge(Verdict.UNDECIDED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED)
    assert made.now - T0 > timedelta(hours=1)
    made.run(10)
    assert made.counts["a"] == (3, 3)
    assert made.stored is not None
    assert made.stored.because == "gate Service of step 2 stayed undecided for 3600 s"


def test_a_failed_gate_takes_the_share_first_then_the_replicas_one_by_one() -> None:
    made = trial()
    made.judge(Verdict.PASSED)
    made.until(lambda at: at.percent == 50)
    made.stored = replace(made.stored, verdicts=()) if made.stored else None
    made.judge(Verdict.FAILED)
    made.diverted = False
    made.tick()
    assert (made.phase, made.percent) == (CanaryPhase.REJECTED, 0)
    assert isinstance(made.tick().step, FailureStep)
    held = made.tick().step
    assert isinstance(held, HoldStep)
    assert held.reason is HoldReason.DIVERTING
    assert made.counts["b"] == (2, 2)
    made.diverted = True
    for at in made.rounds(20):
        assert at.serving >= 2
        assert at.held <= 3
    assert made.counts == {"a": (3, 3), "b": (0, 0)}


def test_a_router_that_never_reports_is_not_waited_for_longer_than_a_file_takes() -> None:
    made = trial(plan=MANUAL).run(4)
    made.order(CanaryVerb.ABORT)
    made.diverted = False
    made.run(1)
    assert made.counts["b"] == (1, 1)
    made.run(8)
    assert made.counts == {"a": (3, 3), "b": (0, 0)}


SERVICE_AND_MANUAL = CanaryPlan(steps=(CanaryStep(traffic=5, gates=(CanaryGate.SERVICE, CanaryGate.MANUAL)),))


def test_latencies_that_have_passed_are_not_compared_again_while_the_step_waits_for_a_person() -> None:
    made = trial(plan=SERVICE_AND_MANUAL)
    made.judge(Verdict.PASSED)
    made.run(3)
    made.judge(Verdict.FAILED, GateReason.SLOWER)
    made.run(3)
    assert made.phase is CanaryPhase.STEPPING
    assert reason(made) == "step 1 of 1: gate Manual waits for a person; run `fairlead rollout promote` to go on"


@pytest.mark.parametrize("order", [None, CanaryVerb.PAUSE])
def test_faults_after_a_gate_has_passed_end_its_step_while_it_is_held_paused_or_waits_for_a_person(
    order: CanaryVerb | None,
) -> None:
    made = trial(plan=SERVICE_AND_MANUAL)
    made.judge(Verdict.PASSED)
    made.run(3)
    if order is not None:
        made.order(order)
    made.judge(Verdict.FAILED, GateReason.MORE_FAULTS)
    made.run(3)
    assert made.phase is CanaryPhase.REJECTED
    assert made.percent == 0


def test_steps_of_the_same_traffic_differ_in_their_share_so_that_routers_compare_each_by_its_own_requests() -> None:
    state = replace(canary.begun("b", "a", PLAN, T0), phase=CanaryPhase.STEPPING)
    found = [canary.share(replace(state, step=step, reached_at=at)) for step in (0, 1) for at in (None, T0)]
    assert [one.step for one in found if one is not None] == [0, 1, 1, 2]
    rejected = canary.share(replace(state, phase=CanaryPhase.REJECTED, step=1))
    assert rejected == TrafficShare(revision="b", percent=0, stable="a")


def test_a_canary_whose_old_revision_is_named_again_gives_the_new_one_nothing() -> None:
    state = replace(canary.begun("b", "a", PLAN, T0), phase=CanaryPhase.STEPPING, step=1, reached_at=T0)
    found = canary.left(state, "the spec names a again", T0)
    assert (found.phase, found.because) == (CanaryPhase.REJECTED, "the spec names a again")
    assert canary.share(found) == TrafficShare(revision="b", percent=0, stable="a")
