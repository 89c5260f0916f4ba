"""However a cluster ends, the machine is as it was before: checked from outside, not from the cluster's own records."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import owners, plan, teardown
from devcluster.__main__ import main
from devcluster.cache import Cache
from devcluster.door import Embedded
from devcluster.image import build
from devcluster.layout import Layout
from devcluster.setup import programs
from devcluster.up import CannotStart, up
from tests import traces_left
from tests.node.stories import Stage, deployment
from tests.owning import owning_process
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
ONE_GPU = {"limits": {"nvidia.com/gpu": "1"}}

pytestmark = pytest.mark.usefixtures("able")


@pytest.fixture
def layout() -> Iterator[Layout]:
    """Room for a cluster of this test's own; the machine must show the same before and after."""
    before = traces_left.seen()
    made = Layout.of(Cache.chosen(), f"leak-{os.getpid()}")
    yield made
    assert main(["down", "--name", made.name]) == 0
    assert _stays(before) == frozenset()


def _stays(before: frozenset[str]) -> frozenset[str]:
    """New traces that stay: other lanes open and close their own ports meanwhile."""
    until, left = time.monotonic() + 10, traces_left.seen() - before
    while left and time.monotonic() < until:
        time.sleep(0.2)
        left &= traces_left.seen()
    return left


def busy_cluster(layout: Layout) -> Embedded:
    """A cluster with running pods: containers, volumes, veth pairs, everything that could remain."""
    cluster = Embedded(up(plan.make(layout.name, ("gpu=NVIDIA-L4:4",)), Cache.chosen(), owners.mine()))
    built = build.build(ROOT, Cache.chosen())
    cluster.load(built.archive)
    stage = Stage(cluster, "busy")
    stage.apply(deployment("engine", built.reference, "import time; time.sleep(600)", 2, resources=ONE_GPU))
    eventually(lambda: stage.phases("app=engine") == {"Running": 2}, "pods run")
    return cluster


def test_after_a_normal_run(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    busy_cluster(layout)
    assert len(traces_left.seen()) > 0, "there is something to see while it runs"

    assert main(["down", "--name", layout.name]) == 0

    assert "nothing is left" in capsys.readouterr().out


def test_after_a_killed_supervisor(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    busy_cluster(layout)
    os.kill(json.loads(layout.supervisor.read_text())["pid"], signal.SIGKILL)

    eventually(lambda: not list(layout_processes(layout)), "its processes end with it", within_s=10)

    assert main(["status"]) == 0
    assert f"{layout.name}: dead: its supervisor was ended" in capsys.readouterr().out


@pytest.mark.trial(23)
def test_after_a_killed_owner(layout: Layout) -> None:
    """Killed tests take nothing down: the cluster with its namespaces and mounts ends by itself."""
    with owning_process(f"with worlds.embedded({layout.name!r}, 'gpu=NVIDIA-L4:4'):") as owner:
        owner.kill()
        owner.wait()
        eventually(lambda: not layout.root.exists() and not teardown.leaks(layout), "all of it ends", within_s=20)


def test_after_a_killed_supervisor_and_a_second_up(layout: Layout) -> None:
    wanted = plan.make(layout.name, ("gpu=NVIDIA-L4:4",))
    up(wanted, Cache.chosen(), owners.mine())
    os.kill(json.loads(layout.supervisor.read_text())["pid"], signal.SIGKILL)

    again = Embedded(up(wanted, Cache.chosen(), owners.mine()))

    assert again.kubectl("get", "nodes", "-o", "name") == "node/gpu\n"


def test_after_a_failed_start_that_names_who_failed(layout: Layout, tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    broken = programs.folder(cache)
    broken.mkdir(parents=True)
    for name in programs.PACKAGES:
        (broken / name).symlink_to(programs.folder(Cache.chosen()) / name)
    (broken / "coredns").unlink()
    (broken / "coredns").write_text("#!/bin/sh\necho port 53 is taken by a story >&2\nexit 3\n")
    (broken / "coredns").chmod(0o755)

    with pytest.raises(CannotStart) as failed:
        up(plan.make(layout.name, ("gpu=NVIDIA-L4:4",)), cache)

    assert "coredns exited with 3" in str(failed.value)
    assert "port 53 is taken by a story" in str(failed.value)
    assert teardown.leaks(Layout.of(cache, layout.name)) == ()
    assert list(cache.clusters.iterdir()) == []


def layout_processes(layout: Layout) -> Iterator[str]:
    """What still belongs to the cluster, by its own records; its guard stays until the owner ends."""
    found = (line for line in teardown.leaks(layout) if line.startswith("process"))
    return (line for line in found if "devcluster.guard" not in line)
