"""Two starts of one cluster: the second waits for the first, and spares what others own and still use."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from demo import __main__ as demo
from devcluster import owners, plan, processes, turns
from devcluster.cache import Cache
from devcluster.layout import Layout
from devcluster.owners import OWNERS, Owner
from devcluster.setup import programs
from devcluster.up import CannotStart, InUse, up
from tests.waiting import eventually

PLAN = plan.make("demo", ())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    """A cache whose programs end at once, so that no start of a cluster succeeds."""
    ready = tmp_path / "ready"
    ready.mkdir()
    for name in programs.LIGHT:
        (ready / name).write_text("#!/bin/sh\n")
        (ready / name).chmod(0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(ready))
    monkeypatch.delenv(OWNERS, raising=False)
    return Cache(tmp_path / "cache")


@pytest.fixture
def other() -> Iterator[Owner]:
    """Another terminal's demo."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as one:
        try:
            eventually(lambda: processes.words(one.pid), "it has begun")
            yield Owner(**processes.identify(one.pid), words="python -m demo")
        finally:
            one.kill()


def existing(cache: Cache, *owned_by: Owner) -> Layout:
    """The cluster of these owners."""
    layout = Layout.of(cache, PLAN.name)
    layout.keep(PLAN)
    owners.keep(layout, owned_by)
    return layout


@pytest.mark.parametrize("anew", [True, False])
def test_a_second_demo_names_the_first_one_and_leaves_its_cluster(cache: Cache, other: Owner, anew: bool) -> None:
    layout = existing(cache, other)
    with pytest.raises(InUse) as refused:
        up(PLAN, cache, owners.mine(), anew=anew)
    assert f"it belongs to process {other.pid} (python -m demo); wait until that ends" in str(refused.value)
    assert str(refused.value).startswith("demo is in use: since 20")
    assert str(refused.value).endswith("or end the cluster: make cluster-down NAME=demo")
    assert layout.plan() == PLAN
    kept = owners.read(layout)
    assert kept is not None
    assert kept.owners == (other,)


def test_a_second_demo_on_real_engines_is_refused_before_it_builds_their_image(
    cache: Cache, other: Owner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The image takes a quarter of an hour."""
    existing(cache, other)
    monkeypatch.setenv("FAIRLEAD_CACHE", str(cache.root))
    monkeypatch.setattr(sys, "argv", ["demo", "--engine", "vllm"])
    assert demo.main() == 1
    assert "demo: demo is in use: since 20" in (printed := capsys.readouterr().err)
    assert f"process {other.pid}" in printed
    assert "image" not in printed, "no step of a build was begun"


def test_a_person_does_not_replace_a_cluster_that_a_process_uses(cache: Cache, other: Owner) -> None:
    layout = existing(cache, other)
    with pytest.raises(InUse):
        up(PLAN, cache)
    assert layout.root.exists()


@pytest.mark.parametrize("whose", ["a person's", "our own", "a dead process's"])
def test_what_no_other_process_uses_is_replaced(cache: Cache, whose: str) -> None:
    dead = Owner(pid=os.getpid(), started=1, words="python -m demo")
    layout = existing(cache, *{"a person's": (), "our own": owners.mine(), "a dead process's": (dead,)}[whose])
    (layout.root / "remains").touch()
    with pytest.raises(CannotStart) as failed:
        up(PLAN, cache, owners.mine(), anew=True)
    assert not isinstance(failed.value, InUse), "it began, and these programs do not run"
    assert not layout.root.exists()


def test_of_two_starts_at_once_the_second_sees_what_the_first_one_started(cache: Cache, other: Owner) -> None:
    """Before, both found no cluster; the second removed the first one's while it came up."""
    with ThreadPoolExecutor(1) as pool:
        with turns.alone(cache.locks / "demo", "the start of demo"):
            second = pool.submit(up, PLAN, cache, owners.mine())
            layout = existing(cache, other)
        with pytest.raises(InUse):
            second.result(timeout=60)
    assert layout.root.exists()
