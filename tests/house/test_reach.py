"""Which files a group of tests depends on: the key under which its result is cached."""

from pathlib import Path

import pytest

from house import reach

TREE = {
    "operator/fairlead/__init__.py": "",
    "operator/fairlead/fleet/__init__.py": "",
    "operator/fairlead/fleet/engine_load.py": "SIZE = 1\n",
    "operator/fairlead/api/kinds.py": "from fairlead.fleet import (\n    # the only one\n    engine_load,\n)\n",
    "operator/fairlead/simulator/virtual_fleet.py": "import os\n",
    "tests/conftest.py": "",
    "tests/cli/conftest.py": "",
    "tests/cli/decisions.py": "",
    "tests/api/given.py": "import fairlead.api.kinds as kinds, json\n",
    "tests/api/test_kinds.py": "from tests.cli import decisions\n\ndef test_it():\n    from tests.api import given\n",
    "crds/one.yaml": "kind: one\n",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in TREE.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    "changed",
    [
        "operator/fairlead/fleet/engine_load.py",
        "operator/fairlead/fleet/__init__.py",
        "operator/fairlead/api/kinds.py",
        "tests/api/given.py",
        "tests/api/test_kinds.py",
        "tests/conftest.py",
        "tests/cli/decisions.py",
        "crds/one.yaml",
    ],
)
def test_whatever_the_tests_import_or_may_read_changes_the_key(root: Path, changed: str) -> None:
    before = reach.key(root, ["tests/api"])
    with (root / changed).open("a") as file:
        file.write("\n")
    assert reach.key(root, ["tests/api"]) != before


@pytest.mark.parametrize("changed", ["operator/fairlead/simulator/virtual_fleet.py", "tests/cli/conftest.py"])
def test_a_module_they_cannot_reach_does_not(root: Path, changed: str) -> None:
    """Nor the `conftest` of another folder, of which they import a file: pytest loads those of its tests."""
    before = reach.key(root, ["tests/api"])
    (root / changed).write_text("import sys\n")
    assert reach.key(root, ["tests/api"]) == before


def test_prose_for_people_does_not_change_the_key_but_generated_pages_do(root: Path) -> None:
    before = reach.key(root, ["tests/api"])
    for prose in ("README.md", "docs/router.md", "docs/decisions/0001.md", "changes/007.feature.md", ".ci/run"):
        (root / prose).parent.mkdir(parents=True, exist_ok=True)
        (root / prose).write_text("Words.\n")
    assert reach.key(root, ["tests/api"]) == before
    assert reach.key(root, ["tests/api"], prose=True) != before, "those of the house open such pages"
    (root / "docs/reference").mkdir()
    (root / "docs/reference/api.md").write_text("Fields.\n")
    assert reach.key(root, ["tests/api"]) != before


def test_a_new_test_changes_the_key(root: Path) -> None:
    before = reach.key(root, ["tests/api"])
    (root / "tests/api/test_more.py").write_text("")
    assert reach.key(root, ["tests/api"]) != before
