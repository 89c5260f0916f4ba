"""A cluster's processes are found by a mark that only they carry, and ended; no others are touched."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devcluster import processes, teardown
from devcluster.layout import MARKER, Layout
from tests.waiting import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    made = Layout(tmp_path / "clusters" / "dev")
    made.logs.mkdir(parents=True)
    return made


@pytest.fixture
def member(layout: Layout) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(SLEEP, env=os.environ | {MARKER: str(layout.root)}) as running:
        eventually(lambda: list(processes.marked(layout.marker)), "the kernel shows its environment", within_s=10)
        yield running
        running.kill()


@pytest.fixture
def stranger(layout: Layout) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that reads a log of the cluster, and a cluster of another name: neither is ours to end."""
    other = {MARKER: f"{layout.root}-2"}
    with subprocess.Popen([*SLEEP, str(layout.log("etcd"))], env=os.environ | other) as running:
        yield running
        running.kill()


def test_a_member_left_over_is_found_and_ended(layout: Layout, member: "subprocess.Popen[bytes]") -> None:
    assert [line for line in teardown.leaks(layout) if line.startswith(f"process {member.pid}")]
    assert teardown.down(layout) == ()
    assert member.wait(timeout=10) == -9
    assert not layout.root.exists()


def test_a_stranger_is_left_alone(layout: Layout, stranger: "subprocess.Popen[bytes]") -> None:
    assert teardown.down(layout) == ()
    assert stranger.poll() is None


def test_a_folder_that_stayed_is_a_leak(layout: Layout) -> None:
    assert teardown.leaks(layout) == (f"folder {layout.root}",)


def test_down_twice_is_down(layout: Layout) -> None:
    assert teardown.down(layout) == teardown.down(layout) == ()


def test_a_number_used_again_is_another_process(member: "subprocess.Popen[bytes]") -> None:
    identity = processes.identify(member.pid)
    assert processes.is_alive(identity)
    assert not processes.is_alive(identity | {"started": identity["started"] - 1})
    member.kill()
    member.wait()
    assert not processes.is_alive(identity)


def test_a_cluster_without_a_record_is_not_supervised(layout: Layout) -> None:
    assert not teardown.is_supervised(layout)
