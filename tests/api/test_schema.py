"""The CRDs are what the API server requires, bounded everywhere, explained everywhere, and as committed."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from fairlead.api.api_model import ApiModel
from fairlead.api.kinds import KINDS
from house import api_page, kind_definitions, structural_schema
from house import crds as files
from house.tree import ROOT

PLAIN = {
    *("description", "type", "format", "properties", "required", "items", "additionalProperties", "enum", "default"),
    *("minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "maxProperties", "anyOf"),
    *("x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-int-or-string"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations"),
}
"""Keys of a structural schema that we use; the server may drop any other one silently."""


def nodes(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in a schema, with its path."""
    yield path, node
    for name, below in node.get("properties", {}).items():
        yield from nodes(below, f"{path}.{name}")
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from nodes(node[key], f"{path}[]")


EVERY = [
    (path, node)
    for kind in KINDS
    for part in (kind.spec, kind.status)
    for path, node in nodes(structural_schema.of(part), f"{kind.short}.{part.__name__}")
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.short)
def test_every_word_of_a_schema_is_one_the_server_keeps(kind: Any) -> None:  # noqa: ANN401  # one of our kinds
    assert {key for _, node in nodes(structural_schema.of(kind.spec), "") for key in node} <= PLAIN


def test_every_field_is_explained_in_whole_sentences() -> None:
    unexplained = [
        path
        for path, node in EVERY
        for name, field in node.get("properties", {}).items()
        if not field.get("description", "").endswith(".")
    ]
    assert unexplained == []


def test_the_server_never_adds_to_a_status_what_the_operator_did_not_write() -> None:
    """It would differ from the intent in each round, and be written in each round."""
    assert [path for path, node in EVERY if "Status" in path and "default" in node] == []


def test_every_list_says_how_it_is_merged_and_how_long_it_may_be() -> None:
    lists = [(path, node) for path, node in EVERY if node.get("type") == "array"]
    assert [path for path, node in lists if "x-kubernetes-list-type" not in node or "maxItems" not in node] == []


def test_every_text_and_number_of_a_spec_has_a_bound() -> None:
    loose = [
        path
        for path, node in EVERY
        if "Spec" in path
        and (
            (node.get("type") == "string" and "maxLength" not in node and "enum" not in node)
            or (node.get("type") == "integer" and "maximum" not in node)
            or ("additionalProperties" in node and "maxProperties" not in node)
        )
    ]
    assert loose == []


def test_no_schema_default_depends_on_a_release_or_overrides_a_replica_count() -> None:
    spec = structural_schema.of(KINDS[0].spec)["properties"]
    assert "default" not in spec["replicas"]
    assert "default" not in spec["engine"]["properties"]["image"]
    assert "default" not in spec["engine"]["properties"]["version"]


def test_every_definition_fits_into_an_annotation_of_kubectl() -> None:
    assert max(len(json.dumps(each)) for each in kind_definitions.all_of_them().values()) < 262_144


def test_an_option_is_the_thing_itself_and_a_reference_is_spelled_out() -> None:
    class Leaf(ApiModel):
        """A leaf."""

        size: int | None = Field(default=None, ge=1, le=9, description="Its size.")

    class Tree(ApiModel):
        """A tree."""

        leaf: Leaf | None = Field(default=None, description="Its leaf.")
        words: dict[str, str] = Field(default={}, max_length=2, description="Words.")

    assert structural_schema.of(Tree) == {
        "description": "A tree.",
        "type": "object",
        "properties": {
            "leaf": {
                "description": "Its leaf.",
                "type": "object",
                "properties": {
                    "size": {
                        "type": "integer",
                        "minimum": 1,
                        "maximum": 9,
                        "format": "int32",
                        "description": "Its size.",
                    }
                },
            },
            "words": {
                "type": "object",
                "maxProperties": 2,
                "additionalProperties": {"type": "string"},
                "description": "Words.",
            },
        },
    }


def test_the_committed_files_are_what_the_models_say() -> None:
    assert files.drift(files.FOLDER) == []
    assert files.page_drift(ROOT / api_page.PAGE) == []


def test_a_file_that_differs_is_missing_or_belongs_to_no_model_is_named(tmp_path: Path) -> None:
    changed, missing, *rest = files.rendered().items()
    (tmp_path / changed[0]).write_text(f"{changed[1]}#")
    (tmp_path / "stranger.yaml").write_text("x")
    for name, text in rest:
        (tmp_path / name).write_text(text)
    advice = "run `python -m house.crds` and commit what it wrote"
    assert set(files.drift(tmp_path)) == {
        f"crds/{changed[0]}: differs from the models: {advice}",
        f"crds/{missing[0]}: is missing: {advice}",
        f"crds/stranger.yaml: belongs to no model: {advice}",
    }


def test_drift_is_a_word_of_the_command_and_others_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert files.main(["--drift"]) == 0
    assert capsys.readouterr().out == "crds: as the models say\n"
    assert files.main(["--dirft"]) == 2


def test_a_page_that_is_old_or_missing_is_named(tmp_path: Path) -> None:
    lines = ["docs/reference/api.md: differs from the models: run `python -m house.crds` and commit what it wrote"]
    assert files.page_drift(tmp_path / "api.md") == lines
    (tmp_path / "api.md").write_text("old")
    assert files.page_drift(tmp_path / "api.md") == lines


def test_the_page_names_every_field_once_with_its_meaning() -> None:
    rows = [line for line in api_page.text().splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(node.get("properties", {})) for _, node in EVERY)


def test_no_field_is_a_word_that_yaml_takes_for_true_or_false() -> None:
    """The API server reads definitions as YAML 1.1, where a key `n` is false: the field is then not declared."""
    words = {"y", "n", "yes", "no", "on", "off", "true", "false", "null"}
    names = {name.lower() for _, node in EVERY for name in node.get("properties", {})}
    assert names & words == set()
