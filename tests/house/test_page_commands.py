"""Commands of pages are parsed as a shell does, and each names what exists: options, files, values, kinds."""

import argparse
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from fairlead.api.kinds import KINDS
from fairlead.cli import main
from house import page_commands, page_places
from house.page_commands import PageCommand
from house.page_places import NoPlace, Obstacle, Trial
from house.tree import ROOT
from tests import stand_ins

COMMANDS: Final = [one for page in page_commands.pages() for one in page_commands.commands(page)]
PROGRAMS: Final = [(one, words) for one in COMMANDS for words in one.programs()]
KUBERNETES: Final = frozenset(
    [
        "pod",
        "pods",
        "deployment",
        "deployments",
        "daemonsets",
        "service",
        "services",
        "svc",
        "secret",
        "secrets",
        "configmap",
        "configmaps",
        "cm",
        "pvc",
        "node",
        "nodes",
        "event",
        "events",
        "lease",
        "leases",
        "namespace",
        "namespaces",
        "crd",
        "pdb",
        "rolebinding",
        "serviceaccount",
        "resourcequotas",
        "limitranges",
        "validatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "httproutes",
        "gateways",
        "gatewayclasses",
        "replicasets",
        "priorityclasses",
        "certificate",
    ]
)
"""Kinds of Kubernetes, the Gateway API and cert-manager that pages name."""
OURS: Final = frozenset(name for kind in KINDS for name in (kind.plural, kind.name.lower(), kind.short)) | {"fairlead"}
"""Each kind, and the category of all of them."""
READ: Final = frozenset({"get", "describe", "delete", "patch", "scale", "label", "edit", "explain"})
THERE: Final = ("charts/", "manifests/", "crds/", "docs/", "tests/", "operator/", "locks/")


def test_a_command_may_have_several_lines_and_several_programs(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text(
        "# A\n```sh\n# a comment\nA=1 make it | sed 's|a b|c|' > out.txt  # why it's so\nkubectl apply -f - <<EOF\n"
        "kind: A\nEOF\n\nhelm x \\\n  --set a=b &&\n  echo done\n```\ntext\n"
        "1. ```console\n   $ fairlead plan -p '{\n     \"a\": 1}'\n   printed\n   ```\n```yaml\nno: command\n```\n"
    )
    found = page_commands.commands(page, tmp_path)
    assert [(one.line, one.programs()) for one in found] == [
        (4, [["make", "it"], ["sed", "s|a b|c|"]]),
        (5, [["kubectl", "apply", "-f", "-"]]),
        (9, [["helm", "x", "--set", "a=b"], ["echo", "done"]]),
    ]
    assert str(found[0]).startswith("docs/page.md:4: A=1 make it")


def test_a_command_that_does_not_end_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nhelm x \\\n```\n")
    with pytest.raises(ValueError, match="the command of line 2 does not end"):
        page_commands.commands(page, tmp_path)


def test_a_command_of_no_kind_has_no_place() -> None:
    with pytest.raises(NoPlace, match=r"a.md:1: frobnicate: no rule"):
        page_places.place(PageCommand(page="a.md", line=1, text="frobnicate"))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda one: f"{one.page}:{one.line}")
def test_each_command_has_a_place(command: PageCommand) -> None:
    assert isinstance(page_places.place(command), Trial | Obstacle)


@pytest.mark.parametrize(
    "words", [words for _, words in PROGRAMS if words[0] == "fairlead"], ids=lambda words: " ".join(words)[:60]
)
def test_the_parser_accepts_the_arguments(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The real parser; what the command does then is for the lanes that run it."""
    taken: list[argparse.Namespace] = []

    def take(chosen: argparse.Namespace) -> int:
        taken.append(chosen)
        return 0

    summary, arguments, _ = main.COMMANDS[words[1]]
    monkeypatch.setattr(main, "COMMANDS", {words[1]: (summary, arguments, take)})
    assert main.main(words[1:]) == 0
    assert len(taken) == 1


def test_each_file_that_a_command_names_is_in_the_tree_or_the_readers_own(tmp_path: Path) -> None:
    stand_ins.put(tmp_path)
    made = {"l4.json", "l4.jsonl", "router.jsonl", "answers.jsonl"}
    made |= {found for one in COMMANDS for found in re.findall(r"> (\S+)", one.text.partition("\n")[0])}
    missing = []
    for command, words in PROGRAMS:
        for word in words:
            path = word.partition("=")[2] or word
            if path.startswith(THERE) and not list(ROOT.glob(path.rstrip("/"))):
                missing.append(f"{command}: {path}: is not in the tree")
            is_file = re.fullmatch(r"[\w-]+\.(yaml|jsonl?|csv)(\.gz)?", word)
            if is_file and word not in made and not (tmp_path / word).exists():
                missing.append(f"{command}: {word}: tests/stand_ins.py has none")
    assert missing == []


def test_each_value_that_helm_is_given_is_one_of_the_chart() -> None:
    schema = json.loads((ROOT / "charts/fairlead/values.schema.json").read_text(encoding="utf-8"))
    unknown = [
        f"{command}: {key}"
        for command, words in PROGRAMS
        for key in _set_by(words)
        if words[0] == "helm" and not _in_schema(schema, key)
    ]
    assert unknown == []


def test_each_kind_that_a_kubectl_command_reads_exists() -> None:
    unknown: list[str] = []
    for command, words in PROGRAMS:
        if words[0] != "kubectl" or words[1] not in READ or "-f" in words:
            continue
        kinds = {kind.partition(".")[0].partition("/")[0] for kind in words[2].split(",")}
        unknown.extend(f"{command}: {kind}" for kind in kinds - KUBERNETES - OURS)
    assert unknown == []


def _set_by(words: list[str]) -> Iterator[str]:
    for flag, value in pairwise(words):
        if flag in {"--set", "--set-string"}:
            yield from (one.partition("=")[0] for one in value.split(","))


def _in_schema(schema: dict[str, object], key: str) -> bool:
    here: object = schema
    for name in key.split("."):
        below = here.get("properties") if isinstance(here, dict) else None
        if not isinstance(below, dict) or name not in below:
            return False
        here = below[name]
    return True
