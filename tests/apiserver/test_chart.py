"""The chart as rendered by Helm: valid for the oldest and newest Kubernetes with any setting; wrong values are refused.

Helm and kubeconform read files here; no cluster is used.
"""

import argparse
import functools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from devcluster.cache import Cache
from devcluster.setup import programs
from fairlead.cli import autoscaler_command, operator_command, selftest
from house import chart_manifests, kube_schemas
from house.chart_manifests import Manifest, Refused
from house.chart_values import Values
from house.tree import ROOT
from tests.apiserver.packaged import DIGEST, FILLED, SERVING_SCRAPED, besides_defaults, leaves, nested

CASES: Final = tuple(besides_defaults())
COMMANDS: Final[dict[str, Any]] = {
    "operator": operator_command,
    "controller": operator_command,
    "autoscaler": autoscaler_command,
    "selftest": selftest,
}
GUARDS: Final = ("NetworkPolicy", "PodMonitor")
FOREIGN: Final = ("PodMonitor", "PrometheusRule", "Issuer", "Certificate")
"""Kinds of other operators, whose CRDs are not part of Kubernetes."""


@pytest.fixture(scope="module")
def default(helm: Path) -> list[Manifest]:
    """The objects of an installation with default values."""
    return chart_manifests.template(helm)


@pytest.fixture(scope="module")
def cases(helm: Path) -> list[list[Manifest]]:
    """What every case renders, tests included."""
    return [_once(helm, json.dumps(values)) for _, _, values in CASES]


def test_helm_has_nothing_to_say_against_it(helm: Path) -> None:
    words = [str(helm), "lint", "--strict", str(chart_manifests.CHART)]
    finished = subprocess.run(words, capture_output=True, text=True, check=False)
    assert finished.stdout.endswith("1 chart(s) linted, 0 chart(s) failed\n"), finished.stdout + finished.stderr


@pytest.mark.parametrize(("path", "before", "after"), CASES, ids=lambda each: each if isinstance(each, str) else "")
def test_every_value_changes_what_is_installed(
    helm: Path, path: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert _once(helm, json.dumps(before)) != _once(helm, json.dumps(after)), path


def test_null_is_the_same_as_nothing(helm: Path, default: list[Manifest]) -> None:
    empty = [path for path, value, _ in leaves(Values(), "") if value in ("", [], {})]
    assert chart_manifests.template(helm, nested(dict.fromkeys(empty))) == default


@pytest.mark.parametrize("release", kube_schemas.RELEASES)
def test_whatever_is_set_is_valid_for_kubernetes(
    helm: Path, default: list[Manifest], cases: list[list[Manifest]], release: str, tmp_path: Path
) -> None:
    tests = [*_rendered_tests(helm), *_rendered_tests(helm, {"watchNamespaces": ["models"]})]
    objects = [*default, *tests, *(one for case in cases for one in case), *_samples()]
    assert [name for name, one in _nulls("", objects)] == []
    report = _kubeconform(helm.parent, release, tmp_path, objects)
    assert report["summary"]["valid"] == sum(one["kind"] not in FOREIGN for one in objects), report["resources"]
    assert (report["summary"]["invalid"], report["summary"]["errors"]) == (0, 0), report["resources"]


def test_the_schemas_would_notice_a_field_that_does_not_exist(helm: Path, tmp_path: Path) -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x"}, "spec": {"prots": []}}
    report = _kubeconform(helm.parent, "1.34.2", tmp_path, [wrong])
    assert report["summary"]["invalid"] == 1
    assert "prots" in json.dumps(report["resources"])


WRONG: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "a word it does not know": ({"replica": 1}, "additional properties 'replica' not allowed"),
    "one below": ({"webhook": {"failurepolicy": "Fail"}}, "at '/webhook': additional properties 'failurepolicy'"),
    "another type": ({"replicas": "two"}, "at '/replicas': got string, want integer"),
    "none": ({"replicas": 0}, "at '/replicas': minimum: got 0, want 1"),
    "another case": ({"webhook": {"failurePolicy": "fail"}}, "value must be one of 'Ignore', 'Fail'"),
    "half a digest": ({"image": {"digest": "sha256:12"}}, "at '/image/digest': 'sha256:12' does not match pattern"),
    "no namespace": ({"watchNamespaces": ["Models"]}, "at '/watchNamespaces/0': 'Models' does not match pattern"),
    "a namespace twice": ({"watchNamespaces": ["a", "a"]}, "at '/watchNamespaces': items at 0 and 1 are equal"),
    "nobody to run as": ({"serviceAccount": {"create": False}}, "serviceAccount.name"),
    "a price below zero": ({"products": [{"product": "A", "priceUsdHour": -1}]}, "at '/products/0/priceUsdHour'"),
    "an unknown field": ({"products": [{"product": "A", "price": 1}]}, "additional properties 'price' not allowed"),
    "a flag that a value sets": ({"extraArgs": ["--namespaces=a"]}, "set watchNamespaces instead"),
}


def test_every_flag_that_a_value_sets_is_refused_among_your_own(helm: Path, cases: list[list[Manifest]]) -> None:
    deployments = [one for case in cases for one in case if one["kind"] == "Deployment"]
    started = [one["spec"]["template"]["spec"]["containers"][0]["args"] for one in deployments]
    flags = {word.partition("=")[0] for _, *words in started for word in words}
    for flag in flags - {FILLED["extraArgs"][0].partition("=")[0]}:
        with pytest.raises(Refused) as refused:
            chart_manifests.template(helm, {"extraArgs": [f"{flag}=x"]})
        assert f'"{flag}=x": the chart sets this flag; set ' in str(refused.value).replace("\\", "")


@pytest.mark.parametrize(("values", "wording"), WRONG.values(), ids=WRONG)
def test_a_wrong_value_is_refused_by_its_path(helm: Path, values: dict[str, Any], wording: str) -> None:
    with pytest.raises(Refused) as refused:
        chart_manifests.template(helm, values)
    assert wording in str(refused.value)


def test_a_kubernetes_too_old_is_refused(helm: Path) -> None:
    with pytest.raises(Refused) as refused:
        chart_manifests.template(helm, more=["--kube-version=1.33.9"])
    assert "requires kubeVersion: >=1.34.0-0" in str(refused.value)


def test_no_rule_has_a_wildcard_and_none_lists_secrets(default: list[Manifest], cases: list[list[Manifest]]) -> None:
    rules = [rule for case in [default, *cases] for one in case for rule in one.get("rules", ()) if "verbs" in rule]
    assert [rule for rule in rules if "*" in json.dumps(rule)] == []
    assert {verb for rule in rules if "secrets" in rule.get("resources", ()) for verb in rule["verbs"]} == {
        "get",
        "create",
        "patch",
        "update",
    }


def test_a_digest_pins_the_operator_the_routers_the_engines_and_the_test(helm: Path) -> None:
    values = nested({"image.digest": DIGEST, "image.tag": "1.2.3"})
    pinned = f"registry.fairlead.dev/fairlead@{DIGEST}"
    text = json.dumps(chart_manifests.template(helm, values) + _rendered_tests(helm, values))
    assert text.count(pinned) == text.count("registry.fairlead.dev/fairlead") == 4
    assert f"--router-image={pinned}" in text
    assert f"--engine-image={pinned}" in text


def test_the_commands_understand_every_flag_that_any_value_gives_them(
    helm: Path, default: list[Manifest], cases: list[list[Manifest]]
) -> None:
    objects = [one for case in [default, *cases, _rendered_tests(helm)] for one in case]
    started = [one["spec"]["template"]["spec"]["containers"][0]["args"] for one in objects if _runs(one)]
    assert {command for command, *_ in started} == COMMANDS.keys()
    assert len(started) == len(CASES) + 2 + sum(command == "autoscaler" for command, *_ in started)
    for command, *flags in started:
        parser = argparse.ArgumentParser(exit_on_error=False)
        COMMANDS[command].arguments(parser)
        parser.parse_args(flags)


def test_no_label_of_yours_breaks_a_selector(helm: Path) -> None:
    labels = {"app.kubernetes.io/name": "other", "app.kubernetes.io/component": "other"}
    objects = chart_manifests.template(helm, {"commonLabels": labels, "podLabels": labels})
    (pod,) = [one["spec"]["template"]["metadata"]["labels"] for one in objects if one["kind"] == "Deployment"]
    selectors = [one["spec"]["selector"] for one in objects if one["kind"] == "Service"]
    assert selectors
    assert all(selector.items() <= pod.items() for selector in selectors)


def test_with_namespaces_it_gets_no_right_outside_them_but_nodes_and_its_own_webhook(helm: Path) -> None:
    objects = chart_manifests.template(helm, {"watchNamespaces": ["a", "b"], "rbac": {"aggregate": False}})
    roles = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in objects}
    whole = [rule for (kind, *_), one in roles.items() if kind == "ClusterRole" for rule in one["rules"]]
    assert [rule["resources"][0] for rule in whole] == ["nodes", "priorityclasses", "validatingwebhookconfigurations"]
    assert roles["Role", "a", "fairlead"]["rules"] == roles["Role", "b", "fairlead"]["rules"]


def test_explain_needs_three_permissions_which_the_chart_grants_to_no_account(default: list[Manifest]) -> None:
    (role,) = [one for one in default if one["metadata"]["name"] == "fairlead-explain"]
    bound = [one["roleRef"]["name"] for one in default if one["kind"].endswith("RoleBinding")]
    assert [(rule["resources"], rule["verbs"]) for rule in role["rules"]] == [
        (["pods"], ["list"]),
        (["pods/proxy"], ["get"]),
        (["leases"], ["get"]),
    ]
    assert role["kind"] == "Role"
    assert "fairlead-explain" not in bound


def test_every_process_that_decides_is_scraped_and_guarded_alike(helm: Path) -> None:
    values = nested({"metrics.podMonitor.enabled": True, "networkPolicy.enabled": True, "autoscaler.separate": True})
    objects = chart_manifests.template(helm, values)
    entries = [one["spec"].get("podSelector", one["spec"].get("selector")) for one in objects if one["kind"] in GUARDS]
    (expression,) = entries[0]["matchExpressions"]
    pods = [one["spec"]["template"]["metadata"]["labels"] for one in objects if one["kind"] == "Deployment"]
    assert entries[0] == entries[1]
    assert all(entries[0]["matchLabels"].items() <= pod.items() for pod in pods)
    assert {pod[expression["key"]] for pod in pods} == set(expression["values"])


@pytest.mark.trial(16)
def test_the_monitor_of_routers_sends_a_token_that_may_get_metrics_and_nothing_else(helm: Path) -> None:
    objects = chart_manifests.template(helm, nested(SERVING_SCRAPED))
    found = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    (routers,) = found["PodMonitor", "fairlead-routers"]["spec"]["podMetricsEndpoints"]
    assert routers["authorization"] == {"credentials": {"name": "fairlead-scraper", "key": "token"}}
    assert found["ClusterRole", "fairlead-scraper"]["rules"] == [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}]


OVERLAYS: Final[dict[str, dict[str, Any]]] = {
    "base": {},
    "overlays/single-replica": {"replicas": 1},
    "overlays/cert-manager": nested({"webhook.certManager.enabled": True}),
    "overlays/namespaced": {"watchNamespaces": ["models"]},
}


@pytest.mark.parametrize(("folder", "values"), OVERLAYS.items(), ids=OVERLAYS)
def test_kustomize_builds_what_helm_renders(helm: Path, folder: str, values: dict[str, Any]) -> None:
    kubectl = programs.ensure(Cache.chosen(), programs.LIGHT) / "kubectl"
    words = [str(kubectl), "kustomize", str(ROOT / "manifests" / folder)]
    built = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    theirs = [chart_manifests.plain(one) for one in chart_manifests.template(helm, values)]
    if folder == "overlays/namespaced":  # kustomize grants the one ClusterRole by namespace, Helm makes a Role in each
        theirs = [_by_cluster_role(one) for one in theirs]
    assert _by_name(yaml.safe_load_all(built)) == _by_name(theirs)


def test_the_one_file_and_the_base_are_up_to_date(helm: Path) -> None:
    for path, text in chart_manifests.rendered(helm).items():
        assert (ROOT / path).read_text() == text, f"{path}: run `make chart` and commit what it wrote"


def _runs(one: Manifest) -> bool:
    return one["kind"] in {"Deployment", "Job"}


@functools.cache
def _once(helm: Path, values: str) -> list[Manifest]:
    """Many cases differ from the same rendering."""
    return chart_manifests.template(helm, json.loads(values))


def _by_cluster_role(one: Manifest) -> Manifest:
    text = json.dumps(one)
    if one["kind"] == "Role" and one["metadata"]["namespace"] == "models":
        metadata = {key: value for key, value in one["metadata"].items() if key != "namespace"}
        return {**one, "kind": "ClusterRole", "metadata": metadata}
    if one["kind"] == "RoleBinding" and one["metadata"]["namespace"] == "models":
        text = text.replace('"kind": "Role"', '"kind": "ClusterRole"')
    return dict(json.loads(text))


def _by_name(objects: Iterator[Manifest] | list[Manifest]) -> dict[str, Manifest]:
    """Objects by kind and name; hand-written ones of an overlay have no version."""
    found = {}
    for one in objects:
        one["metadata"]["labels"].pop("app.kubernetes.io/version", None)
        found[f"{one['kind']} {one['metadata'].get('namespace')}/{one['metadata']['name']}"] = one
    return found


def _rendered_tests(helm: Path, values: dict[str, Any] | None = None) -> list[Manifest]:
    """The objects of `helm test`."""
    chart = str(chart_manifests.CHART)
    words = [str(helm), "template", "fairlead", chart, "-s", "templates/tests/selftest.yaml", "-f", "-"]
    done = subprocess.run(words, input=json.dumps(values or {}), capture_output=True, text=True, check=True)
    return list(yaml.safe_load_all(done.stdout))


def _samples() -> list[Manifest]:
    texts = [path.read_text() for path in sorted((ROOT / "manifests/samples").glob("*.yaml"))]
    return [one for text in texts for one in yaml.safe_load_all(text)]


def _nulls(path: str, node: object) -> Iterator[tuple[str, None]]:
    if node is None:
        yield path, None
    elif isinstance(node, dict):
        for name, value in node.items():
            yield from _nulls(f"{path}.{name}", value)
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _nulls(f"{path}[{number}]", value)


def _kubeconform(folder: Path, release: str, own: Path, objects: list[Manifest]) -> dict[str, Any]:
    for name, schema in kube_schemas.ours().items():
        (own / name).write_text(json.dumps(schema))
    places = [kube_schemas.ensure(Cache.chosen(), release), own]
    locations = [word for place in places for word in ("-schema-location", f"{place}/{kube_schemas.LOCATION}")]
    words = [
        str(folder / "kubeconform"),
        "-strict",
        "-summary",
        "-output=json",
        f"-skip={','.join(FOREIGN)}",
        *locations,
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    return dict(json.loads(done.stdout))
