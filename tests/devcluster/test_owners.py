"""Clusters belong to processes that they end with, or to a person; a guard ensures it, whatever ends an owner."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from devcluster import guard, owners, processes, status
from devcluster.cache import Cache
from devcluster.layout import MARKER, Layout
from devcluster.owners import OWNERS, Owner
from tests.waiting import eventually

pytestmark = pytest.mark.trial(23)

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Of a cluster that was just started."""
    made = Layout.of(Cache(tmp_path), "dev")
    made.logs.mkdir(parents=True)
    (made.root / "plan.json").write_text("{}")
    return made


@contextmanager
def sleeping(**environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(SLEEP, env=os.environ | environment) as one:
        try:
            eventually(lambda: processes.words(one.pid), "it has begun")
            yield one
        finally:
            one.kill()


def owner(process: "subprocess.Popen[bytes]") -> Owner:
    return Owner(**processes.identify(process.pid), words="make prove")


def test_the_process_that_starts_a_cluster_owns_it_and_so_does_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    with sleeping() as outer:
        monkeypatch.setenv(OWNERS, f"{outer.pid}:{owner(outer).started}")
        first, second = owners.mine()
        assert (first.pid, second.pid) == (outer.pid, os.getpid())
        assert first.words == " ".join(SLEEP)[: owners.LONGEST], "a long path leaves less of them"
        assert owners.inherited(owners.handed_on()) == owners.mine()


def test_a_wrong_word_says_what_would_pass() -> None:
    with pytest.raises(ValueError, match="PID:START"):
        owners.inherited({OWNERS: "4711"})
    assert owners.inherited({}) == ()


def test_a_cluster_ends_with_its_owner_although_that_was_killed(layout: Layout) -> None:
    with sleeping() as owning, sleeping(**{MARKER: str(layout.root)}) as member:
        owners.keep(layout, [owner(owning)])
        with subprocess.Popen([sys.executable, "-m", "devcluster.guard", str(layout.root)]) as guarding:
            assert member.poll() is None
            owning.kill()
            owning.wait()
            assert guarding.wait(timeout=20) == 0
        assert member.wait(timeout=5) == -9
        assert not layout.root.exists()


def test_a_number_that_was_used_again_is_no_owner(layout: Layout) -> None:
    with sleeping() as stranger:
        owners.keep(layout, [Owner(pid=stranger.pid, started=owner(stranger).started - 1)])
        found = owners.read(layout)
        assert found is not None
        assert not found.holds


def test_a_cluster_that_was_transferred_belongs_to_a_person(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(OWNERS, raising=False)
    monkeypatch.setattr(sys, "argv", ["guard", str(layout.root)])
    owners.keep(layout, owners.mine())
    before = owners.read(layout)
    owners.hand_over(layout)
    after = owners.read(layout)
    assert before is not None
    assert after is not None
    assert (after.owners, after.since) == ((), before.since)
    assert guard.main() == 0, "there is nothing to guard any more"
    assert layout.root.exists()
    assert capsys.readouterr().err == ""


def test_a_cluster_of_another_process_is_not_handed_over_by_one_that_failed_beside_it(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(OWNERS, raising=False)
    with sleeping() as other:
        owners.keep(layout, [owner(other)])
        owners.hand_over(layout)
        found = owners.read(layout)
        assert found is not None
        assert found.owners == (owner(other),), "its guard still ends it with its own process"


def test_a_removed_cluster_cannot_be_transferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = Layout(tmp_path / "gone")
    owners.hand_over(gone)
    monkeypatch.setattr(sys, "argv", ["guard", str(gone.root)])
    assert guard.main() == 0
    assert not gone.root.exists()


def test_status_says_whose_each_is_and_since_when(layout: Layout, tmp_path: Path) -> None:
    owners.keep(layout, [Owner(pid=4711, started=1, words="python -m prove --item controller.2")])
    shown = status.as_text(status.read_all(Cache(tmp_path)), colour=False)
    assert "owner       ends with process 4711 (python -m prove --item controller.2)" in shown
    assert "UTC, 0 min ago" in shown
    owners.keep(layout, ())
    shown = status.as_text(status.read_all(Cache(tmp_path)), colour=False)
    assert "owner       a person's: make cluster-down NAME=dev ends it" in shown


def test_an_ended_process_has_no_command_line() -> None:
    with sleeping() as one:
        eventually(lambda: processes.words(one.pid), "it has begun")
    assert processes.words(one.pid) == ""
