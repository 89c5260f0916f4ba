"""A canary's plan says whether replicas start for it."""

from dataclasses import replace

from fairlead.fleet.canaries import CanaryPlan, CanaryStep


def test_replicas_start_for_a_revision_and_none_for_a_version_that_is_loaded() -> None:
    plan = CanaryPlan(steps=(CanaryStep(),))
    assert plan.starts_replicas
    assert not replace(plan, start_within_seconds=None).starts_replicas
