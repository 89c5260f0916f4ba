"""The lanes run what they say, all of them, and never skip an environment silently."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from house import census, floors, kept_lanes, lanes, pure
from house.check import surroundings
from house.lane import LANES, Lane
from house.lanes import Ran
from house.tree import ROOT

NONE_THERE: Final = ("tests/fleet",)
"""With a marker that none has: a small lane collects in a second."""


def run(*words: str, without: str = "", **env: str) -> "subprocess.CompletedProcess[str]":
    """Run a module of this tree, optionally without a capability; outside any other CI or coverage."""
    lowered = ["setpriv", f"--bounding-set=-{without}", f"--inh-caps=-{without}", "--"] if without else []
    kept = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("COV")}
    command = [*lowered, sys.executable, "-m", *words]
    return subprocess.run(command, check=False, capture_output=True, text=True, env=kept | surroundings(ROOT) | env)


def by_name(name: str) -> Lane:
    return next(lane for lane in LANES if lane.name == name)


def test_a_lane_that_does_not_exist_is_answered_with_those_that_do() -> None:
    ran = run("house.lanes", "fast")
    assert ran.returncode == 2
    assert ran.stderr == f"lanes: there is no lane 'fast'; lanes: {', '.join(lane.name for lane in LANES)}\n"


@pytest.mark.parametrize(
    ("test", "mark"),
    [
        ("tests/fleet/test_shapes.py", "parametrize"),
        ("tests/house/test_lanes.py", "house"),
        ("tests/house/test_recipes.py", "recipe"),
        ("tests/router/test_shared_store.py", "conformance"),
        ("tests/router/test_compiled.py", "conformance"),
        ("tests/node/test_gpus.py", "node"),
        ("tests/node/test_demo.py", "node"),
        ("tests/node/test_leaves_nothing_behind.py", "node"),
        ("tests/node/serving/test_router.py", "node"),
        ("tests/node/serving/rollouts/test_rollouts.py", "node"),
        ("tests/node/serving/canaries/test_canaries.py", "node"),
        ("tests/node/serving/canaries/test_judge_gates.py", "node"),
        ("tests/node/serving/canaries/test_quality_gates.py", "node"),
        ("tests/node/serving/test_migrating.py", "node"),
        ("tests/node/serving/diagnostics/test_alerts.py", "node"),
        ("tests/house/test_artifacts.py", "house"),
        ("tests/node/serving/scaling/test_unreliable_signals.py", "node"),
        ("tests/node/vllm/test_first_answer.py", "node"),
        ("tests/node/sglang/test_first_answer.py", "node"),
        ("tests/apiserver/test_crds.py", "apiserver"),
        ("tests/apiserver/test_campaign.py", "apiserver"),
        ("tests/apiserver/scaling/test_one_writer.py", "apiserver"),
        ("tests/vllm/test_real_vllm.py", "vllm"),
        ("tests/sglang/test_real_sglang.py", "sglang"),
    ],
)
def test_each_test_is_run_by_one_lane(test: str, mark: str) -> None:
    assert census.complaint(test, {mark}) is None


def test_a_test_that_no_lane_would_run_or_two_is_named_when_tests_are_collected() -> None:
    away = census.complaint("tests/fleet/test_shapes.py", {"node"})
    assert away == (
        "tests/fleet/test_shapes.py: no lane would ever run it: correct its folder, its mark, or house/lane.py"
    )
    twice = census.complaint("tests/house/test_lanes.py", {"house", "recipe"})
    assert twice is not None
    assert "lanes house and recipes would both run it" in twice


def test_the_table_names_a_lane_in_which_no_test_ran() -> None:
    pure = by_name("pure")
    assert lanes.table([Ran(lane=pure, code=0, seconds=1), Ran(lane=pure, code=5, seconds=2)]) == [
        "pure  ✓     1.0 s",
        "pure  ✗     2.0 s  no test ran",
    ]


@pytest.mark.house
def test_parallel_lanes_print_their_output_when_they_end(capfd: pytest.CaptureFixture[str]) -> None:
    tiny = Lane(name="tiny", marker="house and not house", folders=NONE_THERE, world="nothing")
    small = Lane(name="small", marker="house and not house", folders=NONE_THERE, world="nothing")
    ran = list(lanes.run_all([small, tiny]))
    assert sorted(one.lane.name for one in ran) == ["small", "tiny"]
    out = capfd.readouterr().out
    assert "── small: needs nothing; its output follows when it ends" in out
    assert out.count("deselected") >= 2


def test_lanes_without_a_result_are_named() -> None:
    line = lanes.still_running([by_name("serving"), by_name("pure")], [by_name("demo")])
    assert line == "running: serving, pure; not begun: demo\n"
    assert lanes.still_running([by_name("serving")], []) == "running: serving\n"
    assert lanes.still_running([], []) == ""


def test_while_the_leak_check_runs_no_other_lane_has_a_node() -> None:
    leaks, *others = LANES
    begun = list[str]()
    assert lanes.next_one(others[1:], [by_name("pure"), leaks, by_name("conformance")]) is None, "there is no room"
    while lane := lanes.next_one([one for one in others if one.name not in begun], [leaks]):
        begun.append(lane.name)
    assert {one.name for one in others} - set(begun) == {one.name for one in others if one.mounts}
    serving = by_name("serving")
    assert lanes.next_one([leaks], [serving]) is None
    assert lanes.next_one([leaks], []) is leaks


def test_the_house_runs_beside_all_others_at_its_lower_priority(capfd: pytest.CaptureFixture[str]) -> None:
    house, *others = (by_name(name) for name in ("house", "conformance", "pure", "rollouts"))
    assert house.patient
    assert lanes.next_one([house], others) is house
    assert lanes.next_one([by_name("serving")], [house, *others]) is None
    assert lanes.chosen_of([], in_ci=True)[:4] == [house, *others]
    assert "left out of CI" in capfd.readouterr().out


def test_what_fetches_more_than_all_the_rest_runs_only_when_named() -> None:
    assert [lane.name for lane in LANES if lane.only_named] == [
        *("vllm", "sglang", "real-engines", "real-sglang", "other-kinds", "harness", "recipes")
    ]


def test_ci_leaves_out_what_claims_repeat_and_says_so(capfd: pytest.CaptureFixture[str]) -> None:
    by_claims = [lane.name for lane in LANES if lane.by_claims]
    assert by_claims == ["leaks", "long", "gates", "rights", "artifacts"]
    assert [lane.name for lane in lanes.chosen_of([], in_ci=False) if lane.by_claims] == by_claims
    assert not any(lane.by_claims for lane in lanes.chosen_of([], in_ci=True))
    assert capfd.readouterr().out.splitlines() == [
        f"{name}: left out of CI, claims repeat it (`make prove`)" for name in by_claims
    ]
    assert lanes.chosen_of(["long"], in_ci=True) == [by_name("long")], "named, it runs"


def test_a_lane_without_a_node_is_passed_over_until_a_file_changes(tmp_path: Path) -> None:
    house, story = by_name("house"), tmp_path / "tests" / "house" / "test_told.py"
    story.parent.mkdir(parents=True)
    story.write_text("assert True\n")
    now = kept_lanes.facts(tmp_path, house, 40)
    assert not kept_lanes.holds(tmp_path, house, now), "nobody ran it yet"
    kept_lanes.remember(tmp_path, house, now)
    assert kept_lanes.holds(tmp_path, house, kept_lanes.facts(tmp_path, house, 40))
    assert not kept_lanes.holds(tmp_path, house, kept_lanes.facts(tmp_path, house, 100)), "of each property more"
    assert not kept_lanes.holds(tmp_path, by_name("conformance"), now), "each has its own"
    story.write_text("assert not False\n")
    assert not kept_lanes.holds(tmp_path, house, kept_lanes.facts(tmp_path, house, 40))


def test_a_lane_whose_test_starts_others_runs_again_when_one_of_those_changed(tmp_path: Path) -> None:
    compiled, story = by_name("compiled"), tmp_path / "tests" / "simulator" / "test_clock.py"
    story.parent.mkdir(parents=True)
    story.write_text("assert True\n")
    kept_lanes.remember(tmp_path, compiled, kept_lanes.facts(tmp_path, compiled, 40))
    story.write_text("assert not False\n")
    assert not kept_lanes.holds(tmp_path, compiled, kept_lanes.facts(tmp_path, compiled, 40))


def test_only_lanes_without_a_node_are_skipped_when_unchanged_and_none_on_an_existing_cluster(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    skipped = {"house", "conformance", "compiled", "operated", "faults", "apiserver", "artifacts", "rights"}
    assert {lane.name for lane in LANES if lane.kept} == skipped
    assert {lane.name for lane in lanes.that_may_be_passed_over(LANES)} == skipped
    monkeypatch.setenv("DEVCLUSTER", "existing")
    assert not lanes.that_may_be_passed_over(LANES)


@pytest.mark.house
def test_a_lane_prints_what_it_needs_and_how_it_ended(capfd: pytest.CaptureFixture[str]) -> None:
    ran = lanes.run(Lane(name="tiny", marker="house and not house", folders=NONE_THERE, world="nothing at all"))
    out = capfd.readouterr().out
    assert ran.code == 5, "no test ran"
    assert "── tiny: needs nothing at all" in out
    assert re.search(r"\d+ deselected", out)


def test_the_pure_lane_runs_changed_tests_of_both_halves_and_traces_shells_only_for_floors() -> None:
    assert lanes.commands(by_name("pure")) == (("house.pure",), ("house.pure", "--rest"))
    assert pure.the_rest().table is None
    traced = pure.traced()
    assert traced.table == floors.REST
    assert [one.tests for one in traced.groups] == [one.tests for one in (*pure.GROUPS, *pure.the_rest().groups)]
    assert not {one.name for one in traced.groups} & {one.name for one in pure.the_rest().groups}
    (plain,) = lanes.commands(by_name("conformance"))
    ignored = "--ignore=tests/router/test_compiled.py"
    assert plain[:6] == ("pytest", "tests/conformance", "tests/router", ignored, "-m", "conformance")


@pytest.mark.house
@pytest.mark.skipif(os.geteuid() != 0, reason="gives up a capability, which only root has")
def test_where_no_cluster_can_run_the_lane_is_skipped_with_its_reason_and_in_ci_it_fails() -> None:
    aloud = run("house.lanes", "node", without="sys_admin")
    assert aloud.returncode == 0
    assert re.search(r"SKIPPED \[\d+\]", aloud.stdout), "the count"
    assert "missing: the right to make namespaces (CAP_SYS_ADMIN)" in aloud.stdout, "the reason"

    in_ci = run("house.lanes", "node", without="sys_admin", CI="true")
    assert in_ci.returncode == 1
    assert "the node lane must run in CI" in in_ci.stdout
