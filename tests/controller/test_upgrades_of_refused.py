"""After an upgrade of the operator, routers of a refused spec keep their image, and the condition says so."""

from dataclasses import replace

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller.pods import kept_images
from fairlead.fleet.conditions import ConditionReason, ConditionType, UntimedCondition
from tests.controller import pretend
from tests.controller.gateways import gateway_world
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.gateways.test_gateways_kept import RULED

NEXT = "registry.example/fairlead:next"
NOTE = f"its routers keep the image fairlead:test meanwhile, and get {NEXT} once this is corrected"


def image(world: GatewayWorld, name: str) -> str:
    """That of routers."""
    found: Manifest = world.objects.held[(kinds.DEPLOYMENT.title, "default", name)]
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def upgraded(world: GatewayWorld, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another release takes over."""
    installation = replace(pretend.PLATFORM, image=to)
    for module in (pretend, gateway_world):
        monkeypatch.setattr(module, "PLATFORM", installation)
    world.setting = replace(world.setting, installation=installation)
    world.restart()
    world.settle()


def test_routers_of_what_is_refused_get_the_new_image_once_it_is_corrected(monkeypatch: pytest.MonkeyPatch) -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.join(gateway=None)
    world.settle()
    live = world.document()
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"spec": live["spec"] | {"parallelism": {"tensor": 3}}})
    world.put_gateway(models=[RULED])
    world.settle()
    refusals = world.message("Accepted"), world.gateway_message("Accepted")
    upgraded(world, "registry.example/fairlead:test", monkeypatch)
    assert (world.message("Accepted"), world.gateway_message("Accepted")) == refusals, "another registry's is the same"
    upgraded(world, NEXT, monkeypatch)
    assert {image(world, "chat-router"), image(world, "front-gateway")} == {"fairlead:test"}
    noted = world.message("Accepted"), world.gateway_message("Accepted")
    assert noted == tuple(f"{one} | {NOTE}" for one in refusals)
    world.apply(live)
    world.put_gateway()
    world.settle()
    assert {image(world, "chat-router"), image(world, "front-gateway")} == {NEXT}
    assert world.condition("Accepted")[0] == world.gateway_condition("Accepted")[0] == "True"


@pytest.mark.parametrize(
    ("kept", "wanted", "is_noted"),
    [
        ("mirror.example/fairlead:v1@sha256:aa", "registry.example/fairlead:v1", False),
        ("fairlead:v1", "fairlead:v1@sha256:aa", False),
        ("fairlead:v1@sha256:aa", "fairlead:v2", True),
        ("fairlead:v1@sha256:aa", "fairlead:v1@sha256:bb", True),
        ("fairlead@sha256:aa", "fairlead", True),
        ("fairlead@sha256:aa", "fairlead:v1", True),
        ("fairlead:v1", "fairlead@sha256:aa", True),
    ],
)
def test_a_tag_that_a_cluster_pins_by_its_digest_is_no_other_release(kept: str, wanted: str, *, is_noted: bool) -> None:
    """Such a policy changes what it admits, and every refusal spoke of an upgrade."""
    refusal = UntimedCondition(
        type=ConditionType.ACCEPTED, holds=False, reason=ConditionReason.REFUSED, message="it cannot work"
    )
    containers = [{"name": "router", "image": kept}]
    router = {"spec": {"template": {"spec": {"containers": containers}}}}
    assert (kept_images.noted(refusal, router, wanted) != refusal) == is_noted
