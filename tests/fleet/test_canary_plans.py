"""A canary's plan says whether replicas start for it, and its state which gates are due."""

from dataclasses import replace
from datetime import UTC, datetime

from fairlead.fleet.canaries import CanaryGate, CanaryPhase, CanaryPlan, CanaryState, CanaryStep


def test_replicas_start_for_a_revision_and_none_for_a_version_that_is_loaded() -> None:
    plan = CanaryPlan(steps=(CanaryStep(),))
    assert plan.starts_replicas
    assert not replace(plan, start_within_seconds=None).starts_replicas


def test_gates_are_due_once_the_new_revision_serves_what_its_step_gives_it() -> None:
    noon = datetime(2026, 11, 20, 12, tzinfo=UTC)
    plan = CanaryPlan(steps=(CanaryStep(gates=(CanaryGate.SERVICE,)), CanaryStep(gates=(CanaryGate.QUALITY,))))
    waiting = CanaryState(revision="b", stable="a", plan=plan, since=noon)
    second = replace(waiting, phase=CanaryPhase.STEPPING, step=1)
    assert waiting.due_gates == second.due_gates == ()
    assert replace(second, reached_at=noon).due_gates == (CanaryGate.QUALITY,)
    assert replace(second, phase=CanaryPhase.REJECTED, reached_at=noon).due_gates == ()
