"""The console in a real browser: every view, wide and narrow, by day and by night, with 500 deployments.

Through the same door and port that people use; objects and decisions are made up, and hostile where they can be.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import aiohttp
import pytest
from yarl import URL

from fairlead.cli import console_door
from fairlead.cluster import kinds
from fairlead.cluster.pod_proxy import PodPage
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.explain.decision_record import DecisionRecord
from house import browser
from house.browser import BrowserPage
from tests.cli.decisions import AT, decided, facts, router
from tests.conformance.test_report_in_chromium import FAINT, OVERFLOWING, SMALLEST, program
from tests.console.objects import NO_ROOM, condition, deployment, gateway
from tests.process.console_world import Console, served

pytestmark = pytest.mark.conformance

HOSTILE: Final = "</td><script>document.title='hurt'</script><img src=//evil.example/x onerror=document.title='hurt'>"
CALM: Final = "pod chat-001-5d9c waits for 2 GPUs of NVIDIA-L40S; none is free"
DEPLOYMENTS: Final = 500
VIEWS: Final = (
    "",
    "?page=2",
    "?words=nothing-has-this",
    "deployments/team/chat-000",
    "deployments/team/chat-000/changes",
    "deployments/team/chat-001",
    "deployments/team/chat-002",
    "gateways",
    "gateways/team/company",
)
"""With all that a page can hold; chat-001 is wrong, chat-002 was never looked at."""
MOST_SECONDS: Final = 1.0


def _fill(console: Console, words: str) -> None:
    assert console.leader.watched is not None
    wrong = [NO_ROOM[0] | {"message": words}, NO_ROOM[1] | {"message": words}]
    revision = {"name": "chat-000-6f9c5d7b8", "replicas": 2, "ready": 2, "routable": 2, "weight": 100}
    decisions = [{"at": "2026-11-23T02:00:00Z", "before": 1, "after": 2, "reason": "TokenDemand", "message": words}]
    steps = [{"replicas": 1, "traffic": share, "gates": ["errors"]} for share in (5, 25, 100)]
    canary = {"phase": "Holding", "since": "2026-11-23T02:00:00Z", "step": 2, "plan": {"steps": steps}}
    special: dict[int, dict[str, Any]] = {
        0: {"revisions": [revision], "scaling": {"decisions": decisions}, "canary": canary},
        1: {"conditions": wrong},
        2: {"conditions": [], "observedGeneration": None},
    }
    for number in range(DEPLOYMENTS):
        document = deployment(f"chat-{number:03}", **special.get(number, {}))
        console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, document)
    for step in range(-40, 1):
        console.clock[0] = AT + 15 * step
        one = _decided(step)
        console.leader.decided = [replace(one, name=f"chat-{number:03}") for number in range(DEPLOYMENTS)]
        console.source.observe()
    tenants = [{"name": words, "running": 1, "requests": 2, "tokens": 3, "spent": "4", "budget": "5"}]
    silent = [condition("Routable", "False", "RoutersSilent", words)]
    console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway())
    console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway("door", tenants=tenants, conditions=silent))


def _decided(step: int) -> DecisionRecord:
    """A fleet that a wave goes through."""
    waiting = max(0.0, 9.0 - abs(20 + step))
    record = decided(facts(routers=(router(waiting=waiting),), price_per_hour=0.7), at=AT + 15 * step)
    numbers = {"demand.requestsPerSecond": 4.0 + waiting, "supply.replicas": 2.0, "need.replicas": 1.0 + waiting / 9}
    figures = tuple(DecisionFigure(name=key, value=value) for key, value in numbers.items())
    return replace(record, recommendation=replace(record.recommendation, figures=figures))


class _Straight:
    """The way without an API server in it."""

    def __init__(self, console: Console, token: str) -> None:
        self._console, self._token = console, token

    async def fetch(self, page: str) -> PodPage:
        """With the reader's token."""
        headers = {"Authorization": f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(URL(f"{self._console.address}{page}", encoded=True), headers=headers) as answer,
        ):
            return PodPage(answer.status, answer.content_type, await answer.read())


@contextmanager
def door(token: str, *, hostile: bool = True) -> Iterator[str]:
    """The printed address, while a thread keeps the proxy open."""
    loop, found, ready = asyncio.new_event_loop(), list[str](), threading.Event()
    over = asyncio.Event()

    async def stay() -> None:
        async with served() as console:
            _fill(console, HOSTILE if hostile else CALM)
            async with console_door.opened(_Straight(console, token), 0) as address:
                found.append(address)
                ready.set()
                await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(stay(),))
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()


@pytest.fixture(scope="module")
def entered() -> Iterator[tuple[BrowserPage, str]]:
    """A browser that came in by the printed address."""
    with door("good") as address, browser.page(program()) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        yield page, root


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_readable_and_asks_nothing_of_anybody_else(
    entered: tuple[BrowserPage, str], view: str, width: int, scheme: str
) -> None:
    """seeing.3"""
    page, root = entered
    page.resize(width, 844, scheme)
    page.open(f"{root}{view}")

    assert page.value("document.documentElement.scrollWidth") == width, "nobody scrolls sideways"
    assert page.value(OVERFLOWING) == [], "nothing is cut off"
    assert page.value(FAINT) == [], "text stands out from its ground"
    assert page.value(SMALLEST) >= 11.5
    assert page.value("document.title").endswith("Fairlead"), "no hostile script ran"
    assert page.value("document.querySelectorAll('main img, main script, main iframe').length") == 0
    assert page.errors == []
    assert [one for one in page.requests if not one.startswith(root)] == []


def test_a_fleet_of_500_is_there_within_a_second(
    entered: tuple[BrowserPage, str], record_property: Callable[[str, object], None]
) -> None:
    """seeing.3"""
    page, root = entered
    took = list[float]()
    for _ in range(5):
        page.open(f"{root}?words=chat")
        took.append(page.value("performance.getEntriesByType('navigation')[0].domComplete / 1000"))
    record_property("seconds", max(took))
    assert page.value("document.querySelector('dd').textContent") == str(DEPLOYMENTS)
    assert max(took) < MOST_SECONDS


def test_a_page_that_is_followed_changes_in_place(entered: tuple[BrowserPage, str]) -> None:
    page, root = entered
    page.open(f"{root}deployments/team/chat-000")
    page.value("document.getElementById('follow').click()")
    assert page.value("document.getElementById('follow').getAttribute('aria-pressed')") == "true"
    page.value("document.querySelector('h1').textContent = 'changed by hand'")
    while page.value("document.querySelector('h1').textContent") == "changed by hand":
        pass
    assert page.value("document.querySelector('h1').textContent") == "team/chat-000"
    assert page.errors == []
    page.value("document.getElementById('follow').click()")


def test_every_picture_control_and_table_has_a_name(entered: tuple[BrowserPage, str]) -> None:
    page, root = entered
    for view in ("", "deployments/team/chat-000"):
        page.open(f"{root}{view}")
        named = {"image", "region", "searchbox", "button", "link", "navigation", "DisclosureTriangle"}
        assert not [role for role, name in page.named() if role in named and not name]


def test_who_may_not_read_sees_why_and_nothing_else() -> None:
    """seeing.3"""
    with door("poor") as address, browser.page(program()) as page:
        page.open(address, leads_to=f"{URL(address).origin()}/")
        assert page.value("document.querySelector('h1').textContent") == "Not allowed"
        assert "chat" not in page.value("document.querySelector('main').textContent")
