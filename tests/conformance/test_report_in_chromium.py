"""The report of `fairlead simulate --html` in a real browser: nothing fetched, readable, and usable by keyboard."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from fairlead.cli.main import main
from house import browser, chromium
from house.browser import BrowserPage
from tests.cli.candidate_files import CANDIDATES

pytestmark = pytest.mark.conformance

OVERFLOWING: Final = """[...document.querySelectorAll("body *")].filter(one => one.clientWidth
  && one.scrollWidth > one.clientWidth + 1).map(one => one.tagName + "." + one.className)"""
FAINT: Final = """(() => {
  const parts = text => text.match(/[\\d.]+/g).map(Number);
  const light = text => { const [r, g, b] = parts(text).map(one => one / 255).map(one =>
    one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = one => { const found = getComputedStyle(one).backgroundColor;
    return parts(found)[3] === 0 && one.parentElement ? ground(one.parentElement) : found; };
  const own = one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim());
  return [...document.querySelectorAll("main *")].filter(own).filter(one => {
    const pair = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => a - b);
    return (pair[1] + 0.05) / (pair[0] + 0.05) < 4.5;
  }).map(one => one.tagName + ": " + one.textContent.slice(0, 40));
})()"""
SMALLEST: Final = """Math.min(...[...document.querySelectorAll("main *")].map(one =>
  parseFloat(getComputedStyle(one).fontSize)))"""


def program() -> str:
    """On a developer's machine its absence skips the tests, in CI it fails them."""
    found = chromium.found()
    if found is not None:
        return found
    message = f"no {' or '.join(chromium.PROGRAMS)} on this machine: apt-get install {chromium.PACKAGE}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two candidates, and one of them as other autoscalers would scale it."""
    folder = tmp_path_factory.mktemp("report")
    (folder / "fleet.yaml").write_text(CANDIDATES)
    rows = [f"{number / 4},800,100" for number in range(2400)]
    (folder / "steady.csv").write_text("\n".join(["seconds,prompt_tokens,output_tokens", *rows]))
    words = ["simulate", str(folder / "fleet.yaml"), "--traffic", str(folder / "steady.csv"), "--cold-start", "30s"]
    assert main([*words, "--against", "keda", "--start", "3", "--html", str(folder / "report.html")]) == 0
    return folder / "report.html"


@pytest.fixture
def opened(report: Path) -> Iterator[BrowserPage]:
    with browser.page(program()) as page:
        page.resize(1280, 900)
        page.open(report.as_uri())
        yield page


def test_no_network_request_is_sent(opened: BrowserPage, report: Path) -> None:
    assert opened.requests == [report.as_uri()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_readable_wide_and_narrow_by_day_and_by_night(opened: BrowserPage, width: int, scheme: str) -> None:
    opened.resize(width, 844, scheme)

    assert opened.value("document.documentElement.scrollWidth") == width, "nobody scrolls sideways"
    assert opened.value(OVERFLOWING) == [], "nothing is cut off"
    assert opened.value(FAINT) == [], "text stands out from its ground"
    assert opened.value(SMALLEST) >= 11.5
    dark = opened.value("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 26)"
    assert dark is (scheme == "dark")


def test_the_verdict_is_seen_first_on_a_telephone(opened: BrowserPage) -> None:
    opened.resize(390, 844)
    assert opened.value("document.querySelector('.verdict strong').getBoundingClientRect().bottom") < 844


def test_everything_can_be_done_by_keyboard(opened: BrowserPage) -> None:
    seen: dict[str, bool] = {}
    for _ in range(20):
        opened.press("Tab")
        focused = opened.value("document.activeElement.id || document.activeElement.tagName")
        outlined = opened.value("getComputedStyle(document.activeElement).outlineStyle") != "none"
        seen[focused] = seen.get(focused, True) and outlined
        if focused == "minute":
            before = opened.value("document.getElementById('moment').textContent")
            opened.press("ArrowRight")
            after = opened.value("document.getElementById('moment').textContent")
            assert (before[:9], after[:9]) == ("Minute 0:", "Minute 1:")
            assert "scaled: 3 ready" in after
        if focused == "SUMMARY":
            opened.press("Enter")
            assert opened.value("document.activeElement.parentElement.open")
            break
    assert {"minute", "SUMMARY"} <= seen.keys()
    assert seen["minute"], "it is seen where the keyboard is"
    assert seen["SUMMARY"], "it is seen where the keyboard is"


def test_who_cannot_see_it_has_every_picture_and_control_by_name(opened: BrowserPage) -> None:
    named = opened.named()
    pictures = [name for role, name in named if role == "image"]
    assert [name.split(" over time")[0] for name in pictures] == [
        "Requests a second",
        "Replicas that are ready",
        "Requests that wait",
    ]
    assert [name for role, name in named if role == "slider"] == ["Minute (arrow keys move it)"]
    assert not [
        role for role, name in named if role in {"slider", "image", "region", "DisclosureTriangle"} and not name
    ]


def test_on_paper_nothing_is_folded(opened: BrowserPage) -> None:
    assert opened.value("document.querySelectorAll('details[open]').length") == 0
    assert opened.printed().startswith(b"%PDF")
    assert opened.value("document.querySelectorAll('details:not([open])').length") == 0
