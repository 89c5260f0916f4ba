"""What ScalingActive says of an autoscaler that holds, or that may only advise."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.controller.snapshot import AutoscalerReport
from tests.controller.pretend import Pretend, deployment

POLICY: Final = {
    "apiVersion": "fairlead.dev/v1alpha1",
    "kind": "AutoscalingPolicy",
    "metadata": {"name": "q", "namespace": "default", "generation": 1, "uid": "up"},
    "spec": {},
}


PAID: Final = "2 replicas: 3 replicas at 2.1 an hour each cost more than maxCostPerHour 5"
HELD: Final = "held: AutoscalingPolicy q cannot be read"


def scaled(scaling: dict[str, Any], least: int = 1) -> Pretend:
    """A deployment whose autoscaler wrote this."""
    world = Pretend()
    world.objects.put(kinds.AUTOSCALING_POLICY, POLICY)
    world.apply(deployment(replicas=None, scaling={"minReplicas": least, "maxReplicas": 4, "policy": {"name": "q"}}))
    world.settle()
    report(world, scaling)
    return world


def report(world: Pretend, scaling: dict[str, Any]) -> None:
    """Write the autoscaler's part of the status."""
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": scaling}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})
    world.settle()


def test_missing_figures_are_no_yes_and_no_no() -> None:
    world = scaled({"recommended": 2, "reason": "FiguresMissing", "message": "engine chat-1: Frozen"})
    assert world.condition("ScalingActive") == ("Unknown", "FiguresMissing")


@pytest.mark.parametrize("least", [0, 1])
def test_a_policy_that_exists_and_cannot_decide_is_not_active_and_starts_nothing_from_zero(least: int) -> None:
    words = "held: AutoscalingPolicy q cannot work: spec.scaleUp.maxFactor: 1.1 never adds a replica; set 2"
    world = scaled({"recommended": least, "reason": "NoPolicy", "message": words}, least=least)
    assert world.condition("ScalingActive") == ("False", "PolicyUnusable")
    assert world.message("ScalingActive") == words
    if least == 0:
        assert world.message("Routable").endswith("then get 503; no autoscaler decides now: ScalingActive says why")


def test_a_decision_that_fails_each_time_is_not_active() -> None:
    words = "not scaled: internal error in each decision; please report it"
    world = scaled({"recommended": 2, "reason": "InternalError", "message": words})
    assert world.condition("ScalingActive") == ("False", "InternalError")
    assert world.message("ScalingActive") == words


@pytest.mark.parametrize("scaling", [{}, {"recommended": 2, "reason": "TokenDemand", "message": "2 replicas"}])
def test_without_an_autoscaler_nothing_is_active_whatever_was_recommended_before(scaling: dict[str, Any]) -> None:
    world = scaled(scaling, least=0)
    before = world.condition("ScalingActive")[0]
    world.presence.is_silent = True
    world.settle()
    assert world.condition("ScalingActive") == ("Unknown", "NoAutoscaler")
    assert "the count stays at" in world.message("ScalingActive")
    world.presence.is_silent = False
    world.settle()
    assert world.condition("ScalingActive")[0] == before


def test_at_zero_without_an_autoscaler_no_request_is_said_to_start_a_replica() -> None:
    world = scaled({"recommended": 0, "reason": "Idle", "message": "no requests"}, least=0)
    assert "no autoscaler decides now" not in world.message("Routable")
    world.presence.is_silent = True
    world.settle()
    assert world.message("Routable").endswith("then get 503; no autoscaler decides now: ScalingActive says why")


def test_a_policy_that_only_recommends_is_not_active() -> None:
    world = scaled({"advised": 3, "reason": "TokenDemand", "message": "3 replicas"})
    assert world.condition("ScalingActive") == ("False", "AdvisesOnly")


@pytest.mark.parametrize("count", [0, 3])
def test_a_policy_that_begins_to_only_recommend_changes_no_count_not_even_none(count: int) -> None:
    world = scaled({"recommended": count, "reason": "Idle", "message": "no request came"}, least=0)
    before = world.engines()
    report(world, {"advised": 1, "asleep": 0, "reason": "Idle", "message": "1 replica"})
    assert world.engines() == before
    assert world.document()["status"]["desiredReplicas"] == count
    assert world.condition("ScalingActive") == ("False", "AdvisesOnly")


def test_the_first_replica_starts_although_the_policy_only_recommends() -> None:
    world = Pretend()
    world.objects.put(kinds.AUTOSCALING_POLICY, POLICY)
    scaling = {"minReplicas": 0, "maxReplicas": 4, "policy": {"name": "q"}}
    advised = {"scaling": {"advised": 0, "reason": "Idle", "message": "0 replicas"}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, deployment(replicas=None, scaling=scaling) | {"status": advised})
    world.settle()
    assert list(world.engines().values()) == [1]


def test_a_budget_goes_below_the_minimum_and_the_conditions_say_so() -> None:
    world = scaled({"recommended": 2, "reason": "OverBudget", "message": PAID}, least=3)
    assert world.document()["status"]["desiredReplicas"] == 2
    assert world.condition("ScalingActive") == ("True", "Recommended")
    assert world.message("ScalingActive") == "the budget pays for 2 replicas, 3 to 4 allowed: the budget wins"

    report(world, {"recommended": 2, "reason": "Steady", "message": "2 replicas"})
    assert world.document()["status"]["desiredReplicas"] == 3, "only a budget leads below minReplicas"


def raise_least(world: Pretend, least: int) -> None:
    """A user raises minReplicas."""
    world.apply(deployment(replicas=None, scaling={"minReplicas": least, "maxReplicas": 4, "policy": {"name": "q"}}))
    world.settle()


def test_a_policy_that_begins_to_only_recommend_leaves_a_count_below_the_minimum_that_its_budget_led_to() -> None:
    world = scaled({"recommended": 2, "reason": "OverBudget", "message": PAID}, least=3)
    report(world, {"advised": 2, "asleep": 0, "reason": "OverBudget", "message": PAID, "overBudget": True})
    assert world.document()["status"]["desiredReplicas"] == 2
    assert world.condition("ScalingActive") == ("False", "AdvisesOnly")
    assert world.message("ScalingActive").endswith("; the count stays at 2 replicas")

    report(world, {"advised": 3, "asleep": 0, "reason": "AtMinimum", "message": "3 replicas: minReplicas is 3"})
    assert world.document()["status"]["desiredReplicas"] == 3, "the budget pays again, so minReplicas counts"


def test_a_policy_that_can_no_longer_be_used_leaves_a_count_below_the_minimum_that_its_budget_led_to() -> None:
    world = scaled({"recommended": 2, "reason": "OverBudget", "message": PAID}, least=3)
    report(world, {"recommended": 2, "reason": "NoPolicy", "message": HELD, "overBudget": True})
    assert world.document()["status"]["desiredReplicas"] == 2
    assert world.condition("ScalingActive") == ("False", "PolicyUnusable")
    raise_least(world, 4)
    assert world.document()["status"]["desiredReplicas"] == 2, "the budget of the last decision still counts"


@pytest.mark.parametrize(
    "policy",
    [
        {"recommended": 2, "reason": "NoPolicy"},
        {"advised": 2, "reason": "TokenDemand"},
        {"advised": 2, "reason": "OverBudget"},
    ],
    ids=["unusable", "needs fewer", "would pay for fewer"],
)
def test_a_raised_minimum_adds_replicas_although_no_policy_acts_if_the_budget_was_not_the_limit(
    policy: dict[str, Any],
) -> None:
    world = scaled({"recommended": 2, "reason": "TokenDemand", "message": "2 replicas"}, least=1)
    report(world, policy | {"message": HELD})
    assert world.document()["status"]["desiredReplicas"] == 2
    raise_least(world, 3)
    assert world.document()["status"]["desiredReplicas"] == 3


def test_no_request_starts_a_replica_that_the_budget_does_not_pay_for() -> None:
    world = scaled({"recommended": 0, "reason": "OverBudget", "message": "0 replicas: 1 replica costs more"})
    assert list(world.engines().values()) == [0]
    assert world.message("Routable").endswith(
        "then get 503; the policy's budget pays for none: raise budget.maxCostPerHour"
    )


def test_a_budget_that_pays_for_some_is_not_blamed_for_the_zero_that_a_policy_in_mode_recommend_leaves() -> None:
    world = scaled({"recommended": 0, "reason": "Idle", "message": "no request came"}, least=0)
    assert "the first one makes the autoscaler start a replica" in world.message("Routable")
    report(world, {"advised": 2, "asleep": 0, "reason": "OverBudget", "message": PAID})
    assert list(world.engines().values()) == [0]
    assert world.message("Routable").endswith("then get 503; no autoscaler decides now: ScalingActive says why")


def test_invalid_parts_of_the_autoscalers_report_are_ignored() -> None:
    assert scaled({"recommended": 2, "reason": 7}).condition("ScalingActive") == ("True", "Recommended")
    assert AutoscalerReport(reason="Idle", message="").advised is None
