"""Every field of the spec has an effect: each leaf of the CRD is changed, something changes, and it comes back.

Generated from the committed CRD, so a field added tomorrow is tested tomorrow.
"""

import copy
import json
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from tests.controller import mount_fields, old_names, points
from tests.controller.every_field import BASE, ONLY_CHECKED, UNDONE_BY_ROUTERS
from tests.controller.every_field import BESIDE as BESIDE_OTHERS
from tests.controller.every_field import VALUES as OTHER_VALUES
from tests.controller.pretend import Pretend, deployment

VALUES: Final = OTHER_VALUES | mount_fields.VALUES | old_names.VALUES
BESIDE: Final = BESIDE_OTHERS | mount_fields.BESIDE | old_names.BESIDE
CRD: Final = Path(__file__).resolve().parents[2] / "crds" / "inferencedeployments.fairlead.dev.yaml"


@cache
def leaves() -> dict[str, Manifest]:
    """Every leaf of the spec by its path, with its schema."""
    version = yaml.safe_load(CRD.read_text())["spec"]["versions"][0]
    return dict(_walk(version["schema"]["openAPIV3Schema"]["properties"]["spec"], ""))


def _walk(schema: Manifest, path: str) -> Iterator[tuple[str, Manifest]]:
    if "properties" in schema:
        for name, inner in schema["properties"].items():
            yield from _walk(inner, f"{path}.{name}".lstrip("."))
    elif schema.get("type") == "array":
        yield from _walk(schema["items"], f"{path}.[]")
    else:
        yield path, schema


def another(leaf: str) -> Any:  # noqa: ANN401  # whatever the leaf holds
    """A value other than the default."""
    schema = leaves()[leaf]
    if leaf in VALUES:
        return VALUES[leaf]
    if "enum" in schema:
        return next(one for one in schema["enum"] if one != schema.get("default"))
    if schema["type"] == "boolean":
        return not schema.get("default", False)
    if schema["type"] == "integer":
        return int(schema.get("default") or schema["minimum"]) + 1
    return "something-else"


def changed(leaf: str) -> tuple[Manifest, Manifest]:
    """A spec without the leaf and with it; whatever it needs beside it is in both."""
    document = deployment(**copy.deepcopy(BASE))
    _merge(document["spec"], copy.deepcopy(BESIDE.get(leaf, {})))
    before = json.loads(json.dumps(document))
    _set(document["spec"], leaf.split("."), another(leaf))
    return before, document


def _merge(into: Manifest, more: Manifest) -> None:
    for name, value in more.items():
        if value is None:
            into.pop(name, None)
        elif isinstance(value, dict) and isinstance(into.get(name), dict):
            _merge(into[name], value)
        else:
            into[name] = value


def _set(node: Any, path: list[str], value: Any) -> None:  # noqa: ANN401  # any part of a spec
    step, *rest = path
    if step == "[]":
        node += [] if node else [{}]
        if not rest:
            node[:] = [value]
            return
        _set(node[0], rest, value)
    elif not rest:
        node[step] = value
    else:
        node.setdefault(step, [] if rest[0] == "[]" else {})
        _set(node[step], rest, value)


@cache
def _furnished() -> Pretend:
    world = Pretend(gpus=8)
    some: tuple[Manifest, ...] = (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"key": "dg==", "other": "dg=="}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "data": {"key": "dg=="}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "certificate"},
            "data": {"tls.crt": "dg==", "tls.key": "dg=="},
        },
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "s"}, "data": {"key": "v", "other": "v"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "t"}, "data": {"key": "v"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "models"}},
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"}},
    )
    for one in some:
        head = {"metadata": {"name": one["metadata"]["name"], "namespace": "default"}}
        world.objects.put(kinds.of(one), one | head)
    return world


def state(world: Pretend) -> Manifest:
    """All children and the status, without times and generations."""
    found = world.fingerprint()
    found[f"{kinds.INFERENCE_DEPLOYMENT.title}/chat"] = {}
    status = json.loads(json.dumps(world.document()["status"]))
    for one in status["conditions"]:
        one.pop("lastTransitionTime")
        one.pop("observedGeneration")
    status.pop("observedGeneration")
    for one in status["revisions"]:
        one.pop("startedAt")
    status["conditions"].sort(key=lambda one: str(one["type"]))
    return found | {"status": status}


@cache
def begun(document: str) -> Pretend:
    """A world that has taken up a spec."""
    world = _furnished().twin()
    world.apply(json.loads(document))
    recommend(world, 1)
    world.reconcile_now()
    assert world.condition("Accepted")[0] == "True", world.message("Accepted")
    return world


def recommend(world: Pretend, count: int) -> None:
    """Recommend as the autoscaler does."""
    live = world.document()
    status = (live.get("status") or {}) | {"scaling": {"recommended": count}}
    world.objects.put(kinds.INFERENCE_DEPLOYMENT, live | {"status": status})


AROUND: Final = (
    *("router.service.", "router.httpRoute."),
    *("router.placement.", "router.resources.", "router.podMetadata."),
)
"""They do not concern what routers do: what leads to them, and their pods."""
ALL_STEADY: Final = sorted(one for one in leaves() if not one.startswith(("rollout.", "repair.")))
STEADY: Final = [ALL_STEADY[place] for place in points.of(len(ALL_STEADY), few=35)]
"""All of them in `make test`, some of every group in quick runs."""
ROLLING: Final = sorted(one for one in leaves() if one.startswith("rollout."))
REPAIRING: Final = sorted(one for one in leaves() if one.startswith("repair."))


@pytest.mark.parametrize("leaf", STEADY)
def test_every_field_changes_a_child_or_a_word_and_back(leaf: str) -> None:
    """P17"""
    before, after = changed(leaf)
    world = begun(json.dumps(before)).twin()
    states = [state(world)]
    for document in (after, before):
        world.apply(document)
        world.reconcile_now()
        wrong = leaf in ONLY_CHECKED and document is after
        assert (world.condition("Accepted")[0] == "False") == wrong, world.message("Accepted")
        states.append(state(world))
    assert states[1] != states[0], f"{leaf} changes nothing"
    assert states[2] == states[0] or leaf in UNDONE_BY_ROUTERS, f"{leaf} leaves a trace"
    if leaf.startswith("router.") and not leaf.startswith(AROUND):
        name = "configmaps/chat-router"
        assert states[1][name]["data"] != states[0][name]["data"]


@cache
def rolled(rules: str) -> list[object]:
    """The course of a change under these rules: to one that serves, then to one that never does."""
    rollout = json.loads(rules)
    world, entries = Pretend(gpus=6), list[object]()
    world.apply(deployment(rollout=rollout, replicas=3))
    world.settle()
    for context, broken in ((4096, {}), (2048, {"state": {"waiting": {"reason": "ErrImagePull"}}})):
        names = set(world.engines())
        world.apply(deployment(rollout=rollout, replicas=3, context=context))
        world.reconcile_now()
        world.kube.broken = {name: broken for name in set(world.engines()) - names if broken}
        for _ in range(7):
            world.rounds()
            plan = (world.document()["status"].get("canary") or {}).get("plan")
            entries.append((sorted(world.engines().items()), world.message("Progressing"), plan))
    world.now += timedelta(seconds=120)
    world.rounds(6)
    return [*entries, sorted(world.engines().items()), world.message("Progressing")]


@pytest.mark.parametrize("leaf", ROLLING)
def test_every_rule_of_a_rollout_changes_how_one_goes(leaf: str) -> None:
    """P17"""
    before, after = changed(leaf)
    assert rolled(json.dumps(before["spec"].get("rollout", {}))) != rolled(json.dumps(after["spec"]["rollout"]))


@cache
def repaired(rules: str) -> list[str]:
    """The pods that are deleted under these rules after a replica hung."""
    world = Pretend(gpus=4)
    world.apply(deployment(repair=json.loads(rules), replicas=3))
    world.settle()
    world.now += timedelta(minutes=3)
    world.pod_client.hung = {world.engine_pods()[0]["metadata"]["name"]: 130.0}
    world.rounds(2)
    return [name for verb, kind, name in world.server.writes if (verb, kind) == ("delete", kinds.POD.title)]


@pytest.mark.parametrize("leaf", REPAIRING)
def test_every_rule_of_repair_changes_what_becomes_of_replicas_that_stop_serving(leaf: str) -> None:
    """P17"""
    before, after = changed(leaf)
    assert repaired(json.dumps(before["spec"].get("repair", {}))) != repaired(json.dumps(after["spec"]["repair"]))


def test_nothing_is_excused_that_is_no_field() -> None:
    """P17"""
    assert set(VALUES) | set(BESIDE) <= set(leaves())
