"""docs/levers.md matches its stored figures, and its claim detects a figure that differs."""

import copy

from bench.levers import page
from prove.claimed import levers


def test_the_page_and_its_pictures_are_those_of_the_kept_figures() -> None:
    found = page.kept()
    assert page.PAGE.read_text(encoding="utf-8") == page.text(found), "run `make bench-levers`"
    for one in found:
        picture = page.PAGE.parent / "reference" / f"levers-{one['service']}.svg"
        assert picture.read_text(encoding="utf-8") == page.drawn(one)


def test_the_kept_figures_hold_the_claim() -> None:
    figure = levers.judged(page.kept(), page.kept())
    assert figure.holds, figure.text
    assert "times cheaper" in figure.text


def test_another_cost_and_a_fleet_that_misses_its_objectives_do_not() -> None:
    other = copy.deepcopy(page.kept())
    other[0]["steps"][0]["found"]["usd_an_hour"] *= 1.1
    assert not levers.judged(page.kept(), other).holds
    missing = copy.deepcopy(page.kept())
    missing[0]["steps"][1]["found"]["kept"] = 0.9
    missing[0]["steps"][1]["stays"] = True
    figure = levers.judged(missing, page.kept())
    assert not figure.holds
    assert figure.text.endswith(f"; missed: {missing[0]['steps'][1]['lever']}")
