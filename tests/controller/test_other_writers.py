"""Users, other controllers and a second operator write too: what is ours is restored, what is theirs is left."""

import asyncio
import json
from typing import Any

import pytest

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller.children import foreign_changes
from fairlead.objects.drift import DriftPath
from tests.controller.pretend import Pretend, deployment

CHILDREN: tuple[tuple[Resource, str], ...] = (
    (kinds.SERVICE, "chat-router"),
    (kinds.CONFIG_MAP, "chat-router"),
    (kinds.DEPLOYMENT, "chat-router"),
    (kinds.SERVICE_ACCOUNT, "chat-router"),
    (kinds.ROLE, "chat-router"),
    (kinds.ROLE_BINDING, "chat-router"),
)

POD: DriftPath = ("spec", "template", "spec")
COUNT: Manifest = {"f:spec": {"f:replicas": {}}}


def settled(**spec: Any) -> Pretend:  # noqa: ANN401  # fields of a spec
    """One settled deployment."""
    world = Pretend()
    world.apply(deployment(**spec))
    world.settle()
    return world


@pytest.mark.parametrize(("resource", "name"), CHILDREN, ids=[one.kind for one, _ in CHILDREN])
def test_a_deleted_child_is_recreated_by_the_next_reconcile(resource: Resource, name: str) -> None:
    """P19"""
    world = settled()
    before = world.fingerprint()
    world.kube.delete(resource, "default", name)
    world.tick()
    assert world.fingerprint() == before


def test_a_router_count_that_the_spec_leaves_out_is_left_to_an_hpa() -> None:
    """An HPA of their Deployment: its count survives our edits, and routers get it."""
    world = settled()
    where = (kinds.DEPLOYMENT.title, "default", "chat-router")
    assert world.objects.found(where)["spec"]["replicas"] == 2
    world.objects.put(kinds.DEPLOYMENT, edited(world.objects.found(where), "spec", "replicas", value=9))
    events_before = len(world.event_sink.published)
    world.settle()
    assert world.objects.found(where)["spec"]["replicas"] == 9
    assert not [one for one in world.event_sink.published[events_before:] if one.startswith("PutBack")]
    answer = world.objects.found((kinds.CONFIG_MAP.title, "default", "chat-router"))["data"]["router.json"]
    assert json.loads(answer)["routers"] == 9
    world.apply(deployment(router={"timeouts": {"total": "1m"}}))
    world.settle()
    changed = world.objects.found(where)["spec"]
    assert changed["replicas"] == 9
    assert changed["template"]["spec"]["terminationGracePeriodSeconds"] == 110
    world.apply(deployment(router={"replicas": 3}))
    world.settle()
    assert world.objects.found(where)["spec"]["replicas"] == 3


def edited(live: Manifest, *path: str, value: object) -> Manifest:
    """A copy in which one field has another value."""
    copy = dict(live)
    above: Any = copy
    for step in path[:-1]:
        above[step] = dict(above[step])
        above = above[step]
    above[path[-1]] = value
    return copy


@pytest.mark.parametrize(
    ("resource", "path", "value"),
    [
        (kinds.SERVICE, ("spec", "selector"), {"app": "somebody-else"}),
        (kinds.CONFIG_MAP, ("data", "router.json"), "{}"),
        (kinds.DEPLOYMENT, ("spec", "replicas"), 9),
        (kinds.ROLE, ("rules",), []),
    ],
)
def test_an_edited_child_is_restored_by_the_next_reconcile(
    resource: Resource, path: tuple[str, ...], value: object
) -> None:
    """P19"""
    world = settled(router={"replicas": 2})
    before = world.fingerprint()
    live = world.objects.found((resource.title, "default", "chat-router"))
    world.objects.put(resource, edited(live, *path, value=value))
    assert world.fingerprint() != before
    world.tick()
    assert world.fingerprint() == before
    (event,) = [one for one in world.event_sink.published if one.startswith("PutBack")]
    assert event.startswith(f"PutBack {resource.kind} chat-router: {path[0]}")
    assert event.endswith("was changed by an unknown client; restored: change the InferenceDeployment instead")


def test_the_last_foreign_field_manager_is_named() -> None:
    """P19"""
    entries = [
        {"manager": "kubectl-edit", "time": "2026-11-20T12:05:00Z"},
        {"manager": "helm", "time": "2026-11-20T12:01:00Z"},
        {"manager": "fairlead-controller", "time": "2026-11-20T12:09:00Z"},
        {"manager": "keda", "time": "2026-11-20T12:08:00Z", "subresource": "scale"},
    ]
    assert foreign_changes.last_manager({"metadata": {"managedFields": entries}}) == "kubectl-edit"


def labelled(name: str) -> Manifest:
    """What one owns who has set one label."""
    return {"f:metadata": {"f:labels": {f"f:{name}": {}}}}


@pytest.mark.parametrize(
    ("path", "manager"),
    [
        ((*POD, "containers", "[engine]", "image"), "kubectl-set"),
        ((*POD, "containers", "[engine]", "ports", "[8000/TCP]", "name"), "kubectl-set"),
        ((*POD, "containers", "[loader]", "image"), "kubectl-annotate"),
        (("spec", "replicas"), "kubectl"),
        (("metadata", "labels", "app.kubernetes.io/name"), "argocd"),
        (("metadata", "labels", "app"), "kubectl-label"),
        ((*POD, "tolerations", "[0]", "key"), "argocd"),
        ((*POD, "terminationGracePeriodSeconds"), "kubectl-annotate"),
    ],
    ids=[
        "a field",
        "an entry of a list",
        "another entry",
        "a count",
        "a label with dots",
        "a label that it begins with",
        "a list as a whole",
        "a field that was removed",
    ],
)
def test_of_several_writers_the_one_that_wrote_the_field_is_named(path: DriftPath, manager: str) -> None:
    """P19: the last writer of all had only added an annotation."""
    port: Manifest = {".": {}, "f:name": {}}
    container = {"f:image": {}, "f:ports": {'k:{"containerPort":8000,"protocol":"TCP"}': port}}
    image = {"f:spec": {"f:template": {"f:spec": {"f:containers": {'k:{"name":"engine"}': container}}}}}
    tolerations: Manifest = {"f:spec": {"f:template": {"f:spec": {"f:tolerations": {}}}}}
    entries = [
        {"manager": "kubectl-set", "time": "2026-11-20T12:05:00Z", "fieldsV1": image},
        {"manager": "kubectl", "time": "2026-11-20T12:04:00Z", "subresource": "scale", "fieldsV1": COUNT},
        {"manager": "argocd", "time": "2026-11-20T12:03:00Z", "fieldsV1": tolerations},
        {"manager": "other", "time": "2026-11-20T12:09:00Z", "subresource": "status", "fieldsV1": image},
        {"manager": "argocd", "time": "2026-11-20T12:03:00Z", "fieldsV1": labelled("app.kubernetes.io/name")},
        {"manager": "kubectl-label", "time": "2026-11-20T12:06:00Z", "fieldsV1": labelled("app")},
        {"manager": "kubectl-annotate", "time": "2026-11-20T12:08:00Z", "fieldsV1": {"f:metadata": {"f:x": {}}}},
    ]
    assert foreign_changes.last_manager({"metadata": {"managedFields": entries}}, path) == manager


def test_what_others_added_stays() -> None:
    """P19: an annotation and an injected sidecar are no mistake."""
    world = settled()
    live = world.objects.found((kinds.DEPLOYMENT.title, "default", "chat-router"))
    noted = edited(live, "metadata", "annotations", "linkerd.io/inject", value="enabled")
    sidecar = [*noted["spec"]["template"]["spec"]["containers"], {"name": "proxy", "image": "proxy:1"}]
    world.objects.put(kinds.DEPLOYMENT, edited(noted, "spec", "template", "spec", "containers", value=sidecar))
    writes = len(world.server.writes)
    world.settle()
    after = world.objects.found((kinds.DEPLOYMENT.title, "default", "chat-router"))
    assert len(world.server.writes) == writes
    assert after["metadata"]["annotations"]["linkerd.io/inject"] == "enabled"
    assert [one["name"] for one in after["spec"]["template"]["spec"]["containers"]] == ["router", "proxy"]


def stranger(owner: Manifest | None) -> Manifest:
    """A Service with the name of our router's."""
    metadata: Manifest = {"name": "chat-router", "namespace": "default"}
    if owner is not None:
        metadata["ownerReferences"] = [owner]
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"selector": {"app": "shop"}}}


@pytest.mark.trial(7)
@pytest.mark.parametrize(
    ("owner", "answer"),
    [
        (None, "is not Fairlead's"),
        ({"kind": "Shop", "name": "shop", "uid": "s", "controller": True}, "belongs to Shop shop"),
    ],
)
def test_a_foreign_object_under_our_childs_name_is_left_alone(owner: Manifest | None, answer: str) -> None:
    """P20: neither adopted nor overwritten; the condition names it and its owner, and clears when it is gone."""
    world = Pretend()
    if owner is not None:
        shop = world.objects.put(kinds.CONFIG_MAP, {"metadata": {"name": "shop", "namespace": "default"}})
        owner = owner | {"uid": shop["metadata"]["uid"]}
    world.objects.put(kinds.SERVICE, stranger(owner))
    world.apply(deployment())
    for _ in range(4):
        world.rounds()
    live = world.objects.found((kinds.SERVICE.title, "default", "chat-router"))
    assert live["spec"] == {"selector": {"app": "shop"}}
    assert world.condition("Accepted") == ("False", "NameTaken")
    assert f"Service chat-router exists already and {answer}" in world.message("Accepted")
    assert (world.engines(), world.engine_pods()) == ({}, []), "no GPU for an engine that no request would reach"
    assert world.condition("Progressing") == ("False", "NameTaken")
    assert "Reconciling" not in {one["type"] for one in world.document()["status"]["conditions"]}
    assert "keep" not in world.message("Ready")
    world.kube.delete(kinds.SERVICE, "default", "chat-router")
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.trial(7)
def test_what_ran_before_a_name_was_taken_runs_on() -> None:
    """P20: the router's Service was deleted and another one was created first; an edit waits until the name is free."""
    world = settled()
    serving, figures = world.serving(), world.engines()
    world.kube.delete(kinds.SERVICE, "default", "chat-router")
    world.objects.put(kinds.SERVICE, stranger(None))
    world.apply(deployment(context=4096))
    world.rounds(8)
    assert (world.serving(), world.engines()) == (serving, figures)
    assert world.condition("Ready") == ("False", "NameTaken")
    assert world.message("Ready").endswith("another name; 2 replicas run as before")
    assert world.tick().after_s == 15.0, "a stranger's object is not watched, so it is looked for"
    world.kube.delete(kinds.SERVICE, "default", "chat-router")
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")
    assert len(world.serving_of(4096)) == 2


def test_what_was_orphaned_on_purpose_is_taken_back() -> None:
    """P20: our own label and no controller: it was ours."""
    world = settled()
    before = world.fingerprint()
    live = world.objects.found((kinds.SERVICE.title, "default", "chat-router"))
    world.objects.put(kinds.SERVICE, edited(live, "metadata", "ownerReferences", value=[]))
    world.settle()
    assert world.fingerprint() == before
    after = world.objects.found((kinds.SERVICE.title, "default", "chat-router"))
    assert after["metadata"]["ownerReferences"][0]["uid"] == world.document()["metadata"]["uid"]


@pytest.mark.parametrize("first", [0, 1])
def test_two_operators_at_once_do_no_harm(first: int) -> None:
    """P21: a minute of both, change by change; nothing is created twice and nothing flaps."""
    clean, world = Pretend(gpus=3), Pretend(gpus=3)
    other = world.second_operator()
    for context in (8192, 4096):
        clean.apply(deployment(context=context))
        clean.settle()
        world.apply(deployment(context=context))
        for turn in range(14):
            world.kube.round(world.now)
            for _ in range(3):
                (world, other)[(turn + first) % 2].tick()
                (world, other)[(turn + first + 1) % 2].tick()
            world.now = other.now = world.now + world.ROUND
    assert world.fingerprint() == clean.fingerprint()
    assert +world.server.made == +clean.server.made
    writes = len(world.server.writes)
    world.tick()
    other.tick()
    assert len(world.server.writes) == writes


def test_two_operators_in_the_same_moment_do_no_harm() -> None:
    """P21: their requests take turns."""
    clean, world = settled(), Pretend()
    other = world.second_operator()
    world.apply(deployment())

    async def both() -> None:
        for one in (world, other):
            one.world.receive()
        await asyncio.gather(*(one.operator.reconcile(world.key(), world.now) for one in (world, other)))

    for _ in range(12):
        world.kube.round(world.now)
        asyncio.run(both())
        asyncio.run(both())
        world.now += world.ROUND
    world.settle()
    assert world.fingerprint() == clean.fingerprint()
