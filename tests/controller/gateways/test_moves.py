"""A deployment moves to a gateway and back, and is served at every moment; who does not agree is named."""

from datetime import timedelta
from typing import Any

import pytest

from fairlead.cluster import kinds, pods
from fairlead.cluster.kinds import Manifest
from tests.controller.gateways.admitted_routers import admits_own
from tests.controller.gateways.gateway_world import GatewayWorld
from tests.controller.pretend import deployment

GATEWAYS = "fairlead.dev/gateways"


def begun(**spec: Any) -> GatewayWorld:  # noqa: ANN401  # any field of a gateway
    """A gateway without deployments, and a deployment with its own routers."""
    world = GatewayWorld()
    world.put_gateway(**spec)
    world.join(gateway=None)
    world.settle()
    return world


def address(world: GatewayWorld) -> Manifest:
    """The Service that the deployment's clients use."""
    return world.objects.held[(kinds.SERVICE.title, "default", "chat-router")]


def serving(world: GatewayWorld) -> set[str]:
    """Whose routers serve clients of the deployment's address: those that are ready."""
    selector = ",".join(f"{name}={value}" for name, value in address(world)["spec"]["selector"].items())
    found = world.objects.listed("pods", "default", selector)
    return {
        "gateway" if "fairlead.dev/gateway" in one["metadata"]["labels"] else "own"
        for one in found
        if pods.is_ready(one)
    }


def admitted(world: GatewayWorld) -> str:
    """The gateways that its engines admit."""
    wall = world.objects.held[(kinds.NETWORK_POLICY.title, "default", "chat-engine")]
    return str((wall["metadata"].get("annotations") or {}).get(GATEWAYS, ""))


def reached_by_own(world: GatewayWorld) -> bool:
    """Whether its engines accept connections of its own routers."""
    wall = world.objects.held[(kinds.NETWORK_POLICY.title, "default", "chat-engine")]
    return admits_own(wall, "chat")


def own_routers(world: GatewayWorld) -> bool:
    """Whether a pod of its own routers is left."""
    return bool(world.objects.listed("pods", "default", "fairlead.dev/role=router,fairlead.dev/deployment=chat"))


def targets(world: GatewayWorld) -> list[str]:
    """What the gateway's routers send requests to."""
    return [one["target"] for one in world.configuration()["targets"]]


def test_a_deployment_joins_and_leaves_and_its_clients_are_served_at_every_step() -> None:
    world = begun()
    before = world.fingerprint()
    world.join()
    for _ in range(6):
        world.rounds()
        assert serving(world) == {"own"} or (serving(world) == {"gateway"} and targets(world) == ["default/chat"])
    assert (serving(world), admitted(world)) == ({"gateway"}, "default/front")
    assert (kinds.DEPLOYMENT.title, "default", "chat-router") not in world.objects.held
    assert world.document()["status"]["endpoint"] == "http://front-gateway.default.svc/v1"
    world.join(gateway=None)
    for _ in range(12):
        world.rounds()
        assert serving(world) == {"own"} or (serving(world) == {"gateway"} and targets(world) == ["default/chat"])
    assert (serving(world), admitted(world), targets(world)) == ({"own"}, "", [])
    assert world.document()["status"]["endpoint"] == "http://chat-router.default.svc/v1"
    world.settle()
    assert world.fingerprint() == before


def test_its_engines_accept_its_own_routers_until_the_last_has_drained() -> None:
    """A router that drains takes requests of clients that have not noticed, and may need new connections for them."""
    world = begun()
    world.join()
    drained_at_the_gateway = 0
    for _ in range(8):
        world.rounds()
        drains = own_routers(world)
        assert reached_by_own(world) or not drains
        drained_at_the_gateway += drains and serving(world) == {"gateway"}
    assert drained_at_the_gateway
    assert not reached_by_own(world)


def test_its_own_routers_keep_their_rights_and_their_network_policy_until_the_last_has_drained() -> None:
    """Without a token a router that drains misses engines that come and go; a policy that denies all would shut it."""
    world = begun()
    world.join()
    kept = {f"{kind}/chat-router" for kind in ("serviceaccounts", "roles", "rolebindings", "networkpolicies")}
    drained_without_a_deployment = 0
    for _ in range(8):
        world.rounds()
        left = world.children("chat-router")
        drains = own_routers(world)
        assert kept <= left or not drains
        drained_without_a_deployment += drains and "deployments/chat-router" not in left
    assert drained_without_a_deployment
    assert world.children("chat-router") == {"services/chat-router"}


def test_its_own_routers_stay_as_they_are_while_the_gateways_do_not_answer() -> None:
    world = begun()
    world.pod_client.gateways_silent = True
    own = world.objects.held[(kinds.CONFIG_MAP.title, "default", "chat-router")]
    world.join()
    world.settle()
    assert serving(world) == {"own"}
    assert admitted(world) == "default/front"
    assert world.objects.held[(kinds.CONFIG_MAP.title, "default", "chat-router")] == own
    assert world.condition("Routable") == ("True", "Routable")
    assert world.message("Routable").endswith("; its own routers serve until those of gateway default/front do")
    assert world.document()["status"]["endpoint"] == "http://chat-router.default.svc/v1"
    assert world.tick().after_s == 1.0
    world.pod_client.gateways_silent = False
    world.settle()
    assert serving(world) == {"gateway"}


def test_the_gateway_serves_on_until_the_deployments_own_routers_do() -> None:
    world = begun()
    world.join()
    world.settle()
    world.pod_client.own_mute = True
    world.join(gateway=None)
    assert "leaving" not in world.configuration()["targets"][0]
    for _ in range(4):
        world.rounds()
    assert (serving(world), targets(world)) == ({"gateway"}, ["default/chat"])
    assert world.configuration()["targets"][0]["leaving"], "clients with open connections would stay for ever"
    assert world.document()["status"]["endpoint"] == "http://front-gateway.default.svc/v1"
    assert world.condition("Routable") == ("True", "Routable")
    world.pod_client.own_mute = False
    world.settle()
    assert (serving(world), targets(world)) == ({"own"}, [])


def test_a_gateway_that_is_not_there_takes_nothing_over_and_is_named() -> None:
    world = GatewayWorld()
    world.join(gateway=None)
    world.settle()
    world.join()
    world.settle()
    assert serving(world) == {"own"}
    assert world.condition("Routable") == ("True", "Routable")
    assert "there is no InferenceGateway front in namespace default that can be read" in world.message("Routable")
    assert world.tick().after_s == 15.0
    world.put_gateway()
    world.settle()
    assert serving(world) == {"gateway"}


def test_a_new_deployment_whose_gateway_is_not_there_waits_for_it_and_says_so() -> None:
    world = GatewayWorld()
    world.join()
    world.settle()
    assert world.condition("Accepted") == ("True", "Accepted")
    assert world.condition("Routable") == ("False", "GatewayNotFound")
    assert world.message("Routable").startswith("spec.gateway.name: front: there is no InferenceGateway front")
    assert "endpoint" not in world.document()["status"]
    world.put_gateway()
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_a_gateway_elsewhere_serves_only_where_both_sides_agree() -> None:
    world = GatewayWorld()
    world.put_gateway(namespace="platform")
    world.join(gateway={"name": "front", "namespace": "platform"})
    world.settle()
    assert world.condition("Routable") == ("False", "NotAllowed")
    assert world.message("Routable") == (
        "spec.gateway.name: front: gateway platform/front does not let deployments of namespace default join, so its "
        "routers send no requests here; add default to spec.allowedNamespaces of InferenceGateway platform/front"
    )
    assert world.configuration("front", "platform")["targets"] == []
    assert "endpoint" not in world.document()["status"]
    world.put_gateway(namespace="platform", allowedNamespaces=["default"])
    world.settle()
    assert [one["target"] for one in world.configuration("front", "platform")["targets"]] == ["default/chat"]
    assert world.condition("Ready") == ("True", "Serving")
    assert "roles/chat-engine" in world.children("chat")
    binding = world.objects.held[(kinds.ROLE_BINDING.title, "default", "chat-engine")]
    assert [(one["namespace"], one["name"]) for one in binding["subjects"]] == [("platform", "front-gateway")]


def test_into_another_namespace_its_own_address_goes_with_its_routers() -> None:
    world = GatewayWorld()
    world.put_gateway(namespace="platform", allowedNamespaces=["*"])
    world.join(gateway=None)
    world.settle()
    world.join(gateway={"name": "front", "namespace": "platform"})
    world.settle()
    assert not any("chat-router" in one for one in world.children("chat"))
    assert world.document()["status"]["endpoint"] == "http://front-gateway.platform.svc/v1"
    world.join(gateway=None)
    world.settle()
    assert "roles/chat-engine" not in world.children("chat")
    assert serving(world) == {"own"}


def test_a_load_balancers_address_stays_where_it_leads_to_the_gateway() -> None:
    world = GatewayWorld()
    world.put_gateway()
    service = {"type": "LoadBalancer", "annotations": {"example.com/lb": "internal"}}
    world.join(gateway=None, router={"service": service})
    world.settle()
    world.join()
    world.settle()
    assert address(world)["spec"]["type"] == "LoadBalancer"
    assert address(world)["metadata"]["annotations"]["example.com/lb"] == "internal"
    assert serving(world) == {"gateway"}


def test_the_service_keeps_its_selector_while_its_gateway_is_missing() -> None:
    world = begun()
    world.join()
    world.settle()
    world.objects.remove((kinds.INFERENCE_GATEWAY.title, "default", "front"), {})
    world.settle()
    assert address(world)["spec"]["selector"]["fairlead.dev/gateway"] == "front"
    assert world.condition("Routable") == ("False", "GatewayNotFound")


def test_a_deployment_that_cannot_be_read_stays_at_its_gateway() -> None:
    world = begun()
    world.join()
    world.settle()
    before = world.fingerprint()
    odd = deployment(gateway={"name": "front"})
    odd["spec"]["model"] = 7
    world.apply(odd)
    world.settle()
    assert world.condition("Accepted") == ("False", "Unreadable")
    world.join()
    world.settle()
    assert world.fingerprint() == before


@pytest.mark.parametrize("crashes", range(1, 9))
def test_an_operator_that_crashes_mid_move_leaves_no_deployment_without_a_router(crashes: int) -> None:
    world = begun()
    world.join()
    for number in range(crashes):
        world.rounds()
        if number % 2:
            world.restart()
    assert serving(world)
    world.join(gateway=None)
    for _ in range(crashes):
        world.rounds()
        world.restart()
        assert serving(world) == {"own"} or targets(world) == ["default/chat"]
    world.now += timedelta(minutes=1)
    world.settle()
    assert (serving(world), targets(world)) == ({"own"}, [])
