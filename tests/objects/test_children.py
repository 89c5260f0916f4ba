"""All children together: whole manifests as reviewed, and laws that hold for any spec."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.engines import catalogue
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.gateways import (
    DeploymentRouter,
    DesiredDeployment,
    ResponseCacheSettings,
    RouterConnections,
    RouterPods,
    RoutingSettings,
    Timeouts,
)
from fairlead.fleet.router_keys import RouterKeys
from fairlead.fleet.traffic_shares import TrafficShare
from fairlead.objects import children, network_policies, router_config, router_deployment
from fairlead.objects.manifest import Manifest
from fairlead.objects.router_config import ReplicaCapacity
from fairlead.router.config import loader
from fairlead.router.drain import DRAIN_PACE
from tests.objects import goldens
from tests.objects.specs import FULL, LEAST, OWNER, PLATFORM, everything, launch, samples, wanted

PEERS: Final = [{"port": 9091, "protocol": "UDP"}]

SPECS = {**dict(samples()), "least": LEAST, "full": FULL}
TEAMS = (("shop",), ("shop", "search"))


def first_child(deployment: DesiredDeployment, kind: str) -> Manifest:
    """The first child of one kind that is not of the adapter loaders."""
    built = [one for one in children.all_children(OWNER, deployment, PLATFORM) if one["kind"] == kind]
    return next(one for one in built if not one["metadata"]["name"].endswith("-adapters"))


def with_router(**changes: Any) -> DesiredDeployment:  # noqa: ANN401  # fields of a routing
    return replace(wanted(LEAST), router=DeploymentRouter(routing=RoutingSettings(**changes)))


def nodes(value: object) -> Iterator[object]:
    """Every map and list in a manifest."""
    if isinstance(value, dict | list):
        yield value
        for below in value.values() if isinstance(value, dict) else value:
            yield from nodes(below)


@pytest.mark.parametrize("name", goldens.SPECS)
def test_children_equal_the_manifests_that_were_last_reviewed(name: str) -> None:
    """If the change is intended: `python -m tests.objects.goldens`, and review the difference."""
    assert goldens.built(name) == goldens.kept(name)


@pytest.mark.parametrize("name", SPECS)
def test_the_same_wish_builds_the_same_children(name: str) -> None:
    assert everything(SPECS[name]) == everything(copy.deepcopy(SPECS[name]))


@pytest.mark.parametrize("name", SPECS)
def test_nothing_built_is_shared_with_anything_else(name: str) -> None:
    """Changing one child, or one part of it, changes no other."""
    built = (*everything(SPECS[name]), *everything(SPECS[name]))
    parts = [id(node) for child in built for node in nodes(child)]
    assert len(parts) == len(set(parts))


@pytest.mark.parametrize("name", SPECS)
def test_every_child_has_the_owner_the_namespace_and_the_labels(name: str) -> None:
    for child in everything(SPECS[name]):
        head = child["metadata"]
        assert head["namespace"] == "team"
        assert [one["uid"] for one in head["ownerReferences"]] == ["4f1c"]
        assert head["labels"]["fairlead.dev/deployment"] == "chat"
        assert head["labels"]["app.kubernetes.io/managed-by"] == "fairlead"


def test_rights_and_walls_come_before_pods() -> None:
    assert [
        (one["kind"], one["metadata"]["name"]) for one in children.all_children(OWNER, wanted(LEAST), PLATFORM)
    ] == [
        ("NetworkPolicy", "chat-engine"),
        ("PodDisruptionBudget", "chat-engine"),
        ("ServiceAccount", "chat-router"),
        ("Role", "chat-router"),
        ("RoleBinding", "chat-router"),
        ("NetworkPolicy", "chat-router"),
        ("PodDisruptionBudget", "chat-router"),
        ("ConfigMap", "chat-router"),
        ("Service", "chat-router"),
        ("Deployment", "chat-router"),
    ]


def test_behind_a_gateway_there_is_no_router_and_the_gateways_are_let_in() -> None:
    wall, budget = children.all_children(OWNER, wanted(LEAST | {"gateway": {"name": "company"}}), PLATFORM)
    document = {"podSelector": {"matchLabels": {"fairlead.dev/gateway": "company", "fairlead.dev/role": "router"}}}
    runners = {"podSelector": {"matchLabels": {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "evaluation"}}}
    assert wall["spec"]["ingress"][0]["from"][:2] == [document, runners], "a canary's evaluation runs in pods too"
    assert budget["kind"] == "PodDisruptionBudget"


def test_without_monitoring_only_routers_and_the_operator_are_let_in_where_metrics_are() -> None:
    built = children.all_children(OWNER, wanted(LEAST), replace(PLATFORM, monitoring=()))
    walls = [one for one in built if one["kind"] == "NetworkPolicy"]
    let_in = [
        rule["from"] for wall in walls for rule in wall["spec"]["ingress"] if rule["ports"] != PEERS and "from" in rule
    ]
    routers = {"podSelector": {"matchLabels": {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "router"}}}
    assert [len(some) for some in let_in] == [3, 2], "runners of an evaluation reach engines too"
    assert all(some[0] == routers and "namespaceSelector" in some[-1] for some in let_in)


def test_engines_of_another_kind_are_reachable_too_where_there_are_any() -> None:
    wall = first_child(wanted(LEAST), "NetworkPolicy")
    opened = network_policies.with_ports(wall, {30000, 8000})
    (before,), (after,) = wall["spec"]["ingress"], opened["spec"]["ingress"]
    assert [one["port"] for one in after["ports"]] == [8000, 30000]
    assert (after["from"], opened["spec"] | wall["spec"]) == (before["from"], wall["spec"])
    assert network_policies.with_ports(wall, {8000}) is wall


def test_what_routers_report_to_each_other_comes_from_routers_alone() -> None:
    routers = {"podSelector": {"matchLabels": {"fairlead.dev/deployment": "chat", "fairlead.dev/role": "router"}}}
    built = children.all_children(OWNER, wanted(LEAST), PLATFORM)
    rules = [rule for one in built if one["kind"] == "NetworkPolicy" for rule in one["spec"]["ingress"]]
    assert [rule["from"] for rule in rules if rule["ports"] == PEERS] == [[routers]]


@pytest.mark.trial(16)
def test_routers_get_the_digest_of_the_operators_key_and_never_the_key() -> None:
    keys = RouterKeys(secret=b"s" * 32)
    built = children.all_children(OWNER, wanted(LEAST), replace(PLATFORM, router_keys=keys))
    (config,) = [one for one in built if one["kind"] == "ConfigMap"]
    document = json.loads(config["data"][router_config.FILE])
    assert document["metricsKeys"] == [keys.sha256("team", "chat")]
    assert str(keys.bearer("team", "chat")) not in json.dumps(built)
    assert "metricsKeys" not in json.dumps(children.all_children(OWNER, wanted(LEAST), PLATFORM))


@pytest.mark.parametrize("name", SPECS)
def test_engines_listen_where_routers_and_walls_expect_them(name: str) -> None:
    deployment = wanted(SPECS[name])
    port = catalogue.api(deployment.revision.engine.kind).port
    assert [one.number for one in launch(deployment).ports] == [port]


def test_a_changed_limit_reaches_routers_without_restarting_one() -> None:
    limited = wanted(LEAST | {"router": {"limits": {"maxPromptTokens": 9}, "hold": {"maxRequests": 1}}})
    assert first_child(limited, "Deployment") == first_child(wanted(LEAST), "Deployment")
    document = json.loads(first_child(limited, "ConfigMap")["data"]["router.json"])
    assert document["routing"]["limits"]["maxPromptTokens"] == 9
    assert document["routing"]["hold"]["maxRequests"] == 1


def test_routers_of_the_release_before_find_each_setting_under_the_name_that_they_know() -> None:
    """The operator is upgraded first: until a router is replaced, it reads what the new operator writes."""
    quiet = wanted(LEAST | {"router": {"accessLog": {"enabled": False}, "connections": {"maxConnections": 9}}})
    routing = json.loads(first_child(quiet, "ConfigMap")["data"]["router.json"])["routing"]
    assert (routing["telling"], routing["door"]) == (routing["telemetry"], routing["connections"])
    assert (routing["telling"]["accessLog"], routing["door"]["maxConnections"]) == (False, 9)


@pytest.mark.parametrize("name", SPECS)
def test_a_router_understands_its_whole_configuration(name: str) -> None:
    """The two are implemented in different packages; only the file connects them."""
    deployment = wanted(SPECS[name])
    if not isinstance(deployment.router, DeploymentRouter):
        return
    engine, routing = deployment.revision.engine, deployment.router.routing
    adapters = tuple(one.name for one in engine.adapters)
    understood = loader.read(first_child(deployment, "ConfigMap")["data"]["router.json"])
    assert understood == loader.RouterConfig(
        rendered_from="InferenceDeployment team/chat",
        namespace="team",
        selector="fairlead.dev/deployment=chat,fairlead.dev/role=engine",
        engine_port=catalogue.api(engine.kind).port,
        engine_kind=engine.kind if engine.kind in {EngineKind.SGLANG, EngineKind.TENSORRT_LLM} else "vLLM",
        models=(deployment.revision.model.served_name, *adapters),
        adapters=adapters,
        adapter_slots=engine.lora.slots if engine.lora else None,
        prefix_caching=engine.prefix_caching,
        max_context_tokens=engine.max_context_tokens,
        max_sequences=engine.max_sequences,
        routers=deployment.router.pods.replicas or 2,
        router_selector="fairlead.dev/deployment=chat,fairlead.dev/role=router",
        routing=replace(
            routing,
            tenants=tuple(replace(one, keys=()) for one in routing.tenants),
            cache=replace(routing.cache, redis_url=None),
            connections=replace(routing.connections, tls_secret=None, engine_ca=None),
            oidc=routing.oidc and replace(routing.oidc, ca=None),
        ),
        key_places=understood.key_places,
        redis_place=understood.redis_place,
        tls_cert_file=understood.tls_cert_file,
        tls_key_file=understood.tls_key_file,
        engine_ca_file=understood.engine_ca_file,
        issuer_ca_file=understood.issuer_ca_file,
        config_map="chat-router",
        peer_keys_folder="/etc/fairlead-secrets/chat-router-peers",
    )


@pytest.mark.parametrize("name", SPECS)
def test_every_secret_of_a_router_is_a_file_that_its_pod_mounts(name: str) -> None:
    """And its value, or the Secret itself, is nowhere in what routers get."""
    deployment = wanted(SPECS[name])
    if not isinstance(deployment.router, DeploymentRouter):
        return
    understood = loader.read(first_child(deployment, "ConfigMap")["data"]["router.json"])
    entries = [location.file for _, location in understood.key_places]
    entries += [understood.redis_place.file] if understood.redis_place else []
    entries += [understood.tls_cert_file, understood.tls_key_file, understood.engine_ca_file]
    entries += [understood.issuer_ca_file]
    pod = first_child(deployment, "Deployment")["spec"]["template"]["spec"]
    folders = {one["mountPath"] for one in pod["containers"][0]["volumeMounts"]} - {router_config.FOLDER}
    assert {str(file).rpartition("/")[0] for file in entries if file} | {understood.peer_keys_folder} == folders
    assert all(one["secret"]["optional"] for one in pod["volumes"] if "secret" in one)


def test_another_key_of_a_known_secret_restarts_no_router() -> None:
    few, more = ({"tenants": [{"name": one, "keys": [{"name": "keys", "key": one}]} for one in some]} for some in TEAMS)
    first, second = (wanted(LEAST | {"router": one}) for one in (few, more))
    assert first_child(first, "Deployment") == first_child(second, "Deployment")
    assert first_child(first, "ConfigMap") != first_child(second, "ConfigMap")


def test_behind_a_certificate_clients_and_the_readiness_probe_speak_https() -> None:
    built = with_router(connections=RouterConnections(tls_secret="chat-tls"))
    (container,) = first_child(built, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/ready", "port": "http", "scheme": "HTTPS"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/health", "port": "metrics", "scheme": "HTTP"}
    assert first_child(built, "Service")["spec"]["ports"] == [
        {"name": "https", "port": 443, "targetPort": "http", "protocol": "TCP"}
    ]


def test_memory_for_cached_responses_is_requested_where_they_are_kept() -> None:
    kept = with_router(cache=ResponseCacheSettings(enabled=True, max_bytes=1 << 30))
    (container,) = first_child(kept, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["memory"] == "1152Mi"


def test_a_router_count_absent_from_the_spec_is_set_later_and_in_the_configuration_too() -> None:
    free = first_child(wanted(LEAST), "Deployment")
    assert "replicas" not in free["spec"]
    assert router_deployment.with_router_count(free, 7)["spec"]["replicas"] == 7
    document = first_child(wanted(LEAST), "ConfigMap")
    assert loader.read(document["data"]["router.json"]).routers == 2
    assert loader.read(router_config.with_router_count(document, 7)["data"]["router.json"]).routers == 7
    assert router_config.with_router_count(document, 2) == document


def test_routers_receive_the_traffic_share_of_a_new_revision() -> None:
    document, share = first_child(wanted(LEAST), "ConfigMap"), TrafficShare(revision="1a2b3c4d", percent=5)
    assert loader.read(document["data"]["router.json"]).served[0].share is None
    assert loader.read(router_config.with_share(document, share)["data"]["router.json"]).served[0].share == share


def test_routers_receive_the_capacity_of_a_replica() -> None:
    capacity = ReplicaCapacity(revision="0a1b2c3d", max_context_tokens=4096, max_sequences=64, kv_tokens=90_000)
    built = children.all_children(OWNER, wanted(LEAST), PLATFORM, capacity)
    config = loader.read(next(one for one in built if one["kind"] == "ConfigMap")["data"]["router.json"])
    values = (config.revision, config.max_context_tokens, config.max_sequences, config.kv_tokens)
    assert values == ("0a1b2c3d", 4096, 64, 90_000)


def test_a_router_outlives_its_longest_request() -> None:
    pod = first_child(with_router(timeouts=Timeouts(total_seconds=60.5)), "Deployment")["spec"]["template"]["spec"]
    wait = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] == wait + DRAIN_PACE.accept_seconds + 61 + 15


def test_a_shared_cache_is_configured_by_a_file_and_never_by_its_secret() -> None:
    own = json.loads(
        first_child(with_router(cache=ResponseCacheSettings(enabled=True)), "ConfigMap")["data"]["router.json"]
    )
    assert own["routing"]["cache"]["redisUrlFile"] is None
    shared = wanted(FULL)
    document = json.loads(first_child(shared, "ConfigMap")["data"]["router.json"])
    path = document["routing"]["cache"]["redisUrlFile"]
    mounts = first_child(shared, "Deployment")["spec"]["template"]["spec"]["containers"][0]["volumeMounts"]
    assert path == "/etc/fairlead-secrets/s/k"
    assert "/etc/fairlead-secrets/s" in {one["mountPath"] for one in mounts}


def test_the_service_has_the_requested_annotations_and_type() -> None:
    pods = RouterPods(replicas=1, annotations=(("example.com/lb", "internal"),))
    service = first_child(replace(wanted(LEAST), router=DeploymentRouter(pods=pods)), "Service")
    assert service["metadata"]["annotations"] == {"example.com/lb": "internal"}
    assert service["spec"]["type"] == "ClusterIP"
