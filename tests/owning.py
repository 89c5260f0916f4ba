"""A process that owns a cluster and is killed in the middle, like a test run that is ended from outside."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from house.check import surroundings
from house.tree import ROOT

UP: Final = "it is up"
IMPORTS: Final = (
    "import pathlib, tempfile, time",
    "from tests import worlds",
    "from tests.faults.operator import OperatorProcess",
    "from tests.faults.small_cluster import small_cluster",
)


@contextmanager
def owning_process(block: str, *then: str) -> Iterator["subprocess.Popen[str]"]:
    """Enter this block in a process, run statements in it, report, and stay for minutes."""
    inside = [f"    {line}" for line in (*then, f"print({UP!r}, flush=True)", "time.sleep(600)")]
    words = [sys.executable, "-c", "\n".join((*IMPORTS, block, *inside))]
    env = os.environ | surroundings(ROOT)
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=env) as owner:
        lines = []
        for line in owner.stdout or ():
            lines.append(line)
            if UP in line:
                break
        assert owner.poll() is None, "".join(lines)
        try:
            yield owner
        finally:
            owner.kill()
