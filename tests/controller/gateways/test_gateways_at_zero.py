"""A gateway whose models are all at zero, as their autoscaler wants: what its status says depends on who wakes them."""

from collections.abc import Callable
from typing import Any

import pytest

from fairlead.api import kinds as ours
from fairlead.cluster import kinds
from tests.controller.gateways.gateway_world import GatewayWorld

NIGHT = {
    "apiVersion": ours.API_VERSION,
    "kind": ours.POLICY.name,
    "metadata": {"name": "night", "namespace": "default"},
    "spec": {"idle": {"scaleToZero": {"after": "15m"}}},
}


def at_zero(**scaled: Any) -> GatewayWorld:  # noqa: ANN401  # any of status.scaling
    """A gateway whose only deployment is at zero, as its autoscaler wants."""
    world = GatewayWorld()
    world.put_gateway(models=[{"name": "talk", "deployment": "chat"}])
    world.objects.put(kinds.AUTOSCALING_POLICY, NIGHT)
    world.join(scaling={"minReplicas": 0, "maxReplicas": 4, "policy": {"name": "night"}}, replicas=None)
    world.settle()
    live = world.document()
    status = live["status"] | {"scaling": {"recommended": 0, "reason": "Idle", "message": "idle"} | scaled}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})
    world.settle()
    assert world.condition("Ready") == ("True", "ScaledToZero")
    return world


def test_a_gateway_whose_models_are_at_zero_is_ready_as_their_deployments_are() -> None:
    """It was not, so `helm upgrade --wait` and Flux waited for a replica that no request needed."""
    world = at_zero()
    assert "the first one makes the autoscaler start a replica" in world.message("Ready")
    assert world.gateway_condition("Routable") == world.gateway_condition("Ready") == ("True", "ScaledToZero")
    words = "default/chat is at zero; routers hold requests, and the first one starts a replica"
    assert world.gateway_message("Ready") == f"0 of 1 model can serve requests; talk: {words}"
    assert world.gateway()["status"]["models"][0]["ready"] is False


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(lambda: at_zero(reason="OverBudget"), id="the budget pays for none"),
        pytest.param(lambda: at_zero(reason="NoPolicy"), id="no policy can be used"),
    ],
)
def test_a_gateway_is_not_ready_for_models_at_zero_that_no_request_starts(world: Callable[[], GatewayWorld]) -> None:
    found = world()
    assert "no request starts one" in found.message("Ready")
    assert found.gateway_condition("Ready") == ("False", "NoneReady")
