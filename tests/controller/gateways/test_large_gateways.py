"""A gateway says that its routers' file nearly fills its ConfigMap, while it still serves all."""

import pytest

from fairlead.objects import router_config
from tests.controller.gateways.gateway_world import GatewayWorld


def test_a_gateway_whose_file_is_nearly_full_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router_config, "LARGEST", 2048)
    world = GatewayWorld()
    world.put_gateway()
    world.join()
    world.settle()
    assert world.gateway_condition("Accepted") == ("True", "Accepted")
    assert "and a ConfigMap holds 2 KiB" in world.gateway_message("Accepted")
