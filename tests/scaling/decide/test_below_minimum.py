"""Only a budget leads below minReplicas, and the reason says so at once, since the controller follows it there.

A budget that pays for no replica is the reason at all times, whether requests ask for one or not.
"""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy, ScalingReason
from tests.scaling.limits import FACTS, SUMMARY, Fleet, summary_with

BROKE = ScalingPolicy(zero_after_seconds=900.0, max_cost_per_hour=Decimal(1))
PENNILESS = replace(FACTS, bounds=ReplicaBounds(least=0, most=10), policy=BROKE, price_per_hour=2.0)
BILL = "0 replicas: 1 replica at 2 an hour each costs more than maxCostPerHour 1"


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


def test_a_budget_that_pays_for_no_replica_is_the_reason_also_while_no_request_asks() -> None:
    fleet = Fleet(facts=replace(PENNILESS, wanted=1))
    answer = fleet.decides(summary_with(0))
    assert (answer.replicas, answer.reason, answer.message) == (0, ScalingReason.OVER_BUDGET, BILL)
    for waiting in (0.0, 3.0, 0.0):
        answer = fleet.passes(600, summary_with(0, replace(SUMMARY, held=waiting, waiting=waiting)), every=10)
        assert (answer.replicas, answer.reason, answer.message) == (0, ScalingReason.OVER_BUDGET, BILL)

    fleet.facts = replace(fleet.facts, policy=replace(BROKE, max_cost_per_hour=Decimal("1.5")))
    answer = fleet.passes(60, summary_with(0))
    assert answer.reason is ScalingReason.OVER_BUDGET
    assert answer.message == BILL.replace("maxCostPerHour 1", "maxCostPerHour 1.5"), "whoever raised it sees that"

    fleet.facts = replace(fleet.facts, policy=replace(BROKE, max_cost_per_hour=Decimal(2)))
    assert fleet.passes(600, summary_with(0), every=10).reason is ScalingReason.IDLE


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_whatever_is_asked_the_reason_of_a_budget_that_pays_for_none_never_changes(
    seconds: list[tuple[int, bool, bool]],
) -> None:
    """Each change would be a Warning on the deployment."""
    fleet = Fleet(facts=replace(PENNILESS, wanted=0))
    for need, waits, is_sure in seconds:
        summary = replace(SUMMARY, held=float(waits), waiting=float(waits), may_shrink=is_sure)
        answer = fleet.passes(30, summary_with(need, summary), every=10)
        assert (answer.replicas, answer.reason) == (0, ScalingReason.OVER_BUDGET)
