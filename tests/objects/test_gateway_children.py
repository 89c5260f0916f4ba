"""The children of a gateway, and what a deployment needs to be served by it."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from fairlead.api.kinds import GATEWAY
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import (
    DesiredGateway,
    GatewayReference,
    ResponseCacheSettings,
    RouterConnections,
    RouterPods,
    RoutingSettings,
    ServiceType,
)
from fairlead.fleet.model_routes import ExternalTarget, FallbackChain, GatewayRoutes, ModelRoute, TokenPrices
from fairlead.fleet.router_keys import RouterKeys
from fairlead.fleet.tenants import Tenant
from fairlead.objects import (
    applied_hash,
    children,
    gateway_children,
    gateway_config,
    network_policies,
    router_config,
    router_service,
)
from fairlead.objects.gateway_config import RoutedDeployment
from fairlead.objects.manifest import Manifest
from fairlead.objects.network_policies import EngineAccess
from fairlead.objects.owner import Owner
from fairlead.objects.router_config import ReplicaCapacity
from tests.objects.specs import LEAST, OWNER, PLATFORM, wanted

FRONT = GatewayReference(namespace="team", name="front")
FAR = GatewayReference(namespace="platform", name="front")
FRONT_OWNER = Owner(namespace="team", name="front", uid="77", kind=GATEWAY.name)
BIG = ExternalTarget(
    name="external/big",
    url="https://api.example.com/v1",
    model="b-1",
    key=SecretKey(name="outside", key="token"),
    prices=TokenPrices(prompt=Decimal("2.5"), output=Decimal(10)),
)
CHAT = ModelRoute(name="chat", target="team/chat", fallback=FallbackChain(targets=("external/big",)))


def gateway(**changes: Any) -> DesiredGateway:  # noqa: ANN401  # any field of a gateway
    """A gateway of one model, with another API as its fallback."""
    routes = GatewayRoutes(routes=(CHAT,), externals=(BIG,))
    given: dict[str, Any] = {"reference": FRONT, "routes": routes} | changes
    return DesiredGateway(**given)


def made(desired: DesiredGateway, owner: Owner = FRONT_OWNER) -> dict[str, Manifest]:
    """All its children by kind."""
    target = gateway_config.target(
        RoutedDeployment(
            revision=wanted(LEAST).revision,
            replica=ReplicaCapacity(revision="0a1b2c3d", max_context_tokens=4096, kv_tokens=90_000, price_per_hour=0.7),
        )
    )
    configuration = gateway_config.document(desired, [target], desired.routes.routes)
    return {one["kind"]: one for one in gateway_children.all_children(owner, desired, configuration, PLATFORM)}


def test_rights_and_walls_come_before_routers() -> None:
    assert list(made(gateway())) == [
        *("ServiceAccount", "Role", "RoleBinding", "NetworkPolicy", "PodDisruptionBudget"),
        *("ConfigMap", "Service", "Deployment"),
    ]


def test_every_child_belongs_to_the_gateway_and_carries_its_name() -> None:
    for child in made(gateway()).values():
        head = child["metadata"]
        assert (head["name"], head["namespace"]) == ("front-gateway", "team")
        assert [(one["kind"], one["uid"]) for one in head["ownerReferences"]] == [("InferenceGateway", "77")]
        assert head["labels"]["fairlead.dev/gateway"] == "front"
        assert "fairlead.dev/deployment" not in head["labels"]


def test_its_routers_read_pods_and_their_own_configuration_and_nothing_else() -> None:
    reading = ["get", "list", "watch"]
    assert made(gateway())["Role"]["rules"] == [
        {"apiGroups": [""], "resources": ["pods"], "verbs": reading},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": reading, "resourceNames": ["front-gateway"]},
    ]
    assert made(gateway())["RoleBinding"]["subjects"] == [
        {"kind": "ServiceAccount", "name": "front-gateway", "namespace": "team"}
    ]


def test_the_configuration_of_a_gateways_routers_is_complete() -> None:
    configuration = json.loads(made(gateway())["ConfigMap"]["data"]["router.json"])
    routing = configuration.pop("routing")
    assert routing == router_config.routing(RoutingSettings())
    assert configuration == {
        "renderedFrom": "InferenceGateway team/front",
        "namespace": "team",
        "configMap": "front-gateway",
        "tenantKeys": "/etc/fairlead-secrets/front-keys",
        "peerKeysFolder": "/etc/fairlead-secrets/front-gateway-peers",
        "routers": 2,
        "routerSelector": "fairlead.dev/gateway=front,fairlead.dev/role=router",
        "targets": [
            {
                "target": "team/chat",
                "namespace": "team",
                "selector": "fairlead.dev/deployment=chat,fairlead.dev/role=engine",
                "enginePort": 8000,
                "models": ["chat"],
                "adapters": [],
                "prefixCaching": True,
                "revision": "0a1b2c3d",
                "maxContextTokens": 4096,
                "maxSequences": None,
                "kvTokens": 90_000,
                "firstTokenSeconds": None,
                "pricePerHour": "0.7000",
            }
        ],
        "externals": [
            {
                "name": "external/big",
                "url": "https://api.example.com/v1",
                "model": "b-1",
                "keyFile": "/etc/fairlead-secrets/outside/token",
                "prices": {"prompt": "2.5", "cached": None, "output": "10"},
                "maxConcurrency": 64,
            }
        ],
        "routes": [
            {
                "name": "chat",
                "strategy": "Single",
                "target": "team/chat",
                "weighted": [],
                "rules": [],
                "cascade": None,
                "fallback": {"targets": ["external/big"], "reasons": ["Unavailable"]},
                "shadow": None,
                "cache": None,
                "onInvalid": "Count",
            }
        ],
    }


def test_targets_without_a_price_and_apis_without_a_key_are_configured_without_them() -> None:
    free = gateway(routes=GatewayRoutes(externals=(replace(BIG, key=None),)))
    target = gateway_config.target(RoutedDeployment(revision=wanted(LEAST).revision, replica=ReplicaCapacity()))
    configuration = gateway_config.document(free, [target], ())
    assert target["pricePerHour"] is None
    assert configuration["externals"][0]["keyFile"] is None
    assert gateway_children.secrets(free) == ("front-keys",)


def test_every_secret_of_a_gateway_is_mounted_and_may_be_missing() -> None:
    tenants = (Tenant(name="shop", keys=(SecretKey(name="shop-key", key="k"),)), Tenant(name="rest", keys=()))
    pod = made(gateway(routing=RoutingSettings(tenants=tenants)))["Deployment"]["spec"]["template"]["spec"]
    secrets = [one["secret"] for one in pod["volumes"] if "secret" in one]
    assert sorted(one["secretName"] for one in secrets) == ["front-gateway-peers", "front-keys", "outside", "shop-key"]
    assert all(one["optional"] for one in secrets)


@pytest.mark.trial(16)
def test_the_operators_key_to_a_gateway_is_not_that_to_a_deployment_of_its_name() -> None:
    keys = RouterKeys(secret=b"s" * 32)
    built = gateway_children.all_children(FRONT_OWNER, gateway(), {}, replace(PLATFORM, router_keys=keys))
    (config,) = [one for one in built if one["kind"] == "ConfigMap"]
    configuration = json.loads(config["data"]["router.json"])["metricsKeys"]
    assert configuration == [keys.sha256("team", "gateway/front")] != [keys.sha256("team", "front")]


def test_its_routers_are_counted_by_the_object_alone() -> None:
    assert made(gateway(pods=RouterPods(replicas=5)))["Deployment"]["spec"]["replicas"] == 5
    none = made(gateway(pods=RouterPods(replicas=0)))
    assert none["Deployment"]["spec"]["replicas"] == 0
    assert json.loads(none["ConfigMap"]["data"]["router.json"])["routers"] == 2


def test_another_route_or_tenant_changes_no_router_pod() -> None:
    more = gateway(
        routes=GatewayRoutes(routes=(CHAT, ModelRoute(name="b", target="team/b")), externals=(BIG,)),
        routing=RoutingSettings(tenants=(Tenant(name="shop", keys=()),)),
    )
    assert made(more)["Deployment"] == made(gateway())["Deployment"]
    assert made(more)["ConfigMap"] != made(gateway())["ConfigMap"]


def test_a_route_that_switches_the_cache_on_gives_routers_its_memory() -> None:
    plain = made(gateway())["Deployment"]
    cached = made(gateway(routes=GatewayRoutes(routes=(CHAT, replace(CHAT, name="code", cache=True)))))["Deployment"]
    everywhere = made(gateway(routing=RoutingSettings(cache=ResponseCacheSettings(enabled=True))))["Deployment"]
    requests = [
        one["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"] for one in (plain, cached, everywhere)
    ]
    assert requests[0] != requests[1] == requests[2]


def test_where_clients_ask() -> None:
    assert router_service.url(FRONT_OWNER, RouterConnections()) == "http://front-gateway.team.svc/v1"
    assert router_service.url(OWNER, RouterConnections(tls_secret="t")) == "https://chat-router.team.svc/v1"
    assert made(gateway())["Service"]["spec"]["selector"] == {
        "fairlead.dev/gateway": "front",
        "fairlead.dev/role": "router",
    }


def access(*gateways: GatewayReference, own: bool = False) -> list[Manifest]:
    """What a deployment's engines need, with these gateways admitted."""
    given = EngineAccess(own=own, gateways=gateways)
    return list(children.of_engines(OWNER, wanted(LEAST), PLATFORM, given))


def test_a_gateway_of_the_same_namespace_needs_no_further_right() -> None:
    assert [one["kind"] for one in access(FRONT)] == ["NetworkPolicy", "PodDisruptionBudget"]


def test_a_gateway_elsewhere_may_read_the_pods_of_this_namespace() -> None:
    _, _, role, binding = access(FAR)
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    assert binding["roleRef"]["name"] == role["metadata"]["name"] == "chat-engine"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "front-gateway", "namespace": "platform"}]
    assert role["metadata"]["ownerReferences"] == [OWNER.reference]


def test_engines_admit_all_routers_that_serve_them_and_record_the_admitted_gateways() -> None:
    wall = access(FRONT, FAR, own=True)[0]
    routers = {"fairlead.dev/role": "router"}
    of_front = {"podSelector": {"matchLabels": {"fairlead.dev/gateway": "front"} | routers}}
    assert wall["spec"]["ingress"][0]["from"][:3] == [
        {"podSelector": {"matchLabels": {"fairlead.dev/deployment": "chat"} | routers}},
        of_front,
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "platform"}}} | of_front,
    ]
    assert network_policies.admitted(wall) == (FRONT, FAR)
    assert network_policies.admitted(access(own=True)[0]) == ()


def test_engines_admit_gateways_that_are_left_and_record_them_apart_with_the_time_when_others_took_over() -> None:
    at = datetime(2026, 11, 20, 12, 0, 0, 250_000, tzinfo=UTC)
    given = EngineAccess(own=False, gateways=(FRONT,), left=(FAR,), taken_over_at=at)
    wall, _, role, binding = children.of_engines(OWNER, wanted(LEAST), PLATFORM, given)
    assert wall["spec"] == access(FRONT, FAR)[0]["spec"]
    assert (role, binding) == tuple(access(FAR)[2:])
    assert (network_policies.admitted(wall), network_policies.left(wall)) == ((FRONT,), (FAR,))
    assert network_policies.taken_over_at(wall) == at


@pytest.mark.parametrize("text", ["", "noon", "2026-11-20T12:00:00", None])
def test_a_time_that_cannot_be_read_is_none(text: str | None) -> None:
    wall = access(FRONT)[0]
    wall["metadata"]["annotations"]["fairlead.dev/taken-over-at"] = text
    assert network_policies.taken_over_at(wall) is None
    assert network_policies.taken_over_at(access()[0]) is None


def test_an_annotation_that_cannot_be_read_admits_no_gateway() -> None:
    wall = access(FRONT)[0]
    for text in ("", ",", "front", "/front", "team/", None):
        wall["metadata"]["annotations"]["fairlead.dev/gateways"] = text
        assert network_policies.admitted(wall) == ()


def test_the_address_that_clients_know_leads_to_the_gateway_and_stays_what_it_was() -> None:
    live = {
        "metadata": {"annotations": {"example.com/lb": "internal", applied_hash.APPLIED: "0"}},
        "spec": {"type": "LoadBalancer"},
    }
    made_over = children.address_at_gateway(OWNER, gateway(), live)
    assert made_over is not None
    assert made_over["metadata"]["name"] == "chat-router"
    assert made_over["metadata"]["annotations"] == {"example.com/lb": "internal"}
    assert made_over["spec"]["type"] == ServiceType.LOAD_BALANCER
    assert made_over["spec"]["selector"] == {"fairlead.dev/gateway": "front", "fairlead.dev/role": "router"}
    assert children.address_at_gateway(OWNER, gateway(reference=FAR), live) is None
    bare = children.address_at_gateway(OWNER, gateway(), {"metadata": {}, "spec": {}})
    assert bare is not None
    assert bare["spec"]["type"] == "ClusterIP"
