"""A deployment leaves a gateway for another one or for its own routers, and no request of the first one's fails."""

from typing import Any, Final

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import ApiRequest, RequestRefused
from fairlead.cluster.kinds import Manifest
from fairlead.controller import next_reconcile
from fairlead.fleet.endpoints import RouterReport
from tests.controller.gateways.admitted_routers import admits_gateway
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.gateways.test_moves import address, admitted, begun, serving

CHAT: Final = "default/chat"


def at_front(**spec: Any) -> GatewayWorld:  # noqa: ANN401  # any field of a deployment
    """A deployment that clients reach by its own address, which leads to the first of two gateways."""
    world = begun()
    world.put_gateway("other")
    world.join(**spec)
    world.settle()
    assert leads_to(world) == "front"
    return world


def leads_to(world: GatewayWorld) -> str:
    """The gateway that the deployment's address leads to; empty: its own routers."""
    return str(address(world)["spec"]["selector"].get("fairlead.dev/gateway", ""))


def sends(world: GatewayWorld, gateway: str) -> bool:
    """Whether this gateway's routers get requests for it by their file."""
    return CHAT in [one["target"] for one in world.configuration(gateway)["targets"]]


def is_admitted(world: GatewayWorld, gateway: str) -> bool:
    """Whether its engines accept connections of this gateway's routers."""
    return admits_gateway(world.objects.held[(kinds.NETWORK_POLICY.title, "default", "chat-engine")], gateway)


def file_with_it(world: GatewayWorld) -> Manifest:
    """The present file of the first gateway's routers, which names the deployment."""
    assert sends(world, "front")
    return world.configuration("front")


def to_other(world: GatewayWorld) -> None:
    """Move it to the second gateway."""
    world.join(gateway={"name": "other"})


def test_its_address_leads_to_routers_that_serve_it_at_every_step_of_a_move_between_gateways() -> None:
    world = at_front()
    to_other(world)
    world.pod_client.kept_files["other"] = {"targets": []}
    for _ in range(4):
        world.rounds()
        assert (leads_to(world), sends(world, "front")) == ("front", True)
    assert world.message("Routable").endswith(
        "; those of gateway default/front serve until those of gateway default/other do"
    )
    assert world.document()["status"]["endpoint"] == "http://front-gateway.default.svc/v1"
    assert world.tick().after_s == next_reconcile.PROBE_POLL_S
    world.pod_client.kept_files.clear()
    settled = 0
    for _ in range(6):
        world.rounds()
        assert (leads_to(world), sends(world, "other")) == ("other", True)
        settled += sends(world, "front")
    assert settled == 2, "nodes learn within the settling time where the address leads now"
    assert (sends(world, "front"), is_admitted(world, "front")) == (False, False)
    assert world.document()["status"]["endpoint"] == "http://other-gateway.default.svc/v1"


def test_a_move_to_a_gateway_that_is_not_there_leaves_everything_at_the_first_and_is_named() -> None:
    world = at_front()
    world.join(gateway={"name": "lost"})
    world.settle()
    assert (leads_to(world), sends(world, "front"), is_admitted(world, "front")) == ("front", True, True)
    assert world.condition("Routable") == ("True", "Routable")
    words = world.message("Routable")
    assert "; those of gateway default/front serve until those of gateway default/lost do: spec.gateway.name: " in words
    assert "there is no InferenceGateway lost in namespace default that can be read" in words
    assert world.tick().after_s == next_reconcile.REFERENCE_POLL_S


@pytest.mark.parametrize("own", [False, True])
def test_its_engines_accept_the_first_gateways_routers_until_these_have_read_their_file_and_ended_the_last_request(
    own: bool,
) -> None:
    world = at_front()
    world.pod_client.kept_files["front"] = file_with_it(world)
    world.pod_client.retiring = frozenset({CHAT})
    world.join(gateway=None) if own else to_other(world)
    for _ in range(12):
        world.rounds()
        assert is_admitted(world, "front")
    assert not sends(world, "front")
    assert admitted(world) == ("" if own else "default/other")
    world.pod_client.kept_files.clear()
    world.rounds(3)
    assert is_admitted(world, "front"), "a long answer is still being sent"
    assert world.tick().after_s == next_reconcile.LEFT_POLL_S
    world.restart()
    world.pod_client.retiring = frozenset()
    world.settle()
    assert not is_admitted(world, "front")
    assert world.tick().after_s == next_reconcile.REST_POLL_S


def test_a_router_of_the_first_gateway_that_does_not_answer_stays_admitted_until_its_pod_has_gone() -> None:
    world = at_front()
    world.pod_client.retiring = frozenset({CHAT})
    to_other(world)
    world.rounds(6)
    assert not sends(world, "front")
    world.pod_client.gateways_silent = True
    world.rounds(6)
    assert is_admitted(world, "front")
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    drained = 0
    for _ in range(6):
        world.rounds()
        left = world.objects.listed("pods", "default", "fairlead.dev/role=router,fairlead.dev/gateway=front")
        assert is_admitted(world, "front") or not left
        drained += bool(left)
    assert drained
    assert not is_admitted(world, "front")


def test_requests_that_the_first_gateway_holds_for_a_replica_are_sent_before_it_is_left() -> None:
    """Held requests wait for minutes; without the target in its file the router would refuse them."""
    world = at_front()
    world.pod_client.queued = 3
    to_other(world)
    for _ in range(12):
        world.rounds()
        assert sends(world, "front")
    world.pod_client.queued = 0
    world.settle()
    assert (sends(world, "front"), is_admitted(world, "front")) == (False, False)


def test_a_page_of_the_first_gateway_that_is_missed_once_does_not_empty_its_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An overloaded router answers late, and that is the one with a queue."""
    world = at_front()
    world.pod_client.queued = 3
    to_other(world)
    world.rounds(8)
    answers = world.pod_client.endpoints

    async def endpoints(router: Manifest, target: str) -> RouterReport | None:
        return None if router["metadata"]["name"].startswith("front") else await answers(router, target)

    monkeypatch.setattr(world.pod_client, "endpoints", endpoints)
    world.rounds(3)
    assert sends(world, "front")


def test_the_first_gateway_serves_until_the_address_leads_to_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    world = at_front()
    apply = world.server.apply

    async def webhook(manifest: Manifest, *rest: Any, **options: Any) -> Manifest:  # noqa: ANN401  # as the server's
        if (manifest["kind"], manifest["metadata"]["name"]) == ("Service", "chat-router"):
            raise RequestRefused(ApiRequest(verb="patch", resource=kinds.SERVICE), 403, {"message": "denied"})
        return await apply(manifest, *rest, **options)

    monkeypatch.setattr(world.server, "apply", webhook)
    to_other(world)
    for _ in range(12):
        world.rounds()
        assert (leads_to(world), sends(world, "front")) == ("front", True)
    monkeypatch.undo()
    world.rounds()
    assert (leads_to(world), sends(world, "front")) == ("other", True), "its clients learn of it meanwhile"
    world.settle()
    assert not sends(world, "front")


def test_a_return_to_the_first_gateway_settles_as_long_as_the_way_there() -> None:
    world = at_front()
    world.pod_client.queued = 3
    to_other(world)
    world.rounds(12)
    assert leads_to(world) == "other"
    world.pod_client.queued = 0
    world.join()
    settled = 0
    for _ in range(8):
        world.rounds()
        settled += leads_to(world) == "front" and sends(world, "other")
    assert settled >= 2
    assert not sends(world, "other")


def test_no_router_counts_as_serving_once_the_gateway_that_was_left_is_deleted() -> None:
    world = at_front()
    world.put_gateway("far", namespace="platform", allowedNamespaces=["elsewhere"])
    world.join(gateway={"name": "far", "namespace": "platform"})
    world.settle()
    assert "; those of gateway default/front serve until those of gateway platform/far do" in world.message("Routable")
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    world.settle()
    assert world.condition("Routable") == ("False", "NotAllowed")


def test_a_second_gateway_that_fails_after_the_address_leads_there_is_named() -> None:
    """Clients of the first gateway's own address are served, those of the deployment's are not."""
    world = at_front()
    to_other(world)
    world.rounds(2)
    world.pod_client.kept_files["other"] = {"targets": []}
    world.rounds(2)
    assert (leads_to(world), sends(world, "front")) == ("other", True)
    words = "; those of gateway default/front serve, at its own address only, until those of gateway default/other do"
    assert world.message("Routable").endswith(words)


def test_a_gateway_that_it_returns_to_meanwhile_serves_it_again() -> None:
    world = at_front()
    world.pod_client.retiring = frozenset({CHAT})
    to_other(world)
    world.rounds(6)
    assert not sends(world, "front")
    world.join()
    world.settle()
    assert (leads_to(world), sends(world, "front"), is_admitted(world, "other")) == ("front", True, True)
    world.pod_client.retiring = frozenset()
    world.settle()
    assert (admitted(world), is_admitted(world, "other"), serving(world)) == ("default/front", False, {"gateway"})


def test_a_gateway_in_another_namespace_may_read_pods_until_it_is_no_longer_admitted() -> None:
    world = GatewayWorld()
    world.put_gateway()
    world.put_gateway("far", namespace="platform", allowedNamespaces=["default"])
    world.join(gateway={"name": "far", "namespace": "platform"})
    world.settle()
    world.pod_client.retiring = frozenset({CHAT})
    world.join()
    world.rounds(8)
    assert "rolebindings/chat-engine" in world.children("chat")
    world.pod_client.retiring = frozenset()
    world.settle()
    assert "rolebindings/chat-engine" not in world.children("chat")


def test_a_gateway_whose_namespace_cannot_be_listed_now_stays_admitted() -> None:
    """Nothing is known of its routers then, so they may have requests."""
    world = GatewayWorld()
    world.put_gateway()
    world.put_gateway("far", namespace="platform", allowedNamespaces=["default"])
    world.join(gateway={"name": "far", "namespace": "platform"})
    world.settle()
    world.pod_client.retiring = frozenset({CHAT})
    world.join()
    world.rounds(8)
    world.world.left_out = frozenset({"platform"})
    world.pod_client.retiring = frozenset()
    world.rounds(4)
    assert "rolebindings/chat-engine" in world.children("chat")
    world.world.left_out = frozenset()
    world.settle()
    assert "rolebindings/chat-engine" not in world.children("chat")


def test_the_address_does_not_lead_to_a_gateway_of_the_same_name_elsewhere() -> None:
    world = at_front()
    world.put_gateway("front", namespace="platform", allowedNamespaces=["elsewhere"])
    world.join(gateway={"name": "front", "namespace": "platform"})
    world.settle()
    words = "; those of gateway default/front serve until those of gateway platform/front do"
    assert words in world.message("Routable")
