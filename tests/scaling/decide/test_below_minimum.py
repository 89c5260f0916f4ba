"""Only a budget leads below minReplicas, and the reason says so at once, since the controller follows it there."""

from dataclasses import replace
from decimal import Decimal

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason
from tests.scaling.limits import FACTS, Fleet, summary_with


def test_a_count_below_the_minimum_is_always_called_over_budget_and_at_once() -> None:
    """The controller goes below minReplicas for no other reason."""
    waiting = replace(summary_with(4), held=3)
    poor = replace(FACTS, bounds=ReplicaBounds(least=2, most=10), price_per_hour=2.0)
    woken = Fleet(facts=replace(poor, wanted=0, policy=ScalingPolicy(max_cost_per_hour=Decimal(3))))
    answer = woken.decides(waiting)
    assert (answer.replicas, answer.reason) == (1, ScalingReason.OVER_BUDGET)

    full = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=1, most=4)))
    assert full.decides(summary_with(8)).reason is ScalingReason.AT_MAXIMUM
    full.facts = replace(
        full.facts, bounds=ReplicaBounds(least=6, most=10), policy=ScalingPolicy(max_cost_per_hour=Decimal(8))
    )
    full.facts = replace(full.facts, price_per_hour=2.0)
    answer = full.passes(1, summary_with(8))
    assert (answer.replicas, answer.reason) == (4, ScalingReason.OVER_BUDGET)
