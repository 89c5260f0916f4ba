"""The check itself: order, table, advice, exit code. Its steps here are small programs of our own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devcluster import turns
from house import check, pure, steps
from house.check import Outcome
from house.steps import Step
from house.tree import ROOT


def step(name: str, *programs: str) -> Step:
    """A step made of small Python programs."""
    commands = tuple((sys.executable, "-c", program) for program in programs)
    return Step(name=name, commands=commands, advice=f"mend the {name}")


def ended(name: str, *, holds: bool, output: str = "") -> Outcome:
    """A completed step."""
    return Outcome(step=step(name), holds=holds, seconds=1.25, output=output)


def test_commands_run_in_order_until_one_fails(tmp_path: Path) -> None:
    stumbling = step("types", "print('first')", "raise SystemExit('second')", "print('never')")

    outcome = check.run(stumbling, tmp_path, os.environ)

    assert not outcome.holds
    assert outcome.output == "first\nsecond"


def test_steps_see_the_tree_they_are_run_on_first(tmp_path: Path) -> None:
    looking = step("types", "import os, sys; print(os.getcwd()); print(os.environ['PYTHONPATH'])")

    (outcome,) = check.outcomes_of([looking], tmp_path)

    assert outcome.output.splitlines() == [str(tmp_path), f"{tmp_path}/operator:{tmp_path}"]


def test_rows_are_aligned_and_coloured_only_on_request() -> None:
    rows = [check.row(ended(name, holds=True), colour=False) for name in ("lint", "evidence")]

    assert rows == ["lint      ✓    1.2 s", "evidence  ✓    1.2 s"]
    assert check.row(ended("lint", holds=False), colour=True) == "lint      \033[31m✗\033[0m    1.2 s"


def test_when_all_holds_one_line_says_so() -> None:
    both = [ended("lint", holds=True, output="quiet"), ended("types", holds=True)]

    assert list(check.closing(both, 3.21)) == ["check: 2 steps held in 3.2 s"]


def test_a_failing_step_shows_its_output_then_advice_then_the_verdict() -> None:
    mixed = [ended("types", holds=True), ended("lint", holds=False, output="line 3: too long")]

    words, verdict = check.closing(mixed, 3.21)

    assert words == "\n--- lint ---\nline 3: too long\n\nlint: what to do: mend the lint"
    assert verdict == "\ncheck: failed: lint"


def test_an_unknown_step_gets_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--only", "speling"]) == 2
    assert "steps: tests, types, messages, imports" in capsys.readouterr().err


def test_one_step_alone_is_run_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert check.main(["--only", "evidence"]) in {0, 1}
    assert capsys.readouterr().out.startswith("evidence  ")


def test_a_test_that_lost_its_marker_still_starts_no_cluster(tmp_path: Path) -> None:
    story = "def test_unmarked() -> None:\n    pass\n"
    for path in [tmp_path / "tests" / one / f"test_{one}.py" for one in ("node", "apiserver")]:
        path.parent.mkdir(parents=True)
        path.write_text(story)
    lines = [place for group in pure.GROUPS for place in group.tests]
    for named in (tmp_path / place for place in lines):
        path = named if named.suffix else named / f"test_{named.name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(story)

    words = [sys.executable, "-m", "pytest", "--collect-only", "-q", *pure.MARKERS, *lines]
    listed = subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert "tests/planning/test_planning.py" in listed
    assert "node/test_" not in listed
    assert "apiserver/test_" not in listed


def test_every_step_says_what_to_do_and_where_to_read_more() -> None:
    rules = (Path(steps.__file__).parent.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for each in steps.STEPS:
        _, _, anchor = each.advice.partition("CONTRIBUTING.md#")
        assert each.name == "format" or f"## {anchor}" in rules.lower()


def test_two_at_once_would_erase_each_others_coverage_so_the_second_waits() -> None:
    with turns.alone(ROOT / pure.FOLDER / "deciding.lock", "whoever was first"):
        second = subprocess.Popen(
            (sys.executable, "-m", "house.pure"), cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        waits = second.stderr.readline()
        second.kill()
    second.communicate()

    assert waits.strip() == "… waiting for the tests of the rooms that decide in another terminal"
