"""A copy of the product with a few added lines, run by a program of its own: what a change takes and has for effect."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from tests.house.recipes import PRODUCT, RecipeEdit

HERE: Final = Path(__file__).parent
TREE: Final = HERE.parents[1]


def product(root: Path, edits: Iterable[RecipeEdit]) -> Path:
    """Make the copy."""
    shutil.copytree(TREE / PRODUCT, root / PRODUCT, ignore=shutil.ignore_patterns("__pycache__"))
    for edit in edits:
        edit.apply(root)
    return root / PRODUCT


def outcome_of(root: Path, story: str) -> dict[str, Any]:
    """Run a module of the tests on the copy; returns its result."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    ran = subprocess.run(
        [sys.executable, str(HERE / "pretend" / story)],
        env=clean | {"PYTHONPATH": f"{(root / PRODUCT).parent}:{TREE}"},  # house generates the definitions
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
