"""The charts of a policy's fields: valid SVG, one line a setting, and the warm-up does not count."""

from pathlib import Path
from xml.etree import ElementTree as ET

from bench.autoscaling import knobs_page
from bench.autoscaling.knob_settings import KNOBS
from bench.autoscaling.knobs_page import Turned
from bench.autoscaling.playing import Played

SVG = "{http://www.w3.org/2000/svg}"


def _played(who: str, *answers: tuple[float, int]) -> Played:
    return Played(
        who=who,
        attainment=0.9875,
        gpu_hours=7.5,
        reversals=0,
        answers=answers,
        first=1.0,
        pace=1.0,
        worst=0.95,
        slowest=40.0,
    )


def _turned() -> Turned:
    played = (_played("a & b", (0.0, 9), (50.0, 2), (120.0, 4)), _played("c", (0.0, 3)))
    return Turned(knob=KNOBS[0], played=played, arrivals=(1.0, 2.0), since=100.0, until=200.0)


def test_a_picture_is_whole_and_has_a_line_for_each_setting() -> None:
    drawn = ET.fromstring(knobs_page.drawing(_turned()))  # noqa: S314  # our own
    words = [one.text for one in drawn.iter(f"{SVG}text")]
    lines = [one.get("d", "") for one in drawn.iter(f"{SVG}path") if one.get("stroke-width") == "1.5"]
    assert "a & b: 98.8%, 7.5 GPU h" in words
    assert lines == ["M40.0 140.0H168.0V40.0H680", "M40.0 90.0H680"]


def test_the_page_names_every_setting_with_its_figures(tmp_path: Path) -> None:
    knobs_page.write([_turned()], tmp_path)
    page = (tmp_path / knobs_page.PAGE).read_text(encoding="utf-8")
    assert "| a & b | 98.8% | 7.5 | 4 |" in page
    assert (tmp_path / "autoscaler-knob-objective.svg").exists()


def test_every_field_has_three_settings_and_a_name_of_its_own() -> None:
    assert {len(knob.settings) for knob in KNOBS} == {3}
    assert len({knob.name for knob in KNOBS}) == len(KNOBS)
