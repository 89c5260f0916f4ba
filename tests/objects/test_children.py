"""All children together: whole manifests as people reviewed them, and laws that hold whatever is asked for."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from fairlead.fleet.gateways import OwnRouter, ResponseCache, RouterPods, Routing, Timeouts, WantedDeployment
from fairlead.objects import children, ports, router_config
from fairlead.objects.manifest import Manifest
from fairlead.router import settings
from tests.objects import goldens
from tests.objects.wishes import FULL, LEAST, OWNER, PLATFORM, everything, launch, samples, wanted

WISHES = {**dict(samples()), "least": LEAST, "full": FULL}


def standing(deployment: WantedDeployment, kind: str) -> Manifest:
    """The first child of one kind."""
    return next(one for one in children.standing(OWNER, deployment, PLATFORM) if one["kind"] == kind)


def with_router(**changes: Any) -> WantedDeployment:  # noqa: ANN401  # fields of a routing
    return replace(wanted(LEAST), door=OwnRouter(routing=Routing(**changes)))


def nodes(value: object) -> Iterator[object]:
    """Every map and list in a manifest."""
    if isinstance(value, dict | list):
        yield value
        for below in value.values() if isinstance(value, dict) else value:
            yield from nodes(below)


@pytest.mark.parametrize("name", goldens.WISHES)
def test_children_look_as_they_did_when_somebody_last_looked(name: str) -> None:
    """When the change is meant: `python -m tests.objects.goldens`, and read the difference."""
    assert goldens.built(name) == goldens.kept(name)


@pytest.mark.parametrize("name", WISHES)
def test_the_same_wish_builds_the_same_children(name: str) -> None:
    assert everything(WISHES[name]) == everything(copy.deepcopy(WISHES[name]))


@pytest.mark.parametrize("name", WISHES)
def test_nothing_built_is_shared_with_anything_else(name: str) -> None:
    """Whoever changes one child, or one part of it, changes no other."""
    built = (*everything(WISHES[name]), *everything(WISHES[name]))
    parts = [id(node) for child in built for node in nodes(child)]
    assert len(parts) == len(set(parts))


@pytest.mark.parametrize("name", WISHES)
def test_every_child_has_the_owner_the_namespace_and_the_labels(name: str) -> None:
    for child in everything(WISHES[name]):
        head = child["metadata"]
        assert head["namespace"] == "team"
        assert [one["uid"] for one in head["ownerReferences"]] == ["4f1c"]
        assert head["labels"]["fairlead.dev/deployment"] == "chat"
        assert head["labels"]["app.kubernetes.io/managed-by"] == "fairlead"


def test_rights_and_walls_come_before_pods() -> None:
    assert [(one["kind"], one["metadata"]["name"]) for one in children.standing(OWNER, wanted(LEAST), PLATFORM)] == [
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
    wall, budget = children.standing(OWNER, wanted(LEAST | {"gateway": {"name": "company"}}), PLATFORM)
    doors = {"podSelector": {"matchLabels": {"fairlead.dev/gateway": "company", "fairlead.dev/role": "router"}}}
    assert wall["spec"]["ingress"][0]["from"][0] == doors
    assert budget["kind"] == "PodDisruptionBudget"


def test_without_monitoring_only_the_operator_may_read_metrics() -> None:
    built = children.standing(OWNER, wanted(LEAST), replace(PLATFORM, monitoring=()))
    walls = [one for one in built if one["kind"] == "NetworkPolicy"]
    assert [len(wall["spec"]["ingress"][-1]["from"]) for wall in walls] == [2, 1]


@pytest.mark.parametrize("name", WISHES)
def test_engines_listen_where_routers_and_walls_expect_them(name: str) -> None:
    assert [port.number for port in launch(wanted(WISHES[name])).ports] == [ports.ENGINE]


def test_a_changed_limit_reaches_routers_without_restarting_one() -> None:
    limited = wanted(LEAST | {"router": {"limits": {"maxPromptTokens": 9}, "hold": {"maxRequests": 1}}})
    assert standing(limited, "Deployment") == standing(wanted(LEAST), "Deployment")
    told = json.loads(standing(limited, "ConfigMap")["data"]["router.json"])
    assert told["routing"]["limits"]["maxPromptTokens"] == 9
    assert told["routing"]["hold"]["maxRequests"] == 1


@pytest.mark.parametrize("name", WISHES)
def test_a_router_understands_all_that_it_is_told(name: str) -> None:
    """The two are written in different rooms; only the file is between them."""
    deployment = wanted(WISHES[name])
    if isinstance(deployment.door, str):
        return
    understood = settings.read(standing(deployment, "ConfigMap")["data"]["router.json"])
    assert understood == settings.Settings(
        namespace="team",
        selector="fairlead.dev/deployment=chat,fairlead.dev/role=engine",
        engine_port=ports.ENGINE,
        models=(deployment.wanted.model.served_name, *(one.name for one in deployment.wanted.engine.adapters)),
        routing=replace(deployment.door.routing, cache=understood.routing.cache),
    )


def test_a_router_outlives_its_longest_request() -> None:
    pod = standing(with_router(timeouts=Timeouts(total_seconds=60.5)), "Deployment")["spec"]["template"]["spec"]
    wait = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] == wait + 61 + 15


def test_a_shared_cache_is_told_by_a_file_and_never_by_its_secret() -> None:
    own = json.loads(standing(with_router(cache=ResponseCache(enabled=True)), "ConfigMap")["data"]["router.json"])
    assert own["routing"]["cache"]["redisUrlFile"] is None
    shared = wanted(FULL)
    told = json.loads(standing(shared, "ConfigMap")["data"]["router.json"])
    path = told["routing"]["cache"]["redisUrlFile"]
    (mount,) = standing(shared, "Deployment")["spec"]["template"]["spec"]["containers"][0]["volumeMounts"][1:]
    assert path == f"{mount['mountPath']}/{router_config.REDIS_URL}"


def test_the_address_is_what_people_asked_for() -> None:
    pods = RouterPods(replicas=1, annotations=(("example.com/lb", "internal"),))
    service = standing(replace(wanted(LEAST), door=OwnRouter(pods=pods)), "Service")
    assert service["metadata"]["annotations"] == {"example.com/lb": "internal"}
    assert service["spec"]["type"] == "ClusterIP"
