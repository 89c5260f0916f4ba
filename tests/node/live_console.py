"""The console of a running fleet, in a real browser, opened by `fairlead console` as its reader opens it."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from yarl import URL

from house import browser
from house.browser import BrowserPage
from house.tree import ROOT
from tests.conformance.test_console_in_chromium import ended, send
from tests.conformance.test_report_in_chromium import FAINT, OVERFLOWING, SMALLEST, program

WIDTHS: Final = (1280, 390)
PHASES: Final = "document.querySelectorAll('#phases tr').length"
CHOOSE: Final = """(() => { const models = document.getElementById('model');
  models.selectedIndex = [...models.options].findIndex(one => one.dataset.service === '%s');
  return models.selectedIndex; })()"""


@contextmanager
def opened(kubeconfig: str, account: str) -> Iterator[tuple[BrowserPage, str]]:
    """A browser opened at the address that the command printed."""
    words = [sys.executable, "-m", "fairlead", "console", "--service-account", account]
    ours = os.environ | {"KUBECONFIG": kubeconfig, "PYTHONPATH": str(ROOT / "operator")}
    with subprocess.Popen(words, env=ours, stdout=subprocess.PIPE, text=True) as command:
        try:
            assert command.stdout is not None
            found = re.search(r"http://\S+", command.stdout.readline())
            assert found is not None, "the command printed no address"
            root = f"{URL(found.group()).origin()}/"
            with browser.page(program()) as page:
                page.open(found.group(), leads_to=root)
                yield page, root
        finally:
            command.terminate()


def walk(page: BrowserPage, root: str, views: tuple[str, ...]) -> int:
    """Check each view, wide and narrow: readable, without an error or an external request. Returns how many."""
    for view in views:
        for width in WIDTHS:
            page.resize(width, 900)
            page.open(f"{root}{view}")
            assert page.value("document.documentElement.scrollWidth") == width, f"{view} is wider than {width} px"
            assert (page.value(OVERFLOWING), page.value(FAINT)) == ([], []), view
            assert page.value(SMALLEST) >= 11.5, view
            assert page.value("document.title").endswith("Fairlead"), view
            assert page.value("document.querySelector('.note[role=alert]')") is None, view
    assert page.errors == []
    assert [one for one in page.requests if not one.startswith(root)] == []
    return len(views) * len(WIDTHS)


def play(page: BrowserPage, root: str, service: str) -> None:
    """Send one request from the playground, through the API server to a router and an engine, with each phase."""
    page.open(f"{root}playground")
    assert page.value(CHOOSE % service) >= 0, f"the playground does not offer {service}"
    send(page)
    assert ended(page) == "Answered."
    assert page.value(PHASES) >= 5
    assert page.errors == []
