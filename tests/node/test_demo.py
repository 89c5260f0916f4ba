"""What README promises of `make demo`, as a newcomer would see it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Final

import pytest

from devcluster import owners
from devcluster.__main__ import main
from tests.node import live_console
from tests.node.serving.claims import Record

ROOT = Path(__file__).resolve().parents[2]
DEPLOYMENTS: Final = tuple(f"deployments/default/{name}" for name in ("chat", "writer", "small", "large"))
VIEWS: Final = ("", *DEPLOYMENTS, f"{DEPLOYMENTS[0]}/changes", "gateways", "gateways/default/company", "playground")
"""Of the console, with what the demo left."""

pytestmark = pytest.mark.usefixtures("able")


def test_one_command_leads_from_nothing_to_two_models_that_follow_their_load(record_property: Record) -> None:
    """Five loads, none with a request that failed: quiet, burst, calm, from zero, and through a rollout; then
    a gateway, an answer that was judged and replaced, one from the cache, and a tenant that had enough."""
    name = f"demo-{os.getpid()}"
    try:
        ours = os.environ | owners.handed_on()
        words = [sys.executable, "-m", "demo", "--name", name]
        ran = subprocess.run(words, check=False, capture_output=True, text=True, cwd=ROOT, env=ours)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout.count(" 0 failed;") == 5, ran.stdout
        assert "recommended 4, running 4, ready 4" in ran.stdout
        assert "recommended 1, running 1, ready 1" in ran.stdout
        assert ran.stdout.count("$ fairlead explain infd/chat\ninfd/chat in default: ") == 2
        assert "spec.engine.context.maxTokens" in ran.stdout
        assert "Serving" in ran.stdout
        assert "x-fairlead-escalated: not_json; from=default/small" in ran.stdout, ran.stdout
        assert [ran.stdout.count(f"x-fairlead-cache: {found}\n") for found in ("miss", "hit")] == [1, 1], ran.stdout
        assert "  429 after " in ran.stdout
        assert "tenant trial may use 60 a minute" in ran.stdout
        assert "fairlead console --service-account default/reader" in ran.stdout
        address = ran.stdout.split("curl http://")[1].split("/")[0]
        with urllib.request.urlopen(f"http://{address}/v1/models", timeout=10) as answer:  # our own door
            assert [one["id"] for one in json.load(answer)["data"]] == ["chat"]
        with live_console.opened(_line(ran.stdout, "export KUBECONFIG="), "default/reader") as (page, root):
            record_property("console_views", live_console.walk(page, root, VIEWS))
            live_console.play(page, root, "default/chat-router:http")
    finally:
        assert main(["down", "--name", name]) == 0


def _line(printed: str, begin: str) -> str:
    """What stands behind this begin of a line."""
    return next(one.strip().removeprefix(begin) for one in printed.splitlines() if one.strip().startswith(begin))
