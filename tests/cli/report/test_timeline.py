"""The timeline: what is drawn for which minute, with lines that cannot be confused."""

from dataclasses import replace
from itertools import combinations
from typing import Final

import pytest

from fairlead.cli.report import template, timeline
from fairlead.cli.report.timeline import ArrivalRates
from fairlead.simulator.virtual_fleet.report import FleetGauges
from tests.cli.report.reported import comparison, row, traffic

Light = tuple[float, float, float]
SIGHT: Final[dict[str, tuple[Light, Light, Light]]] = {
    "all": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "no green": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "no blue": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}
"""Machado, Oliveira and Fernandes (2009), severity 1: linear red, green and blue as each type of vision sees them."""
JUST_SEEN: Final = 2.3
"""The just noticeable difference in CIELAB; lines must be ten times as far apart."""


def test_demand_is_counted_by_minutes_and_the_fleet_beside_it() -> None:
    rates = ArrivalRates.of(traffic())
    assert rates.width_s == 60
    assert rates.a_second == (1.0, 1.0, 1.0, 20.0, 20.0, 20.0, 20.0)

    text = timeline.figure([row("chat")], rates)
    assert text.count("<svg viewBox") == 3
    assert 'max="6"' in text
    assert "at most 20<" in text


def test_a_long_run_is_drawn_by_the_most_of_several_minutes() -> None:
    day = replace(traffic(), seconds=60.0 * 1500, since=60.0)
    rates = ArrivalRates.of(day)
    assert (rates.width_s, len(rates.a_second)) == (180, 500)
    gauges = FleetGauges(
        at=(0.0, 60.0, 120.0, 240.0, 780.0),
        ready=(9, 1, 3, 2, 5),
        starting=(0,) * 5,
        held=(0,) * 5,
        waiting=(0,) * 5,
        running=(0,) * 5,
        usage=(0.0,) * 5,
    )
    found = rates.gathered(gauges, gauges.ready)
    assert found[:6] == [3, 2, None, None, 5, None], "what was before the part that counts is not drawn"


def test_a_line_breaks_where_nothing_was_recorded() -> None:
    whole = comparison(row("chat"))
    gauges = whole.rows[0].runs[0].report.gauges
    assert len(gauges.at) > 7
    text = timeline.figure(whole.rows, ArrivalRates(width_s=30.0, since=0.0, a_second=(1.0,) * 5))
    assert text.count("M0.0 ") == 4, "area, its edge, and two lines"
    assert "M400.0 " in text


def test_a_run_without_length_has_one_point() -> None:
    rates = ArrivalRates.of(replace(traffic(), seconds=0.0))
    assert rates.a_second == (1 / 60,)


@pytest.mark.parametrize(
    ("colours", "ground"), [(template.LIGHT, template.GROUNDS[0]), (template.DARK, template.GROUNDS[1])]
)
def test_lines_are_visible_and_distinguishable_for_every_kind_of_colour_vision(
    colours: tuple[str, ...], ground: str
) -> None:
    for one in colours:
        darker, lighter = sorted((brightness(one), brightness(ground)))
        assert (lighter + 0.05) / (darker + 0.05) >= 3, f"{one} is faint on {ground}"
    for name, eye in SIGHT.items():
        for one, other in combinations(colours, 2):
            off = sum((a - b) ** 2 for a, b in zip(seen(one, eye), seen(other, eye), strict=True)) ** 0.5
            assert off >= 10 * JUST_SEEN, f"{one} and {other} for {name}"


def linear(colour: str) -> Light:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return _linear(red), _linear(green), _linear(blue)


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def brightness(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def seen(colour: str, eye: tuple[Light, Light, Light]) -> Light:
    """In CIELAB under daylight."""
    light = linear(colour)
    red, green, blue = (sum(a * b for a, b in zip(row, light, strict=True)) for row in eye)
    tall = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    wide = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    deep = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    x, y, z = (_root(max(one, 0.0)) for one in (wide, tall, deep))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(part: float) -> float:
    return float(part ** (1 / 3)) if part > 0.008856 else 7.787 * part + 16 / 116
