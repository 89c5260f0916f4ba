"""What follows from our models without Helm: the chart's values, their schema and page, and its CRDs."""

import argparse
import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import fairlead
from fairlead.api.kinds import KINDS
from fairlead.api.object_reader import read_strict
from fairlead.cli import operator_command
from house import chart, chart_files, chart_manifests, kind_definitions
from house.chart_values import Values


def test_what_lies_in_the_tree_is_what_the_models_say(capsys: pytest.CaptureFixture[str]) -> None:
    assert chart.main(["--drift"]) == 0, capsys.readouterr().out


def test_a_difference_is_reported_with_its_file_and_what_to_do() -> None:
    wanted = {"a": "1", "b": "2", "c": "3"}
    assert chart.drift(wanted, {"a": "1", "b": "other", "d": "4"}) == [
        f"b: differs from the models: {chart.ADVICE}",
        f"c: is missing: {chart.ADVICE}",
        f"d: belongs to no model: {chart.ADVICE}",
    ]


def test_a_rendering_of_another_chart_is_noticed_without_helm(tmp_path: Path) -> None:
    stale = tmp_path / "install.yaml"
    stale.write_text("# Of the chart whose files have the digest 000000000000.\n")
    lines = [f"{chart_manifests.INSTALL}: was rendered from another chart"]
    assert chart_manifests.drift(stale) == chart_manifests.drift(tmp_path / "none.yaml") == lines
    stale.write_text(chart_manifests.mark() + "kind: Service\n")
    assert chart_manifests.drift(stale) == []


def test_a_wrong_word_gets_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert chart.main(["--check"]) == 2
    assert "usage: python -m house.chart [--drift]" in capsys.readouterr().err


def test_every_group_of_values_is_closed_and_every_value_explained() -> None:
    for path, node in _nodes("", chart_files.schema()):
        assert node.get("description"), path
        if "properties" in node:
            assert node["additionalProperties"] is False, path
    assert "$ref" not in json.dumps(chart_files.schema())


def test_the_chart_knows_every_flag_of_the_operator_and_no_other() -> None:
    """Those that it sets, those that its ports rely on, and those that are free; more is refused in `extraArgs`."""
    parser = argparse.ArgumentParser()
    operator_command.arguments(parser)
    flags = {flag for flag in parser.format_help().replace("[", " ").split() if flag.startswith("--")}
    checks = (chart_manifests.CHART / "templates/_checks.tpl").read_text()
    assert set(re.findall(r'"(--[a-z-]+)"', checks)) == {flag.rstrip("],") for flag in flags} - {"--help"}


def test_values_yaml_holds_the_defaults_and_the_page_a_row_for_each() -> None:
    files = chart_files.rendered()
    assert yaml.safe_load(files["charts/fairlead/values.yaml"]) == Values().model_dump(by_alias=True)
    rows = re.findall(r"^\| `([\w.]+)` \|", files[chart_files.PAGE], re.MULTILINE)
    leaves = [path for path, node in _nodes("", chart_files.schema()) if path and "properties" not in node]
    assert rows == [path for path in leaves if "[]" not in path and path != "global"]


def test_the_schema_names_the_same_defaults_as_values_yaml() -> None:
    """Editors show those of the schema."""
    values = Values().model_dump(by_alias=True)
    compared = 0
    for path, node in _nodes("", chart_files.schema()):
        if "default" in node and "[]" not in path and (place := path.split("."))[0] in values:
            assert node["default"] == functools.reduce(lambda group, name: group[name], place, values), path
            compared += 1
    assert compared > 50


def test_a_peer_that_names_nothing_is_refused_as_kubernetes_would() -> None:
    peers = chart_files.schema()["properties"]["networkPolicy"]["properties"]["metricsFrom"]
    checked = jsonschema.Draft202012Validator(peers)
    assert not checked.is_valid([{}])
    assert checked.is_valid([{"podSelector": {}}])


@pytest.mark.parametrize(
    ("ours", "helms"), [("0.1.0", "0.1.0"), ("0.2.0rc1", "0.2.0-rc1"), ("1.0.0.dev3", "1.0.0-dev3")]
)
def test_our_version_becomes_one_that_helm_can_order(ours: str, helms: str) -> None:
    assert chart_files.version(ours) == helms


def test_what_artifact_hub_shows_is_ours_and_its_examples_are_accepted() -> None:
    about = yaml.safe_load(chart_files.rendered()["charts/fairlead/Chart.yaml"])
    shown = {name.partition("/")[2]: text for name, text in about["annotations"].items()}
    (image,) = yaml.safe_load(shown["images"])
    assert image["image"].endswith(f":{fairlead.__version__}")
    assert [one["name"] for one in yaml.safe_load(shown["crds"])] == [kind.crd for kind in KINDS]
    examples = yaml.safe_load(shown["crdsExamples"])
    assert [read_strict(one, kind).problems for one, kind in zip(examples, KINDS, strict=True)] == [()] * len(KINDS)


def test_a_definition_in_the_chart_is_the_definition() -> None:
    for one in kind_definitions.all_of_them().values():
        text = chart_files.definition(one)
        spec = yaml.safe_load(text[text.index("\nspec:") : text.rindex("{{- end }}")])
        assert spec == {"spec": json.loads(json.dumps(one["spec"]))}
        assert f"\nmetadata:\n  name: {one['metadata']['name']}\n" in text


def test_a_brace_in_a_definition_is_no_template() -> None:
    one: dict[str, Any] = {"apiVersion": "v1", "kind": "K", "metadata": {"name": "k"}, "spec": {"says": "{{ it }}"}}
    assert """says: '{{ "{{" }} it }}'""" in chart_files.definition(one)


def _nodes(path: str, node: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from _nodes(f"{path}.{name}".lstrip("."), below)
    if "properties" in node.get("items", {}):
        yield from ((f"{path}[].{name}", below) for name, below in node["items"]["properties"].items())
