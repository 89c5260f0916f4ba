"""The console in a real browser: every view, wide and narrow, by day and by night, with 500 deployments.

Through the same proxy and port that users have; objects and decisions are made up, and hostile where they can be.
Playground requests reach a real router in front of an emulated engine.
"""

import json
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from yarl import URL

from house import browser
from house.browser import BrowserPage
from tests.conformance.made_up_console import DEPLOYMENTS, door
from tests.conformance.test_report_in_chromium import FAINT, OVERFLOWING, SMALLEST, program

pytestmark = pytest.mark.conformance

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
"""With all that a page can hold; chat-001 has a fault, chat-002 was never reconciled."""
MAX_SECONDS: Final = 1.0


@pytest.fixture(scope="module")
def entered() -> Iterator[tuple[BrowserPage, str]]:
    """A browser opened at the printed address."""
    with door("good") as address, browser.page(program()) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        yield page, root


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", VIEWS)
def test_every_view_is_readable_and_sends_no_request_elsewhere(
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
    assert max(took) < MAX_SECONDS


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


REFUSED: Final = """
const wait = window.setTimeout;
window.setTimeout = (work, time) => wait(work, time / 20);
window.real = window.fetch;
window.fetch = async () => new Response(TEXT, {status: STATUS, headers: {"content-type": KIND}});
"""
"""What answers in place of the console, twenty times as often."""
NOTE: Final = "document.getElementById('old')?.textContent"


@pytest.mark.parametrize(
    ("status", "kind", "text", "words"),
    [
        (502, "text/plain", "list pods: connection refused\nmore", "502: list pods: connection refused"),
        (403, "text/plain; charset=utf-8", 'pods "fairlead-0" is forbidden', '403: pods "fairlead-0" is forbidden'),
        (200, "text/html", "<main><h1>Log in</h1></main>", "200: Log in"),
        (504, "text/html", "<h1>Gateway Time-out</h1>", "504"),
    ],
)
def test_a_followed_page_says_since_when_it_is_old_until_the_console_answers_again(
    entered: tuple[BrowserPage, str], status: int, kind: str, text: str, words: str
) -> None:
    page, root = entered
    page.open(f"{root}deployments/team/chat-000")
    at = page.value("document.querySelector('header time').textContent")
    refusal = REFUSED.replace("STATUS", str(status)).replace("TEXT", json.dumps(text)).replace("KIND", json.dumps(kind))
    page.value(refusal)
    page.value("document.getElementById('follow').click()")
    while not page.value(f"Boolean({NOTE})"):
        pass
    assert page.value(NOTE) == f"Not refreshed since {at}: {words}"
    assert page.value("document.querySelector('main').firstElementChild.id") == "old"
    assert page.value("document.querySelectorAll('h1').length") == 1, "what is shown stays"
    assert page.value("document.getElementById('follow').textContent") == "No answer"
    page.value("window.fetch = window.real")
    while page.value(f"Boolean({NOTE})"):
        pass
    assert page.value("document.getElementById('follow').textContent") == "Follow"
    assert page.errors == []
    page.value("document.getElementById('follow').click()")


ROWS: Final = "[...document.querySelectorAll('#phases tr')].map(one => one.cells[0].textContent)"
FACTS: Final = "[...document.querySelectorAll('#facts dt')].map(one => one.textContent)"
STATE: Final = "document.getElementById('state').textContent"


def send(page: BrowserPage) -> None:
    """Send what is in the form, and a prompt."""
    page.value("document.getElementById('prompt').value = 'Who is there?'")
    page.value("document.getElementById('tokens').value = '40'")
    page.value("document.getElementById('send').click()")


def ended(page: BrowserPage) -> str:
    """The final text about a request that was sent."""
    while (state := str(page.value(STATE))) == "Sent; no answer yet.":
        pass
    return state


@pytest.mark.parametrize("width", [1280, 390])
def test_the_playground_shows_an_answer_and_the_time_of_each_phase(
    entered: tuple[BrowserPage, str], width: int
) -> None:
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


STREAM: Final = """
window.fetch = async () => {
  const bytes = new TextEncoder(), later = () => new Promise(done => setTimeout(done, 300));
  const lines = DELTAS.map(delta => bytes.encode(`data: ${JSON.stringify({choices: [{delta}]})}\n\n`));
  const body = new ReadableStream({
    async pull(control) { control.enqueue(lines.shift()); await later(); if (!lines.length) control.close(); },
  });
  return new Response(body);
};
"""
"""An engine in the page: the first delta comes at once, and every other 300 ms later."""
DURATIONS: Final = "[...document.querySelectorAll('#phases meter')].map(one => one.value)"


@pytest.mark.parametrize(
    "reasoning",
    [
        pytest.param({"reasoning": "They greet me. "}, id="vLLM"),
        pytest.param({"content": "", "reasoning_content": "They greet me. "}, id="TensorRT-LLM"),
        pytest.param({"content": None, "reasoning_content": "They greet me. "}, id="SGLang"),
    ],
)
def test_the_playground_shows_a_models_reasoning_and_counts_its_tokens_as_written(
    entered: tuple[BrowserPage, str], reasoning: dict[str, str | None]
) -> None:
    page, root = entered
    page.open(f"{root}playground")
    page.value(STREAM.replace("DELTAS", json.dumps([reasoning, {"content": "Hello"}])))
    send(page)
    assert ended(page) == "Answered."
    assert page.value("document.getElementById('answer').textContent") == "They greet me. Hello"
    until_first, after_it = page.value(DURATIONS)[-2:]
    assert after_it > until_first, "the first token is the first of its reasoning"
    assert page.errors == []


def test_a_refused_request_is_shown_with_the_routers_message_and_the_stop_button_stops_a_reply() -> None:
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


SLOW: Final = """
window.release = [];
window.fetch = async (place, {signal}) => {
  const bytes = new TextEncoder(), text = window.release.length ? "second" : "first";
  const line = bytes.encode(`data: ${JSON.stringify({choices: [{delta: {content: text}}]})}\n\n`);
  return new Response(new ReadableStream({ start(control) {
    control.enqueue(line);
    signal.addEventListener("abort", () => control.error(signal.reason));
    signal.addEventListener("abort", () => setTimeout(() => { window.ended = true; }));
    window.release.push(() => control.close());
  } }));
};
"""
"""An engine in the page that ends an answer only when the test releases it."""
ANSWER: Final = "document.getElementById('answer').textContent"


def test_a_prompt_sent_while_an_answer_streams_replaces_it_and_the_first_one_says_nothing_more(
    entered: tuple[BrowserPage, str],
) -> None:
    page, root = entered
    page.open(f"{root}playground")
    page.value(SLOW)
    for text in ("first", "second"):
        send(page)
        while page.value(ANSWER) != text:
            pass
    while not page.value("Boolean(window.ended)"):
        pass
    assert page.value(STATE) == "Sent; no answer yet.", "the first one did not break off: it was replaced"
    assert page.value(ROWS) == []
    page.value("window.release[1]()")
    assert (ended(page), page.value(ANSWER)) == ("Answered.", "second")
    assert page.errors == []


def test_a_report_cannot_reach_the_console_that_shows_it() -> None:
    """seeing.3"""
    with door("good") as address, browser.page(program()) as page:
        root = f"{URL(address).origin()}/"
        page.open(address, leads_to=root)
        page.open(f"{root}reports/team/friday")
        assert page.value("document.querySelector('h1').textContent") == "team"
        assert page.value("origin") == "null"
        assert any("Content Security Policy" in one for one in page.errors), "its script fetched, and could not"
        pages = [one for one in page.requests if not one.endswith("/icon.svg")]
        assert pages[-1] == f"{root}reports/team/friday", "the browser fetches its icon whenever it likes"


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
