"""The base file system is whole or not there, and only one build at a time makes it."""

import threading
from pathlib import Path

import pytest

from devcluster import image_base, image_store, progress
from devcluster.cache import Cache

WITHOUT_NETWORK = """\
#!/bin/sh
echo "E: Failed getting release file"
exit 1
"""


def test_a_base_that_could_not_be_installed_is_not_there_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path / "cache")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "unshare").write_text(WITHOUT_NETWORK)
    (programs / "unshare").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    with pytest.raises(progress.StepFailed, match="Failed getting release file"):
        image_base.context(cache)

    assert not (cache.images / f"base-{image_base.key()}").exists()


def test_a_base_that_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    place = cache.images / f"base-{image_base.key()}"
    place.mkdir(parents=True)
    monkeypatch.setenv("PATH", str(tmp_path / "no-programs"))
    assert image_base.context(cache) == place


def test_a_second_build_waits_for_the_first_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "images" / ".lock"
    entered: list[str] = []
    second = threading.Thread(target=enter, args=(lock, entered))

    with image_store.alone(lock):
        second.start()
        second.join(timeout=0.2)
        waiting = list(entered)
    second.join(timeout=10)

    assert (waiting, entered) == ([], ["second"])
    assert "waiting for an image build in another terminal" in capsys.readouterr().err


def enter(lock: Path, entered: list[str]) -> None:
    with image_store.alone(lock):
        entered.append("second")
