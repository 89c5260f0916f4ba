"""The coverage floors, on reports in the format that both tools write."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from house import floors
from house.tree import ROOT

WIRE = "operator/fairlead/router/wire"


def covered(lines: int, of: int, branches: int = 0, of_branches: int = 0) -> dict[str, Any]:
    """One file of a report."""
    return {
        "summary": {
            "covered_lines": lines,
            "missing_lines": of - lines,
            "covered_branches": branches,
            "missing_branches": of_branches - branches,
        },
        "missing_lines": list(range(1, of - lines + 1)),
        "missing_branches": [[10 + number, 0] for number in range(of_branches - branches)],
    }


def test_a_room_without_code_misses_nothing() -> None:
    assert floors.measure(WIRE, {}).percent == 100.0
    assert list(floors.violations({}, {WIRE: 100})) == []


def test_a_missing_branch_is_named_with_its_room_figure_and_floor() -> None:
    report = {f"{WIRE}/frames.py": covered(8, 8, branches=1, of_branches=2)}

    (violation,) = floors.violations(report, {WIRE: 100})

    assert violation.splitlines() == [
        f"{WIRE}: 90.0 % of lines and branches covered, floor 100 %: {floors.ADVICE}",
        f"  {WIRE}/frames.py: branches 10->exit",
    ]


def test_a_folder_whose_name_only_begins_alike_is_another_room() -> None:
    report = {f"{WIRE}less.py": covered(0, 5), f"{WIRE}less/void.py": covered(0, 5)}

    assert floors.measure(WIRE, report).counted == 0


def test_a_folder_with_a_floor_of_its_own_counts_there_only() -> None:
    report = {"operator/fairlead/router/upstream_pool.py": covered(9, 10), f"{WIRE}/frames.py": covered(0, 90)}

    lines = list(floors.violations(report, {"operator/fairlead/router": 90, WIRE: 0}))

    assert lines == []


def test_many_gaps_are_shortened_and_counted() -> None:
    report = {f"{WIRE}/part{number}.py": covered(0, 9) for number in range(6)}

    (violation,) = floors.violations(report, {WIRE: 90})

    assert "part0.py: lines 1, 2, 3, 4, …" in violation
    assert violation.splitlines()[-1] == "  and 2 more files"


def test_almost_all_never_reads_as_all() -> None:
    (violation,) = floors.violations({f"{WIRE}/frames.py": covered(9999, 10000)}, {WIRE: 100})

    assert "99.9 %" in violation


def written(folder: Path, files: Mapping[str, Any]) -> list[str]:
    """The arguments for a report on disk."""
    report = folder / "report.json"
    report.write_text(json.dumps({"files": files}))
    return [str(report)]


def every_file() -> dict[str, Any]:
    """A report in which every file of the rooms that decide is covered."""
    paths = (path for folder in floors.of(ROOT, floors.DECIDING) for path in (ROOT / folder).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): covered(3, 3) for path in paths}


def test_a_report_that_meets_every_floor_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert floors.main(written(tmp_path, every_file())) == 0
    assert "rooms at or above their floor" in capsys.readouterr().out


def test_a_report_below_a_floor_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = "operator/fairlead/fleet/engine_load.py"
    assert floors.main(written(tmp_path, {**every_file(), one: covered(2, 3)})) == 1
    out = capsys.readouterr().out
    assert "operator/fairlead/fleet: 99." in out
    assert f"  {one}: lines 1\n" in out


def test_a_file_that_no_test_imports_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = "operator/fairlead/fleet/engine_load.py"
    files = every_file()
    del files[one]
    assert floors.main(written(tmp_path, files)) == 1
    assert f"{one}: no test imports it: {floors.ADVICE}" in capsys.readouterr().out


def test_without_a_report_the_usage_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert floors.main([]) == 2
    assert "usage" in capsys.readouterr().err
