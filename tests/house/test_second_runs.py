"""What failed beside other work runs again, alone, and is named; rooms that decide are never excused."""

import json
import shutil
from pathlib import Path
from typing import Final

import pytest

from house import coverage_tools, lanes, limited_run, pure
from house.lane import LANES, Lane
from house.lanes import Ran
from house.pure import Group
from house.tree import ROOT

NONE_THERE: Final = ("tests/fleet",)
"""With a marker that none has: a small lane collects in a second."""


@pytest.mark.house
def test_a_few_tests_that_failed_are_run_again_alone_and_named(capfd: pytest.CaptureFixture[str]) -> None:
    lane = Lane(name="nobody", marker="house and not house", folders=NONE_THERE, world="nothing", real=True)
    kept = ROOT / ".build" / "pytest-nobody" / "v" / "cache"
    kept.mkdir(parents=True, exist_ok=True)
    try:
        (kept / "lastfailed").write_text(json.dumps({"tests/house/test_lanes.py::test_of_yesterday": True}))
        looked = lanes.run_again(Ran(lane=lane, code=1, seconds=1.0))
        assert looked.code != 0, "a test that runs again and does not pass is a failure"
        assert "ran twice, failed alone too:\n  tests/house/test_lanes.py::test_of_yesterday" in capfd.readouterr().out
        (kept / "lastfailed").write_text(json.dumps(dict.fromkeys("abcde", True)))
        many = Ran(lane=lane, code=1, seconds=1.0)
        assert lanes.run_again(many) is many, "failures in many files are no accident"
        (kept / "lastfailed").write_text(json.dumps({f"tests/test_one.py::test_{place}": True for place in range(6)}))
        assert lanes.run_again(many) is not many, "all stories of one file, whose world came up too late"
        (kept / "lastfailed").write_text(json.dumps({"tests/test_one.py::test_late": True}))
        assert lanes.what_failed([many]) == ["nobody: failed:", "  tests/test_one.py::test_late"]
        (kept / "lastfailed").write_text("{}")
        assert lanes.what_failed([many]) == [
            "nobody: failed, but none of its tests did: see the end of its output above"
        ], "pytest fails for what it finds when all stories are over, too"
        assert lanes.what_failed([Ran(lane=lane, code=0, seconds=1.0)]) == []
    finally:
        shutil.rmtree(kept.parent.parent)


@pytest.mark.house
def test_a_shells_test_that_failed_beside_others_is_run_again_alone(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "test_slow.py"
    place.write_text(
        "from pathlib import Path\n\n\ndef test_the_second_time_is_quick() -> None:\n"
        f"    seen = Path({str(tmp_path / 'seen')!r})\n    quick = seen.exists()\n    seen.touch()\n    assert quick\n"
    )
    shell = Group(name=f"story-{tmp_path.name}", rooms=(), tests=(str(place),), apart=("tests/api",))
    try:
        assert pure.run_untraced(shell) == 0
        assert "ran twice, passed alone" in capfd.readouterr().out
        (tmp_path / "seen").unlink()
        assert pure.run(shell, tmp_path, coverage_tools.WITHOUT_TRACING) == 1, "rooms that decide wait for nothing"
    finally:
        shutil.rmtree(ROOT / ".build" / f"pytest-{shell.name}")


def test_a_lane_that_did_not_end_runs_again_alone_as_a_whole(capfd: pytest.CaptureFixture[str]) -> None:
    tiny = Lane(name="tiny", marker="", folders=(), world="nothing", real=True, modules=(("house.no_such_module",),))
    hung = Ran(lane=tiny, code=limited_run.OVERRAN, seconds=3600.0)
    assert "did not end within 60 minutes" in lanes.table([hung])[0]

    again = lanes.run_again(hung)

    assert again.code == 1
    assert again.seconds > 3600.0
    assert "tiny: did not end beside other work and runs again, alone" in capfd.readouterr().out


def test_shells_that_failed_beside_other_lanes_run_again_when_those_have_ended(
    capfd: pytest.CaptureFixture[str],
) -> None:
    story = ("pytest", *NONE_THERE, "-q", "-m", "house and not house")
    tiny = Lane(name="tiny", marker="", folders=(), world="nothing", modules=(("no_such",),), again=(story,))

    again = lanes.run_again(Ran(lane=tiny, code=1, seconds=600.0))

    assert again.lane is tiny
    assert again.code == 5, "what runs again decides"
    assert again.seconds > 600.0
    assert "tiny: failed beside other work and runs again, alone" in capfd.readouterr().out
    well = Ran(lane=tiny, code=0, seconds=600.0)
    assert lanes.run_again(well) is well


def test_groups_after_one_that_failed_run_too_and_rooms_that_decide_are_never_excused(
    tmp_path: Path,
) -> None:
    def group(name: str, test: str) -> Group:
        place = tmp_path / name / f"test_{name}.py"
        place.parent.mkdir()
        place.write_text(f"def test_it() -> None:\n    {test}\n")
        return Group(name=f"{name}-{tmp_path.name}", rooms=(), tests=(str(place),), apart=("tests/api",))

    first, second = group("first", "raise ValueError"), group("second", "print()")
    half = pure.Half(name="story", title="a story", groups=(first, second))
    try:
        assert pure.run_changed(tmp_path, half, everything=False) == 1
        assert set(pure.read(tmp_path / "story.json")) == {second.name}, "what passed is not run again"
    finally:
        for one in (first, second):
            shutil.rmtree(ROOT / ".build" / f"pytest-{one.name}")
    assert not pure.decided_well(tmp_path)
    held = {one.name: {"key": one.key(), "examples": pure.examples()} for one in pure.GROUPS}
    (tmp_path / "deciding.json").write_text(json.dumps(held))
    assert pure.decided_well(tmp_path)


def test_only_lanes_with_a_real_environment_are_run_again() -> None:
    assert [lane.name for lane in LANES if lane.real] == [
        *("leaks", "conformance", "long", "gates", "rollouts", "serving", "canaries", "scaling", "apiserver"),
        *("demo", "operated", "faults", "compiled", "rights", "node"),
    ]
    well = Ran(lane=next(one for one in LANES if one.real), code=0, seconds=1.0)
    assert lanes.run_again(well) is well
