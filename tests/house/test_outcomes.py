"""Reading pytest's closing line, and running programs for a proof."""

import sys
from pathlib import Path

import pytest

from prove import programs
from prove.outcomes import Counts, counts


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("12 passed in 3.45s", Counts(passed=12)),
        ("1 failed, 2 passed, 3 skipped in 0.10s", Counts(passed=2, failed=1, skipped=3)),
        ("2 passed, 5 deselected, 1 warning in 61.00s (0:01:01)", Counts(passed=2)),
        ("== 1 passed, 1 error in 0.20s ==", Counts(passed=1, failed=1)),
        ("4 errors in 0.20s", Counts(failed=4)),
        ("1 xfailed, 1 xpassed in 0.20s", Counts(passed=1, failed=1)),
        ("\033[32m\033[1m7 passed\033[0m\033[32m in 0.05s\033[0m", Counts(passed=7)),
        ("no tests ran in 0.01s", Counts()),
        ("5 deselected in 0.01s", Counts()),
        ("the cake passed in 3 s", Counts()),
    ],
)
def test_a_closing_line_is_read(line: str, expected: Counts) -> None:
    assert counts(f"....  [100%]\n{line}\n") == expected


def test_several_lanes_add_up() -> None:
    assert counts("3 passed in 1.0s\nnext lane\n2 passed, 1 skipped in 2.0s\n") == Counts(passed=5, skipped=1)


@pytest.mark.parametrize(
    ("found", "enough"),
    [
        (Counts(passed=1), True),
        (Counts(), False),
        (Counts(passed=1, failed=1), False),
        (Counts(passed=1, skipped=1), False),
    ],
)
def test_a_skipped_proof_proves_nothing(found: Counts, enough: bool) -> None:
    assert found.all_passed is enough


def test_counts_are_printed_with_their_zeros() -> None:
    assert str(Counts(passed=12, skipped=1)) == "12 passed, 0 failed, 1 skipped"


def test_a_programs_output_is_shown_while_it_runs_and_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = "import os, sys; print('2 passed in 0.1s'); print(os.getcwd(), file=sys.stderr); sys.exit(3)"

    ended = programs.run(sys.executable, "-c", program, cwd=tmp_path)

    assert (ended.code, ended.ok, ended.tests) == (3, False, Counts(passed=2))
    assert str(tmp_path) in ended.output
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "2 passed in 0.1s" in captured.err


def test_a_proof_does_not_inherit_an_outer_make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MAKEFLAGS", "--dry-run")
    (tmp_path / "Makefile").write_text("hello:\n\t@echo flags=[$$MAKEFLAGS] size=$(SIZE) $$COLOUR\n")

    ended = programs.make("hello", "SIZE=3", cwd=tmp_path, extra={"COLOUR": "blue"})

    assert ended.ok
    assert "size=3 blue" in ended.output
