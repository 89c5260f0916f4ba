"""Whole objects in docs/: `fairlead validate` accepts each, and a migrated engine keeps its flags."""

import json
import re
from pathlib import Path

import pytest

from fairlead.objects import labels, ports
from house import prose
from house.tree import ROOT
from tests.cli.conftest import File, Run

MIGRATION = ROOT / "docs" / "migrating.md"
OBJECTS = [
    (page, block)
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
    for block in prose.blocks(page.read_text(encoding="utf-8"), "yaml")
    if block.startswith("apiVersion: fairlead.dev/")
]


@pytest.mark.parametrize(("page", "block"), OBJECTS, ids=lambda one: one.stem if isinstance(one, Path) else "")
def test_an_object_of_a_page_is_taken(run: Run, file: File, page: Path, block: str) -> None:
    code, out, err = run("validate", file(block))

    assert (code, err) == (0, ""), f"{page}: {out}"


def test_an_engine_of_the_page_on_migrating_keeps_the_flags_that_it_had(run: Run, file: File) -> None:
    before, after, *_ = prose.blocks(MIGRATION.read_text(encoding="utf-8"), "yaml")
    flags = re.findall(r"--(?!model)([\w-]+)(?:=([\w./]+))?", before)
    code, out, _ = run("render", file(after))

    assert code == 0
    assert len(flags) == 6
    for name, value in flags:
        assert f"--{name} {value}".rstrip() in out
    assert "vllm serve Qwen/Qwen3-8B" in out
    assert "HF_TOKEN=(Secret hugging-face, key token)" in out


def test_the_patch_of_a_service_on_the_page_on_migrating_leads_to_routers() -> None:
    scripts = prose.blocks(MIGRATION.read_text(encoding="utf-8"), "sh")
    (written,) = filter(None, (re.search(r"-p '(.*)'", script, re.DOTALL) for script in scripts))
    spec = json.loads(written[1])["spec"]

    assert spec["selector"] == labels.routers("chat")
    assert [one["targetPort"] for one in spec["ports"]] == [ports.ROUTER]
