"""A copy of the product with a few more lines, asked by a program of its own: what a change takes and gives."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PRODUCT: Final = HERE.parents[1] / "operator" / "fairlead"
Changes = Mapping[str, tuple[tuple[str, str], ...]]
"""By file: a text that stands there once, and what stands behind it in the copy."""


def product(root: Path, changes: Changes) -> Path:
    """The copy."""
    copy = root / "fairlead"
    shutil.copytree(PRODUCT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, additions in changes.items():
        text = (copy / name).read_text(encoding="utf-8")
        for before, added in additions:
            assert text.count(before) == 1, f"{name}: {before}"
            text = text.replace(before, before + added)
        (copy / name).write_text(text, encoding="utf-8")
    return copy


def told(root: Path, story: str) -> dict[str, Any]:
    """What a story among the tests says of the copy."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    ran = subprocess.run(
        [sys.executable, str(HERE / "pretend" / story)],
        env=clean | {"PYTHONPATH": str(root)},
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    found: dict[str, Any] = json.loads(ran.stdout)
    return found
