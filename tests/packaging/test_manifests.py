"""The kubectl manifests in the tree: one file and a folder with the same objects, and modest rights."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from fairlead.cli import operator_command
from house import chart_manifests
from house.tree import ROOT

MANIFESTS: Final = ROOT / "manifests"


def read(path: Path) -> list[dict[str, Any]]:
    """All objects of a file."""
    return list(yaml.load_all(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))


@pytest.fixture(scope="module")
def installed() -> list[dict[str, Any]]:
    """What the one file installs."""
    return read(MANIFESTS / "install.yaml")


def test_the_one_file_and_the_folder_hold_the_same_objects(installed: list[dict[str, Any]]) -> None:
    (listed,) = read(MANIFESTS / "base/kustomization.yaml")
    base = [one for name in listed["resources"] for one in read(MANIFESTS / "base" / name)]
    assert sorted(map(json.dumps, base)) == sorted(map(json.dumps, installed))
    assert {path.name for path in (MANIFESTS / "base").iterdir()} == {"kustomization.yaml", *listed["resources"]}


def test_nothing_in_it_says_helm(installed: list[dict[str, Any]]) -> None:
    assert "helm" not in json.dumps([one for one in installed if one["kind"] != "CustomResourceDefinition"]).lower()
    assert [one["metadata"].get("annotations") for one in installed] == [None] * len(installed)


def test_the_definitions_in_it_are_those_of_crds(installed: list[dict[str, Any]]) -> None:
    there = {one["metadata"]["name"]: one["spec"] for one in installed if one["kind"] == "CustomResourceDefinition"}
    ours = [one for path in (ROOT / "crds").glob("*.yaml") for one in read(path)]
    assert there == {one["metadata"]["name"]: one["spec"] for one in ours}


def test_the_operator_runs_with_the_least_a_pod_can_have(installed: list[dict[str, Any]]) -> None:
    (pod,) = [one["spec"]["template"]["spec"] for one in installed if one["kind"] == "Deployment"]
    (container,) = pod["containers"]
    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"] == {"memory": "512Mi"}


def test_the_command_understands_every_flag_it_is_started_with(installed: list[dict[str, Any]]) -> None:
    (pod,) = [one["spec"]["template"]["spec"] for one in installed if one["kind"] == "Deployment"]
    command, *flags = pod["containers"][0]["args"]
    parser = argparse.ArgumentParser(exit_on_error=False)
    operator_command.arguments(parser)
    chosen = parser.parse_args(flags)
    assert (command, chosen.lease_namespace, chosen.webhook) == ("operator", "$(POD_NAMESPACE)", "on")
    assert chosen.router_image == chosen.engine_image == pod["containers"][0]["image"]
    assert chosen.webhook_configuration == "fairlead"


def test_the_ports_it_shows_are_those_it_listens_on(installed: list[dict[str, Any]]) -> None:
    (pod,) = [one["spec"]["template"]["spec"] for one in installed if one["kind"] == "Deployment"]
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    chosen = parser.parse_args([])
    shown = {one["name"]: one["containerPort"] for one in pod["containers"][0]["ports"]}
    assert shown == {"health": chosen.health_port, "metrics": chosen.metrics_port, "webhook": chosen.webhook_port}


def test_its_rights_name_every_verb_and_every_resource(installed: list[dict[str, Any]]) -> None:
    rules = [rule for one in installed if "rules" in one for rule in one["rules"]]
    assert rules
    assert "*" not in json.dumps(rules)
    secret = [verb for rule in rules if "secrets" in rule["resources"] for verb in rule["verbs"]]
    assert not {"list", "watch", "delete"} & set(secret), "they are read, made and renewed by name"


def test_no_authority_is_written_into_the_webhook(installed: list[dict[str, Any]]) -> None:
    (one,) = [one for one in installed if one["kind"] == "ValidatingWebhookConfiguration"]
    (webhook,) = one["webhooks"]
    assert "caBundle" not in webhook["clientConfig"]
    assert webhook["failurePolicy"] == "Ignore"


def test_an_object_loses_only_what_helm_reads() -> None:
    labels = {"helm.sh/chart": "fairlead-0.1.0", "app.kubernetes.io/managed-by": "Helm", "team": "a"}
    annotations = {"helm.sh/resource-policy": "keep"}
    one = {"kind": "K", "metadata": {"name": "n", "labels": labels, "annotations": annotations}, "spec": {}}
    assert chart_manifests.plain(one) == {"kind": "K", "metadata": {"name": "n", "labels": {"team": "a"}}, "spec": {}}


def test_objects_are_filed_by_kind_in_the_order_they_are_installed() -> None:
    objects = [
        {"kind": kind, "metadata": {"name": name}} for kind, name in (("Role", "b"), ("Job", "c"), ("Role", "a"))
    ]
    files = chart_manifests.of(objects)
    assert list(files) == [
        "manifests/base/kustomization.yaml",
        "manifests/base/role.yaml",
        "manifests/base/job.yaml",
        "manifests/install.yaml",
    ]
    assert [one["metadata"]["name"] for one in yaml.safe_load_all(files["manifests/base/role.yaml"])] == ["b", "a"]
    assert list(yaml.safe_load_all(files["manifests/install.yaml"])) == objects
