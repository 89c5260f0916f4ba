"""What ScalingActive says of an autoscaler that holds, or that may only advise."""

from typing import Any

from fairlead.cluster import kinds
from fairlead.controller.snapshot import AutoscalerReport
from tests.controller.pretend import Pretend, deployment


def scaled(scaling: dict[str, Any]) -> Pretend:
    """A deployment whose autoscaler wrote this."""
    world = Pretend()
    world.apply(deployment(replicas=None, scaling={"minReplicas": 1, "maxReplicas": 4}))
    world.settle()
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": scaling}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})
    world.settle()
    return world


def test_missing_figures_are_no_yes_and_no_no() -> None:
    world = scaled({"recommended": 2, "reason": "FiguresMissing", "message": "engine chat-1: Frozen"})
    assert world.condition("ScalingActive") == ("Unknown", "FiguresMissing")


def test_a_policy_that_only_recommends_is_not_active() -> None:
    world = scaled({"advised": 3, "reason": "TokenDemand", "message": "3 replicas"})
    assert world.condition("ScalingActive") == ("False", "AdvisesOnly")


def test_invalid_parts_of_the_autoscalers_report_are_ignored() -> None:
    assert scaled({"recommended": 2, "reason": 7}).condition("ScalingActive") == ("True", "Recommended")
    assert AutoscalerReport(reason="Idle", message="").advised is None
