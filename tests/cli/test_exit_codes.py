"""Commands whose output cannot be written, or that a person stops: from outside, as a shell sees them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from fairlead.cli import exit_codes

FAIRLEAD = f"{sys.executable} -m fairlead"


def shell(line: str, **environment: str) -> tuple[int, str, str]:
    """Run a line of bash; return its code and what it wrote."""
    ran = subprocess.run(
        ["bash", "-c", line], check=False, capture_output=True, text=True, env=os.environ | environment
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_has_seen_enough_ends_a_command_without_a_word(unbuffered: str) -> None:
    pipe = f"set -o pipefail; (sleep 0.5; exec {FAIRLEAD} version) | true"

    assert shell(pipe, PYTHONUNBUFFERED=unbuffered) == (141, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_line_and_no_code_that_means_something_else(unbuffered: str) -> None:
    assert shell(f"{FAIRLEAD} version > /dev/full", PYTHONUNBUFFERED=unbuffered) == (
        74,
        "",
        "fairlead version: output cannot be written: No space left on device; free space, then try again\n",
    )


def test_the_help_may_be_cut_too() -> None:
    assert shell(f"set -o pipefail; (sleep 0.5; exec {FAIRLEAD} plan --help) | true") == (141, "", "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_checked_file_is_not_to_blame_for_an_output_that_cannot_be_written(tmp_path: Path, unbuffered: str) -> None:
    """It was 2, a file that no router can use: `fairlead router --check FILE | head -1` failed in a pipeline."""
    (tmp_path / "router.yaml").write_text('endpoints: ["127.0.0.1:8000"]\n')
    check = f"{FAIRLEAD} router --check {tmp_path}/router.yaml"

    pipe = f"set -o pipefail; (sleep 0.5; exec {check}) | true"
    assert shell(pipe, PYTHONUNBUFFERED=unbuffered) == (141, "", "")
    assert shell(f"{check} > /dev/full", PYTHONUNBUFFERED=unbuffered) == (
        74,
        "",
        "fairlead router: output cannot be written: No space left on device; free space, then try again\n",
    )


def test_closed_streams_do_not_change_the_result(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("apiVersion: fairlead.dev/v1\nkind: InferenceDeployment\n")

    assert shell(f"{FAIRLEAD} validate {tmp_path}/bad.yaml >&- 2>&-") == (1, "", "")


def test_a_terminal_without_utf_8_shows_a_question_mark(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("apiVersion: fairlead.dev/v1\nkind: InferenceDeployment\n")

    code, out, problems = shell(f"{FAIRLEAD} validate {tmp_path}/bad.yaml", PYTHONIOENCODING="latin-1")

    assert (code, out[:2], problems) == (1, "? ", "")


def test_the_locale_c_shows_a_question_mark_too_where_python_keeps_to_ascii(tmp_path: Path) -> None:
    """It ended with a traceback: the handler there is no `strict`, and fails all the same."""
    (tmp_path / "bad.yaml").write_text("apiVersion: fairlead.dev/v1\nkind: InferenceDeployment\n")

    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    code, out, problems = shell(f"{FAIRLEAD} validate {tmp_path}/bad.yaml", **plain)

    assert (code, out[:2], problems) == (1, "? ", "")


def test_ctrl_c_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(_: Sequence[str]) -> int:
        raise KeyboardInterrupt

    assert exit_codes.complete(["plan", "x/y"], stopped) == 130
    assert capsys.readouterr().err == "fairlead plan: interrupted\n"


@pytest.mark.parametrize(
    "problem", [FileNotFoundError(2, "No such file", "x"), OSError(28, "No space left on device", "/full/x")]
)
def test_other_problems_are_not_taken_for_the_output(problem: OSError) -> None:
    def failing(_: Sequence[str]) -> int:
        raise problem

    with pytest.raises(OSError, match=problem.strerror):
        exit_codes.complete(["version"], failing)
