"""A command that does not end is ended, with the stacks of its threads in the log."""

import os
import sys
from pathlib import Path

import pytest

from house import limited_run

HUNG = """
import faulthandler, threading
faulthandler.enable()
def wait_for_what_never_comes(): threading.Event().wait()
threading.Thread(target=wait_for_what_never_comes).start()
"""


def test_a_command_that_hangs_is_ended_and_its_stacks_show_where(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("wb") as sink:
        code = limited_run.code_of([sys.executable, "-c", HUNG], tmp_path, os.environ, sink, longest_s=2.0)

    assert code == limited_run.OVERRAN
    assert "in wait_for_what_never_comes" in log.read_text()


def test_a_command_that_ignores_the_first_signal_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_run, "GRACE_S", 0.2)
    deaf = "import signal, time; signal.signal(signal.SIGABRT, signal.SIG_IGN); time.sleep(600)"
    with (tmp_path / "log").open("wb") as sink:
        code = limited_run.code_of([sys.executable, "-c", deaf], tmp_path, os.environ, sink, longest_s=2.0)

    assert code == limited_run.OVERRAN


def test_others_keep_their_exit_code(tmp_path: Path) -> None:
    for code in (0, 1, 5):
        assert limited_run.code_of([sys.executable, "-c", f"exit({code})"], tmp_path, os.environ, None) == code
