"""What README promises of `make demo`, as a newcomer would see it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster.__main__ import main
from tests.cluster.test_network import read

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.usefixtures("able")


def test_one_command_leads_from_nothing_to_replicas_that_answer() -> None:
    name = f"demo-{os.getpid()}"
    try:
        words = [sys.executable, "-m", "demo", "--name", name]
        ran = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT)
        assert ran.returncode == 0, ran.stderr
        assert "Insufficient nvidia.com/gpu" in ran.stdout
        address = ran.stdout.split("curl ")[1].split()[0]
        assert read(address).decode().startswith("replicas-")
    finally:
        assert main(["down", "--name", name]) == 0
