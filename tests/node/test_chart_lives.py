"""The chart's life on a real node: upgraded from the previous commit, tested, removed, and installed again.

What serves is never touched: the same objects, the same pods.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from devcluster.setup import tools
from house.tree import ROOT
from tests import worlds
from tests.node.operator_stage import Deployed
from tests.node.stories import Stage
from tests.waiting import eventually

NAMESPACE: Final = "fairlead-system"
CHILDREN: Final = "deploy,svc,cm,sa,role,rolebinding,pdb,netpol"
WATCHED_S: Final = 30.0 if os.environ.get("FAIRLEAD_THOROUGH") else 8.0
"""`make prove ITEM=controller.4` watches for half a minute."""


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The tree of the previous commit, as far as an installation needs it."""
    words = [
        "git",
        "-C",
        str(ROOT),
        "archive",
        "HEAD~1",
        "charts",
        "crds",
        "operator",
        "locks",
        "Dockerfile",
        ".dockerignore",
    ]
    found = subprocess.run(words, check=False, capture_output=True)
    if found.returncode or not (ROOT / ".git").exists():
        pytest.skip(f"there is no commit before this one here: {found.stderr.decode()[:200]}")
    subprocess.run(("tar", "-x", "-C", str(tmp_path)), input=found.stdout, check=True)
    if not (tmp_path / "charts" / "fairlead").exists():
        pytest.skip("the commit before has no chart")
    return tmp_path


@pytest.fixture
def alone(able: None) -> Iterator[Embedded]:  # noqa: ARG001
    """A separate cluster: two installations would share their CRDs."""
    if worlds.names_existing():
        pytest.skip("the chart's life is told on a cluster of its own")
    with worlds.embedded(f"chart-{os.getpid()}", "l4=NVIDIA-L4:2") as made:
        yield made


def test_an_upgrade_a_removal_and_a_return_leave_alone_what_serves(alone: Embedded, before: Path) -> None:
    """P25"""
    helm = tools.ensure(Cache.chosen(), ("helm",)) / "helm"
    old, new = build.build(before, Cache.chosen()), build.build(ROOT, Cache.chosen())

    alone.load(old.archive)
    _helm(helm, alone, "install", before / "charts" / "fairlead", "before")
    stage = Stage(alone, "team")
    chat = Deployed(stage, replicas=2)
    pods, children = chat.serves().engines, _children(stage)

    alone.load(new.archive)
    _helm(helm, alone, "upgrade", ROOT / "charts" / "fairlead", "now")
    until = time.monotonic() + WATCHED_S
    while time.monotonic() < until:
        assert _children(stage) == children
        time.sleep(2.0)
    assert chat.observe().engines == pods

    _run(helm, alone, "test", "fairlead", "--timeout=120s")
    _run(helm, alone, "uninstall", "fairlead", "--wait")
    assert (chat.observe().engines, chat.observe().ready) == (pods, 2), "objects and pods stay"

    _helm(helm, alone, "install", ROOT / "charts" / "fairlead", "again")
    assert (_children(stage), chat.observe().engines) == (children, pods)
    chat.scale(1)
    assert len(chat.serves().engines) == 1, "and it is looked after again"


def _helm(helm: Path, cluster: Embedded, verb: str, chart: Path, word: str) -> None:
    """The tag is the same for all builds, so an annotation makes Kubernetes restart the pods."""
    values = {"image.repository": "localhost/fairlead", "image.tag": "dev", "podAnnotations.build": word}
    words = [each for name, value in values.items() for each in ("--set", f"{name}={value}")]
    _run(helm, cluster, verb, "fairlead", str(chart), "--create-namespace", "--wait", "--timeout=120s", *words)


def _run(helm: Path, cluster: Embedded, *words: str) -> None:
    rest = [f"--kubeconfig={cluster.kubeconfig}", f"--namespace={NAMESPACE}"]
    flags = [word for word in words if word != "--create-namespace" or words[0] == "install"]
    ran = subprocess.run([str(helm), *flags, *rest], check=False, capture_output=True, text=True)
    assert ran.returncode == 0, f"helm {words[0]}: {ran.stdout}{ran.stderr}"


def _children(stage: Stage) -> dict[str, Any]:
    """What was applied, without what Kubernetes' own controllers write."""

    def observe() -> list[dict[str, Any]]:
        words = ("get", CHILDREN, "-l", "fairlead.dev/deployment=chat", "-o", "json")
        return list(json.loads(stage.kubectl(*words))["items"])

    found = eventually(observe, "the deployment's children")
    return {
        f"{one['kind']}/{one['metadata']['name']}": (
            one["metadata"]["uid"],
            one["metadata"].get("generation"),
            one["metadata"].get("annotations", {}).get("fairlead.dev/applied"),
            one.get("data"),
        )
        for one in found
    }
