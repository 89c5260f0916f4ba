"""Two terminals at the same work: one does it, the other waits and says so."""

import threading
from pathlib import Path

import pytest

from devcluster import turns


def test_who_comes_second_waits_for_the_first_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "images" / ".lock"
    entered: list[str] = []
    second = threading.Thread(target=enter, args=(lock, entered), daemon=True)

    with turns.alone(lock, "an image build"):
        second.start()
        second.join(timeout=0.2)
        waiting = list(entered)
    second.join(timeout=10)

    assert (waiting, entered) == ([], ["second"])
    assert "waiting for an image build in another terminal" in capsys.readouterr().err


def enter(lock: Path, entered: list[str]) -> None:
    with turns.alone(lock, "an image build"):
        entered.append("second")
