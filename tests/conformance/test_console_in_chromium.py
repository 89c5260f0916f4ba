"""The console in a real browser: every view, wide and narrow, by day and by night, with 500 deployments.

Through the same door and port that people use; objects and decisions are made up, and hostile where they can be.
What the playground sends reaches a real router before an emulated engine.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import pytest
import uvloop
from yarl import URL

from fairlead.cli import console_door
from fairlead.cli.playground_door import CHAT
from fairlead.cluster import kinds
from fairlead.cluster.pod_proxy import PodPage
from fairlead.cluster.service_proxy import ServicePort
from fairlead.process.console_views import FORWARDED
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.explain.decision_record import DecisionRecord
from house import browser
from house.browser import BrowserPage
from tests.cli.decisions import AT, decided, facts, router
from tests.conformance.test_report_in_chromium import FAINT, OVERFLOWING, SMALLEST, program
from tests.console.objects import NO_ROOM, condition, deployment, gateway
from tests.emulator.living import Living
from tests.process.console_world import Console, served
from tests.process.test_console_reports import report
from tests.router import planes
from tests.router.planes import Plane

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
    "playground",
    "reports",
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
        document["spec"]["model"] = {"servedName": "chat"} if number == 0 else {}
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
    verdict = {"fairlead.dev/verdict": words, "fairlead.dev/played-at": words}
    hurt = report("team", "hurt")
    hurt["metadata"]["annotations"] = verdict
    console.reviews.config_maps += [report("team"), hurt]


def _decided(step: int) -> DecisionRecord:
    """A fleet that a wave goes through."""
    waiting = max(0.0, 9.0 - abs(20 + step))
    record = decided(facts(routers=(router(waiting=waiting),), price_per_hour=0.7), at=AT + 15 * step)
    numbers = {"demand.requestsPerSecond": 4.0 + waiting, "supply.replicas": 2.0, "need.replicas": 1.0 + waiting / 9}
    figures = tuple(DecisionFigure(name=key, value=value) for key, value in numbers.items())
    return replace(record, recommendation=replace(record.recommendation, figures=figures))


class _Straight:
    """The way without an API server in it."""

    def __init__(self, console: Console, router: Plane, token: str) -> None:
        self._console, self._router, self._token = console, router, token

    async def fetch(self, page: str) -> PodPage:
        """With the reader's token."""
        headers = {FORWARDED: f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(URL(f"{self._console.address}{page}", encoded=True), headers=headers) as answer,
        ):
            policy = answer.headers["Content-Security-Policy"]
            return PodPage(answer.status, answer.content_type, await answer.read(), policy)

    @asynccontextmanager
    async def chat(
        self, service: ServicePort, body: bytes, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """To the one router there is."""
        sent = {**headers, "Content-Type": "application/json"}
        assert service.namespace == "team"
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._router.url}{CHAT}", data=body, headers=sent) as answer,
        ):
            yield answer


@asynccontextmanager
async def _a_router() -> AsyncIterator[Plane]:
    engine = await Living().start()
    with TemporaryDirectory() as folder:
        async with planes.before(Path(folder), [engine]) as router:
            yield router
    await engine.stop()


@contextmanager
def door(token: str, *, hostile: bool = True) -> Iterator[str]:
    """The printed address, while a thread keeps the proxy open."""
    loop, found, ready = uvloop.new_event_loop(), list[str](), threading.Event()
    over = asyncio.Event()

    async def stay() -> None:
        async with served() as console, _a_router() as router:
            _fill(console, HOSTILE if hostile else CALM)
            async with console_door.opened(_Straight(console, router, token), 0) as address:
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


ROWS: Final = "[...document.querySelectorAll('#phases tr')].map(one => one.cells[0].textContent)"
FACTS: Final = "[...document.querySelectorAll('#facts dt')].map(one => one.textContent)"
STATE: Final = "document.getElementById('state').textContent"


def send(page: BrowserPage) -> None:
    """What is in the form, and a prompt."""
    page.value("document.getElementById('prompt').value = 'Who is there?'")
    page.value("document.getElementById('tokens').value = '40'")
    page.value("document.getElementById('send').click()")


def ended(page: BrowserPage) -> str:
    """What it says at last of a request that was sent."""
    while (state := str(page.value(STATE))) == "Sent; no answer yet.":
        pass
    return state


@pytest.mark.parametrize("width", [1280, 390])
def test_the_playground_shows_an_answer_and_where_its_time_went(entered: tuple[BrowserPage, str], width: int) -> None:
    """seeing.3"""
    page, root = entered
    page.resize(width, 844, "light")
    page.open(f"{root}playground")
    send(page)
    assert ended(page) == "Answered."
    assert page.value("document.getElementById('answer').textContent.length") > 0
    phases = ["Way there and back", "Router reads it", "Router's queue", "Engine until the first token"]
    assert page.value(ROWS) == [*phases, "First token to the last"]
    assert {"Prompt tokens", "Output tokens", "Ended by", "Replica", "Chosen by"} <= set(page.value(FACTS))
    assert page.value("document.documentElement.scrollWidth") == width, "nobody scrolls sideways"
    assert page.value(OVERFLOWING) == []
    assert page.errors == []
    assert [one for one in page.requests if not one.startswith(root)] == []


def test_what_cannot_be_answered_is_shown_in_the_routers_words_and_stop_stops() -> None:
    with door("good") as address, browser.page(program()) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        page.open(f"{root}playground")
        page.value("document.getElementById('prompt').value = 'Who is there?'")
        page.value("document.getElementById('model').selectedIndex = 1")
        page.value("document.getElementById('send').click()")
        assert ended(page).startswith("404: model: chat-001: there is no such model here")
        page.value("document.getElementById('model').selectedIndex = 0")
        page.value("document.getElementById('tokens').value = '5000'")
        page.value("document.getElementById('send').click(); document.getElementById('stop').click()")
        assert ended(page) == "Stopped."


def test_a_report_cannot_reach_the_console_that_shows_it() -> None:
    """seeing.3"""
    with door("good") as address, browser.page(program()) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        page.open(f"{root}reports/team/friday")
        assert page.value("document.querySelector('h1').textContent") == "team"
        assert page.value("origin") == "null"
        assert any("Content Security Policy" in one for one in page.errors), "its script fetched, and could not"
        assert page.requests[-1] == f"{root}reports/team/friday"


def test_every_picture_control_and_table_has_a_name(entered: tuple[BrowserPage, str]) -> None:
    page, root = entered
    for view in ("", "deployments/team/chat-000", "playground", "reports"):
        page.open(f"{root}{view}")
        named = {"image", "region", "searchbox", "button", "link", "navigation", "DisclosureTriangle"}
        named |= {"combobox", "textbox", "spinbutton"}
        assert not [role for role, name in page.named() if role in named and not name]


def test_who_may_not_read_sees_why_and_nothing_else() -> None:
    """seeing.3"""
    with door("poor") as address, browser.page(program()) as page:
        page.open(address, leads_to=f"{URL(address).origin()}/")
        assert page.value("document.querySelector('h1').textContent") == "Not allowed"
        assert "chat" not in page.value("document.querySelector('main').textContent")
