"""The lanes run what they say, every one of them, and never pass over a world in silence."""

import json
import os
import re
import shutil
import subprocess
import sys
from typing import Final

import pytest
from _pytest.mark.expression import Expression

from house import census, lanes
from house.check import surroundings
from house.lanes import Lane, Ran
from house.tree import ROOT

NONE_THERE: Final = ("tests/house",)
"""With a marker that none has: a small lane collects in a second."""


def run(*words: str, without: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a module of this tree, if need be without a capability; not inside anybody else's CI or coverage."""
    lowered = ["setpriv", f"--bounding-set=-{without}", f"--inh-caps=-{without}", "--"] if without else []
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("COV")}
    command = [*lowered, sys.executable, "-m", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=kept | surroundings(ROOT) | env)


def chosen(lane: Lane, test: str, marks: list[str]) -> bool:
    """As pytest itself would choose, where it looks."""

    def carries(name: str, /, **_: object) -> bool:
        return name in marks

    there = any(test.startswith(f"{folder}/") for folder in lane.folders)
    return there and Expression.compile(lane.marker).evaluate(carries)


def test_a_lane_that_does_not_exist_is_answered_with_those_that_do() -> None:
    ran = run("house.lanes", "fast")
    assert ran.returncode == 2
    assert (
        ran.stderr
        == "lanes: there is no lane 'fast'; lanes: pure, conformance, apiserver, node, vllm, house, recipes\n"
    )


@pytest.mark.house
def test_every_test_belongs_to_exactly_one_lane() -> None:
    listed = run("pytest", "--collect-only", "-q", "-p", "house.census").stdout
    entries = [
        line.removeprefix(census.LINE).rpartition("\t") for line in listed.splitlines() if line.startswith(census.LINE)
    ]
    taken = {
        lane.name: [test for test, _, marks in entries if chosen(lane, test, marks.split(","))] for lane in lanes.LANES
    }
    assert len(entries) > 4000
    assert sum(map(len, taken.values())) == len(entries)
    assert all(taken.values()), "a lane without tests proves nothing"


def test_the_table_names_a_lane_in_which_no_test_ran() -> None:
    pure = lanes.LANES[0]
    assert lanes.table([Ran(lane=pure, code=0, seconds=1), Ran(lane=pure, code=5, seconds=2)]) == [
        "pure  ✓     1.0 s",
        "pure  ✗     2.0 s  no test ran",
    ]


@pytest.mark.house
def test_a_lane_beside_another_says_its_words_when_that_one_is_over(capfd: pytest.CaptureFixture[str]) -> None:
    tiny = Lane(name="tiny", marker="house and not house", folders=NONE_THERE, world="nothing")
    small = Lane(name="small", marker="house and not house", folders=NONE_THERE, world="nothing", beside="tiny")
    ran = list(lanes.run_all([small, tiny]))
    assert [one.lane.name for one in ran] == ["tiny", "small"]
    out = capfd.readouterr().out
    assert "── small: needs nothing, beside the lane below" in out
    assert out.count("deselected") >= 2


def test_what_fetches_more_than_all_the_rest_runs_only_when_named() -> None:
    assert [lane.name for lane in lanes.LANES if lane.only_named] == ["vllm", "recipes"]


@pytest.mark.house
def test_a_lane_says_what_it_needs_and_how_it_went(capfd: pytest.CaptureFixture[str]) -> None:
    ran = lanes.run(Lane(name="tiny", marker="house and not house", folders=NONE_THERE, world="nothing at all"))
    out = capfd.readouterr().out
    assert ran.code == 5, "no test ran"
    assert "── tiny: needs nothing at all" in out
    assert re.search(r"\d+ deselected", out)


def test_a_lane_with_floors_is_measured_and_held_to_them() -> None:
    pure = lanes.LANES[0]
    assert [words[0] for words in lanes.commands(pure)] == [
        "coverage",
        "coverage",
        "coverage",
        "coverage",
        "house.floors",
    ]
    assert lanes.commands(pure)[-1][-1] == "floors-of-the-rest"
    (plain,) = lanes.commands(lanes.LANES[1])
    assert plain[:5] == ("pytest", "tests/conformance", "tests/router", "-m", "conformance")


@pytest.mark.house
@pytest.mark.skipif(os.geteuid() != 0, reason="gives up a capability, which only root has")
def test_where_no_cluster_can_run_the_lane_is_passed_over_aloud_and_in_ci_it_fails() -> None:
    aloud = run("house.lanes", "node", without="sys_admin")
    assert aloud.returncode == 0
    assert re.search(r"SKIPPED \[\d+\]", aloud.stdout), "the count"
    assert "missing: the right to make namespaces (CAP_SYS_ADMIN)" in aloud.stdout, "the reason"

    in_ci = run("house.lanes", "node", without="sys_admin", CI="true")
    assert in_ci.returncode == 1
    assert "the node lane must run in CI" in in_ci.stdout


@pytest.mark.house
def test_a_few_stories_that_failed_are_told_again_alone_and_named(capfd: pytest.CaptureFixture[str]) -> None:
    lane = Lane(name="nobody", marker="house and not house", folders=NONE_THERE, world="nothing", real=True)
    kept = ROOT / ".build" / "pytest-nobody" / "v" / "cache"
    kept.mkdir(parents=True, exist_ok=True)
    try:
        (kept / "lastfailed").write_text(json.dumps({"tests/house/test_lanes.py::test_of_yesterday": True}))
        looked = lanes.run_again(Ran(lane=lane, code=1, seconds=1.0))
        assert looked.code != 0, "a story that is told again and does not pass is a failure"
        assert (
            "told twice, and failed alone too:\n  tests/house/test_lanes.py::test_of_yesterday"
            in capfd.readouterr().out
        )
        (kept / "lastfailed").write_text(json.dumps(dict.fromkeys("abcd", True)))
        many = Ran(lane=lane, code=1, seconds=1.0)
        assert lanes.run_again(many) is many, "many failures are no accident"
    finally:
        shutil.rmtree(kept.parent.parent)


def test_only_lanes_of_a_real_world_are_looked_at_twice() -> None:
    assert [lane.name for lane in lanes.LANES if lane.real] == ["apiserver", "node"]
    broken = Ran(lane=lanes.LANES[0], code=1, seconds=1.0)
    assert lanes.run_again(broken) is broken
    well = Ran(lane=next(one for one in lanes.LANES if one.real), code=0, seconds=1.0)
    assert lanes.run_again(well) is well
