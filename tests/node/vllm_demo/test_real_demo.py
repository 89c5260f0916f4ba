"""What `make demo ENGINE=vllm` promises, as a newcomer sees it."""

import os
import subprocess
import sys

import pytest

from devcluster import owners
from devcluster.__main__ import main
from house.tree import ROOT

pytestmark = pytest.mark.usefixtures("able")


def test_one_command_leads_from_nothing_to_real_engines_that_follow_their_load() -> None:
    """Four loads, none with a failed request: quiet, burst, calm, and through a rollout."""
    name = f"demo-{os.getpid()}"
    try:
        words = [sys.executable, "-m", "demo", "--name", name, "--engine", "vllm"]
        ours = os.environ | owners.handed_on()
        ran = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT, env=ours)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count(" 0 failed;") == 4, ran.stdout
        assert "recommended 2, running 2, ready 2" in ran.stdout
        assert "localhost/fairlead-vllm-cpu:0.32.0" in ran.stdout
    finally:
        assert main(["down", "--name", name]) == 0
