"""A canary whose gate is an evaluation: what it waits for, and when it is tried again."""

from dataclasses import replace

import pytest

from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryPlan, CanaryStep, QualityLimits, UndecidedAction
from fairlead.fleet.gate_verdicts import Verdict
from tests.planning.trials import Trial, reason, trial

PLAN = CanaryPlan(
    steps=(
        CanaryStep(traffic=0, gates=(CanaryGate.QUALITY,)),
        CanaryStep(traffic=50, replicas=2, gates=(CanaryGate.SERVICE, CanaryGate.QUALITY)),
    ),
    quality=QualityLimits(evaluation="support", margin=0.02),
    undecided_seconds=600.0,
)


def reached() -> Trial:
    """Its first step serves."""
    return trial(plan=PLAN).until(lambda at: bool(at.stored and at.stored.reached_at))


def test_no_user_reaches_it_before_it_has_passed() -> None:
    made = reached()
    assert reason(made) == "step 1 of 2: gate Quality: no item was answered yet"
    made.evaluate(Verdict.UNDECIDED)
    made.run(3)
    assert made.percent == 0
    assert reason(made) == "step 1 of 2: gate Quality: as the story says"
    made.evaluate(Verdict.PASSED)
    made.until(lambda at: at.percent == 50)


@pytest.mark.parametrize("found", [Verdict.UNDECIDED, Verdict.ERROR])
def test_what_is_not_passed_holds_for_ever_and_rolls_back_only_where_the_spec_says_so(found: Verdict) -> None:
    made = reached()
    made.evaluate(found)
    made.run(60)
    assert made.phase is CanaryPhase.STEPPING
    made = trial(plan=replace(PLAN, undecided=UndecidedAction.ROLL_BACK))
    made.evaluate(found)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED)
    assert made.stored is not None
    assert made.stored.because == "gate Quality of step 1 stayed undecided for 600 s"


def test_a_step_waits_for_both_of_its_gates() -> None:
    made = reached()
    made.evaluate(Verdict.PASSED)
    made.until(lambda at: at.percent == 50)
    made.run(3)
    assert reason(made) == "step 2 of 2: gate Service: no request was compared yet"
    made.judge(Verdict.PASSED)
    made.until(lambda at: at.phase is CanaryPhase.PROMOTED)


def test_a_revision_that_an_evaluation_rejected_is_retried_only_with_other_items() -> None:
    made = reached()
    made.evaluate(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED)
    made.run(5)
    assert made.phase is CanaryPhase.REJECTED
    made.facts = replace(made.facts, quality=None, items="")
    made.run(5)
    assert made.phase is CanaryPhase.REJECTED, "items that cannot be read are no others"
    made.facts = replace(made.facts, items="b")
    made.tick()
    anew = made.stored
    assert anew is not None
    assert anew.phase is CanaryPhase.WAITING
    assert anew.verdicts == ()
    assert anew.retried_at == made.now


def test_what_the_service_gate_rejected_stays_rejected_whatever_the_items_are() -> None:
    made = reached()
    made.evaluate(Verdict.PASSED)
    made.judge(Verdict.FAILED)
    made.until(lambda at: at.phase is CanaryPhase.REJECTED)
    made.evaluate(Verdict.PASSED, items="b")
    made.run(5)
    assert made.phase is CanaryPhase.REJECTED
