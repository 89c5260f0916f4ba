"""Which paths exist, and the responses on the router's own ones.

POST requests on OpenAI's and Anthropic's paths go to engines; the few others are answered here, without an engine.
"""

import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qs, unquote

from fairlead.engines import catalogue
from fairlead.fleet.light_dataclass import light
from fairlead.router import cors, refusals, router_pages, router_peers, spending_pages
from fairlead.router.engine_scraper import ModelCard
from fairlead.router.long_pages import LongPage, LongPages, WantedCallback
from fairlead.router.observability.recorder import CONTENT_TYPE
from fairlead.router.router import Router
from fairlead.router.router_context import RouterContext
from fairlead.router.spending_pages import MAX_DIGITS
from fairlead.router.wire import heads, problems, surfaces
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.requests import ClientRequest
from fairlead.routing.refusal import Refusal

JSON: Final = b"application/json"
TEXT: Final = b"text/plain; charset=utf-8"
_CARD: Final = b"/v1/models/"
_ROOTS: Final = (b"/tokenize", b"/detokenize")
"""Of our own address, which offers them whichever engine answers; the router itself counts by `HttpApi.tokenizer`."""
_READ: Final = "GET, HEAD"
_ENGINE_ROUTES: Final = frozenset((*surfaces.PATHS, *_ROOTS, b"/v1/audio/transcriptions", b"/v1/audio/translations"))
"""Engine routes that are known by name: any method other than POST gets 405 instead of 404."""
_HIDDEN: Final = catalogue.HIDDEN_ROUTES
"""Routes below /v1/ that are not for clients: those that administer engines of any kind, and those to which the router
cannot apply limits, salts and rates."""
_PLAIN: Final = re.compile(rb"(?:/[\w:@~-][\w.:@~-]*)+")
"""Paths with one spelling. Engines decode others to the path of an API whose limits the router would not apply, or
redirect to it."""


@light
class LocalReply:
    """A response from the router itself."""

    body: bytes
    content_type: bytes = JSON
    status: int = 200


LocalHandler = Callable[[Router, RequestHead], LocalReply | Problem]
PageCallback = Callable[[LocalReply | Problem | None], None]


def is_forwarded(head: RequestHead) -> bool:
    """Whether a request goes to an engine."""
    path = head.path
    if head.method != b"POST":
        return False
    return path in surfaces.PATHS or path in _ROOTS or (path.startswith(b"/v1/") and not _is_kept(path))


def _is_kept(path: bytes) -> bool:
    """Whether a path is the router's own, hidden from clients, or another spelling of some path."""
    return path in PAGES or path in OWN_LONG or path.startswith(_CARD) or path in _HIDDEN or not _PLAIN.fullmatch(path)


def takes_body(head: RequestHead) -> bool:
    """Whether one of the router's own pages waits for the request's body: it reads it, or takes long to be made."""
    return takes_long(head) or (head.path == spending_pages.OUTCOMES and head.method == b"POST")


def takes_long(head: RequestHead) -> bool:
    """Whether `make` makes its page, of the client port."""
    return head.path in OWN_LONG and head.method in (b"GET", b"HEAD")


def make(router: Router, head: RequestHead, show: PageCallback, wanted: WantedCallback) -> None:
    """Make a page of the client port while it is wanted, and call back with it or with a refusal."""
    _make(router.tenant_pages, OWN_LONG[head.path](router.context, head), show, wanted)


def is_guarded(head: RequestHead) -> bool:
    """Whether `guarded` serves its page."""
    return head.path in GUARDED or head.path in LONG


def guarded(router: Router, head: RequestHead, show: PageCallback, wanted: WantedCallback) -> None:
    """Call back once a client is judged: with a refusal or a page that took long, or with None for `own_page`. Such a
    page is made only while it is wanted."""

    def judged(refused: Problem | None) -> None:
        page = LONG.get(head.path)
        if refused is not None or page is None:
            show(refused)
        elif head.method in (b"GET", b"HEAD"):
            _make(router.long_pages, page(router.context, head), show, wanted)
        else:
            show(refusals.wrong_method(head, _READ))

    router.guard.judge(head, judged)


def _make(pages: LongPages, page: LongPage | Problem, show: PageCallback, wanted: WantedCallback) -> None:
    if isinstance(page, Problem):
        show(page)
        return

    def made(body: bytes | None) -> None:
        show(refusals.fault() if body is None else LocalReply(body=body, content_type=page.content_type))

    pages.make(page, made, wanted)


def own_page(router: Router, head: RequestHead, body: bytes, *, scraped: bool) -> LocalReply | Problem:
    """Answer a request that does not go to an engine; each of the two ports has its own pages."""
    if head.path == spending_pages.OUTCOMES and not scraped:
        if not takes_body(head):
            return refusals.wrong_method(head, "POST")
        return _or_problem(spending_pages.outcome(router.context, head, body))
    pages = SCRAPED if scraped else PAGES
    page = pages.get(head.path)
    if page is None and not scraped and head.path.startswith(_CARD):
        page = _model
    if not scraped and head.path in OWN_LONG:
        return refusals.wrong_method(head, _READ)
    if page is not None:
        return page(router, head) if head.method in (b"GET", b"HEAD") else refusals.wrong_method(head, _READ)
    if head.path in _ENGINE_ROUTES and not scraped and head.method != b"POST":
        return refusals.wrong_method(head, "POST")
    return refusals.unknown_path(head)


def own_answer(
    router: Router, request: ClientRequest, page: LocalReply | Problem | None, *, scraped: bool, keep: bool
) -> bytes:
    """Return the response to a request for one of the router's own pages; `page` is there if it took long to make."""
    head, connections = request.head, router.context.settings.routing.connections
    answer = cors.preflight(connections, head, close=not keep)
    if answer is None:
        extra = cors.lines(connections, head)
        page = page or own_page(router, head, request.body, scraped=scraped)
        if isinstance(page, LocalReply):
            answer = heads.answer(page.status, page.content_type, page.body, extra, close=not keep)
        else:
            answer = problems.answer(page, surfaces.shape(head.path), extra, close=not keep)
    return answer[: answer.index(b"\r\n\r\n") + 4] if head.head_only else answer


def _health(_router: Router, _head: RequestHead) -> LocalReply:
    return LocalReply(body=b"ok\n", content_type=TEXT)


def _ready(router: Router, _head: RequestHead) -> LocalReply:
    if router.ready:
        return LocalReply(body=b"ready\n", content_type=TEXT)
    why = b"draining" if router.context.draining else b"the endpoints are not known yet"
    return LocalReply(body=b"not ready: " + why + b"\n", content_type=TEXT, status=503)


def _metrics(router: Router, _head: RequestHead) -> LocalReply:
    return LocalReply(body=router.metrics(), content_type=CONTENT_TYPE)


def _endpoints(router: Router, head: RequestHead) -> LocalReply | Problem:
    wanted = parse_qs(head.query.decode("latin-1")).get("deployment", [""])[-1]
    found = router.report(wanted or None)
    return refusals.no_such_target(wanted, list(router.context.targets)) if found is None else _json(found)


def _samples(router: Router, head: RequestHead) -> LocalReply | Problem:
    query = parse_qs(head.query.decode("latin-1"))
    wanted, adapter, after = (query.get(name, [""])[-1] for name in ("deployment", "adapter", "after"))
    found = router_pages.samples(router.context, wanted, adapter, int(after[:MAX_DIGITS]) if after.isdecimal() else 0)
    return refusals.no_such_target(wanted, list(router.context.targets)) if found is None else _json(found)


def _permits(router: Router, head: RequestHead) -> LocalReply | Problem:
    context = router.context
    found = router_peers.permit_answer(context.tenancy.accounts, head.query, context.now())
    return refusals.unknown_path(head) if found is None else _json(found)


def _models(router: Router, head: RequestHead) -> LocalReply | Problem:
    cards = _cards(router, head)
    return cards if isinstance(cards, Problem) else _json({"object": "list", "data": cards})


def _model(router: Router, head: RequestHead) -> LocalReply | Problem:
    name = unquote(head.path.removeprefix(_CARD).decode("latin-1"))
    cards = _cards(router, head)
    if isinstance(cards, Problem):
        return cards
    found = next((card for card in cards if card["id"] == name), None)
    return refusals.unknown_model(name, [card["id"] for card in cards]) if found is None else _json(found)


def _cards(router: Router, head: RequestHead) -> list[ModelCard] | Problem:
    """List the models that this tenant may use; all of them if there are no tenants."""
    account = router.context.account(head.key)
    if isinstance(account, Refusal):
        return refusals.of(account)
    return [card for card in router.cards() if account.shadow or account.allows(card["id"])]


def _or_problem(page: dict[str, Any] | Problem) -> LocalReply | Problem:
    return page if isinstance(page, Problem) else _json(page)


def _json(page: Any) -> LocalReply:  # noqa: ANN401 - any JSON
    return LocalReply(body=json.dumps(page).encode())


_OPEN: Final[dict[bytes, LocalHandler]] = {b"/health": _health, b"/ready": _ready}
"""For the kubelet and load balancers: these pages reveal nothing about tenants."""
GUARDED: Final[dict[bytes, LocalHandler]] = {
    b"/metrics": _metrics,
    b"/fairlead/v1/endpoints": _endpoints,
    b"/fairlead/v1/samples": _samples,
}
"""For clients that `MetricsAuthorizer` allows."""
LONG: Final[dict[bytes, Callable[[RouterContext, RequestHead], LongPage | Problem]]] = {
    spending_pages.EXPORT: spending_pages.export,
}
"""For the same clients."""
SCRAPED: Final[dict[bytes, LocalHandler]] = _OPEN | GUARDED | {router_peers.PATH: _permits}
PAGES: Final[dict[bytes, LocalHandler]] = _OPEN | {b"/v1/models": _models}
"""Pages on the client port."""
OWN_LONG: Final[dict[bytes, Callable[[RouterContext, RequestHead], LongPage | Problem]]] = {
    spending_pages.USAGE: spending_pages.usage,
}
"""Pages on the client port that take long to be made: months of usage of a tenant with many models."""
