"""`make artifacts`: two checkouts of one commit at two paths give the same image, chart and bill, byte for byte."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from cyclonedx.validation.json import JsonStrictValidator

from devcluster.cache import Cache
from house.tree import ROOT
from release import artifacts, materials
from release.artifacts import Artifacts
from release.tree import SourceTree
from tests import worlds

pytestmark = pytest.mark.house


def checkout(place: Path, mask: int) -> SourceTree:
    """The last commit, with a umask that lets others read its files or not."""
    before = os.umask(mask)
    try:
        subprocess.run(("git", "clone", "-q", str(ROOT), str(place)), check=True, capture_output=True)
    finally:
        os.umask(before)
    for path in place.rglob("*.py"):
        os.utime(path, (mask, mask))
    return SourceTree(place)


def test_the_same_commit_gives_the_same_bytes_wherever_it_lies(tmp_path: Path) -> None:
    worlds.require("artifacts")
    made: list[Artifacts] = []
    for name, mask in (("one", 0o022), ("two/deeper", 0o077)):
        place = tmp_path / name
        made.append(artifacts.make(checkout(place, mask), Cache.chosen(), place / "dist"))
    one, other = made
    assert one.image_digest == other.image_digest
    assert [(file.path.name, file.sha256) for file in one.files] == [(f.path.name, f.sha256) for f in other.files]

    folder = one.files[0].path.parent
    done = subprocess.run(("sha256sum", "-c", artifacts.SUMS), cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count(": OK")) == (0, len(one.files)), done.stdout + done.stderr
    bill = next(file.path for file in one.files if file.path.suffix == ".json").read_text(encoding="utf-8")
    assert JsonStrictValidator(materials.SCHEMA).validate_str(bill) is None
    names = {component["name"] for component in json.loads(bill)["components"]}
    assert {"kopf", "kubernetes", "pydantic", "prometheus-api-client", "pyyaml", "libc6"} <= names
    assert not {"pip", "pytest", "vllm"} & names
