"""A canary that may take no step, as the spec of its deployment is refused: it stays as stored, or is rejected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from fairlead.fleet.canaries import (
    CanaryFacts,
    CanaryOrder,
    CanaryPhase,
    CanaryState,
    CanaryVerb,
    UndecidedAction,
)
from fairlead.fleet.gate_verdicts import Verdict
from fairlead.planning import canary
from tests.planning.states import T0
from tests.planning.trials import PLAN, verdict

LATER = T0 + timedelta(hours=2)
ROLLS_BACK = replace(PLAN, undecided=UndecidedAction.ROLL_BACK, undecided_seconds=3600.0)
JUDGED = CanaryState(
    revision="b", stable="a", plan=ROLLS_BACK, since=T0, phase=CanaryPhase.STEPPING, step=1, reached_at=T0
)
"""At its second step, whose gate compares requests."""


def facts(found: Verdict, order: CanaryVerb | None = None) -> CanaryFacts:
    """What is observed after an order was given, if there was one."""
    given = CanaryOrder(verb=order, at=T0 + timedelta(minutes=1)) if order is not None else None
    return CanaryFacts(wanted=3, available=1, spared=True, service=verdict(found), order=given)


@pytest.mark.parametrize("order", [None, *CanaryVerb])
def test_whatever_was_ordered_a_gate_that_fails_rejects_it(order: CanaryVerb | None) -> None:
    """An order to pause or to promote waited to be carried out, and kept every verdict from being looked at."""
    assert canary.held(JUDGED, facts(Verdict.FAILED, order), LATER).phase is CanaryPhase.REJECTED


@pytest.mark.parametrize("order", [None, CanaryVerb.PAUSE, CanaryVerb.PROMOTE, CanaryVerb.RETRY])
def test_it_takes_no_step_and_no_order_for_one(order: CanaryVerb | None) -> None:
    assert canary.held(JUDGED, facts(Verdict.PASSED, order), LATER) == JUDGED


@pytest.mark.parametrize(
    ("order", "phase"),
    [
        (None, CanaryPhase.REJECTED),
        (CanaryVerb.PROMOTE, CanaryPhase.REJECTED),
        (CanaryVerb.PAUSE, CanaryPhase.STEPPING),
    ],
)
def test_a_gate_that_stays_undecided_does_not_reject_what_a_person_has_paused(
    order: CanaryVerb | None, phase: CanaryPhase
) -> None:
    assert canary.held(JUDGED, facts(Verdict.UNDECIDED, order), LATER).phase is phase


def test_it_is_not_retried_before_the_spec_is_accepted() -> None:
    rejected = replace(JUDGED, phase=CanaryPhase.REJECTED, because="a person aborted it")
    assert canary.held(rejected, facts(Verdict.PASSED, CanaryVerb.RETRY), LATER) == rejected
