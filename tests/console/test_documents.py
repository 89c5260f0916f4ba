"""The page frame around every view, and the pages that only say why nothing is shown."""

from dataclasses import replace

import pytest

from fairlead.console import figures, refusals
from fairlead.console.document import document
from fairlead.console.refusals import ConsoleRefusal
from tests.console.objects import FRAME
from tests.console.reading import read


def test_every_link_is_relative_at_any_depth_and_the_page_has_no_inline_style() -> None:
    page = read(document("Fleet", replace(FRAME, depth=2, note="Decisions are taken elsewhere.")))
    assert page.values("href") == [
        "../../assets/icon.svg",
        "../../assets/console.css",
        "../../",
        "../../gateways",
        "../../playground",
        "../../reports",
    ]
    assert page.values("src") == ["../../assets/console.js"]
    assert "style" not in page.tags
    assert page.values("style") == []
    assert "sre@example.org at 2026-09-21 14:13:20 UTC" in page.text
    assert "Decisions are taken elsewhere." in page.text


@pytest.mark.parametrize("reason", ConsoleRefusal)
def test_every_refusal_says_what_to_do(reason: ConsoleRefusal) -> None:
    page = read(refusals.page(reason, FRAME))
    assert refusals.PAGES[reason].action in page.text
    assert refusals.PAGES[reason].status in (401, 403, 404, 503)


def test_figures_have_their_units_and_unknown_ones_are_dashes() -> None:
    unknown = (figures.count, figures.share, figures.rate, figures.duration, figures.money)
    assert [one(None) for one in unknown] == ["-"] * 5
    assert [figures.count(1024), figures.share(0.641), figures.money(1234.5)] == ["1,024", "64%", "1,234.50"]
    assert [figures.share(one) for one in (0.0, 0.004, 0.0096, 0.01)] == ["0%", "0.4%", "1.0%", "1%"]
    assert [figures.rate(0.25), figures.rate(12.44)] == ["0.25/s", "12.4/s"]
    assert [figures.duration(0.048), figures.duration(1.24)] == ["48 ms", "1.2 s"]
    assert [figures.number("1.4"), figures.number("much"), figures.number(None)] == [1.4, None, None]
    assert figures.estimate({"measured": 5}) == "5 measured"
