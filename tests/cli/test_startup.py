"""A command imports only what it needs: `--version` should not wait for the whole product."""

import subprocess
import sys

import pytest

HEAVY = ("pydantic", "kopf", "kubernetes", "fairlead.api", "fairlead.controller", "fairlead.engines", "fairlead.sizing")


@pytest.mark.parametrize("words", [["version"], ["--help"], ["validate", "--help"], ["plan", "--help"]])
def test_the_version_and_help_import_no_product(words: list[str]) -> None:
    program = [sys.executable, "-X", "importtime", "-m", "fairlead", *words]
    stderr = subprocess.run(program, check=True, capture_output=True, text=True).stderr
    imported = {line.rpartition("|")[2].strip() for line in stderr.splitlines() if line.startswith("import time:")}
    assert "argparse" in imported
    assert imported & set(HEAVY) == set()
