"""A real browser, where there is one: a page's requests are counted, and a browser that ended is named."""

from pathlib import Path

import pytest

from house import browser, chromium
from house.browser import BrowserFailed


def program() -> str:
    found = chromium.found()
    if found is None:
        pytest.skip(f"none of {chromium.PROGRAMS} here")
    return found


def test_where_one_is_installed_nothing_is_installed_again() -> None:
    program()
    assert chromium.main() == 0


def test_network_requests_of_a_page_are_recorded_and_invalid_commands_are_named(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<title>story</title><img src="http://127.0.0.1:9/asked.png">')
    with browser.page(program()) as opened:
        opened.open(page.as_uri())

        assert "http://127.0.0.1:9/asked.png" in opened.requests
        assert opened.value("document.title") == "story"
        with pytest.raises(BrowserFailed, match="nowhere"):
            opened.value("nowhere.at.all")
        with pytest.raises(BrowserFailed, match=r"Page\.navigate"):
            opened.open("no address")


def test_a_program_that_is_no_browser_is_named() -> None:
    with pytest.raises((BrowserFailed, BrokenPipeError)), browser.page("/bin/true"):
        pass
