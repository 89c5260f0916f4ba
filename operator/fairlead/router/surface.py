"""Which paths there are, and what the router answers on those that are its own.

Posts to OpenAI's and Anthropic's paths go to engines; the few others are answered here, without asking anybody.
"""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from fairlead.fleet.light import light
from fairlead.router import refusals
from fairlead.router.telling.teller import CONTENT_TYPE
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import Head

if TYPE_CHECKING:
    from fairlead.router.router import Router

JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"
_CARD: Final = b"/v1/models/"
_ROOTS: Final = (b"/tokenize", b"/detokenize")


@light
class Page:
    """An answer of the router's own."""

    body: bytes
    content_type: bytes = JSON
    status: int = 200


Own = Callable[["Router", Head], Page | Problem]


def is_forwarded(head: Head) -> bool:
    """Whether a request goes to an engine."""
    return head.method == b"POST" and (head.path.startswith(b"/v1/") or head.path in _ROOTS)


def own_page(router: "Router", head: Head, *, scraped: bool) -> Page | Problem:
    """The answer to anything that does not go to an engine; on the scrapers' port there is less."""
    pages = SCRAPED if scraped else PAGES
    page = pages.get(head.path)
    if page is None and not scraped and head.path.startswith(_CARD):
        page = _model
    if page is None:
        return refusals.unknown_path(head)
    if head.method not in (b"GET", b"HEAD"):
        return refusals.wrong_method(head)
    return page(router, head)


def _health(_router: "Router", _head: Head) -> Page:
    return Page(body=b"ok\n", content_type=TEXT)


def _ready(router: "Router", _head: Head) -> Page:
    if router.ready:
        return Page(body=b"ready\n", content_type=TEXT)
    why = b"draining" if router.draining else b"the endpoints are not known yet"
    return Page(body=b"not ready: " + why + b"\n", content_type=TEXT, status=503)


def _metrics(router: "Router", _head: Head) -> Page:
    return Page(body=router.metrics(), content_type=CONTENT_TYPE)


def _endpoints(router: "Router", _head: Head) -> Page:
    return _json(router.seen())


def _models(router: "Router", _head: Head) -> Page:
    return _json({"object": "list", "data": router.cards()})


def _model(router: "Router", head: Head) -> Page | Problem:
    name = unquote(head.path.removeprefix(_CARD).decode("latin-1"))
    cards = router.cards()
    found = next((card for card in cards if card["id"] == name), None)
    return refusals.unknown_model(name, [card["id"] for card in cards]) if found is None else _json(found)


def _json(told: Any) -> Page:  # noqa: ANN401 - any JSON
    return Page(body=json.dumps(told).encode())


SCRAPED: Final[dict[bytes, Own]] = {
    b"/health": _health,
    b"/ready": _ready,
    b"/metrics": _metrics,
    b"/fairlead/v1/endpoints": _endpoints,
}
PAGES: Final[dict[bytes, Own]] = SCRAPED | {b"/v1/models": _models}
