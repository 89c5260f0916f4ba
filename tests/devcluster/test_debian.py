"""Required Debian packages: installed as root, else named."""

import os
from pathlib import Path

import pytest

from devcluster.cache import Cache
from devcluster.progress import StepFailed
from devcluster.setup import debian

OTHERWISE = "building needs Debian's gcc: apt-get install gcc"


def test_a_user_who_may_not_install_gets_the_command_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(StepFailed, match="apt-get install gcc"):
        debian.have(("gcc",), OTHERWISE, Cache(tmp_path))


def test_a_machine_without_apt_gets_the_command_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StepFailed, match="apt-get install gcc"):
        debian.have(("gcc",), OTHERWISE, Cache(tmp_path))


def test_where_nothing_lacks_nothing_is_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    debian.have((), OTHERWISE, Cache(tmp_path))
    assert not list(tmp_path.iterdir())
