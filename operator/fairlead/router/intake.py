"""From a complete client request to a `RoutingRequest`: its tenant, what it wants, and the body for engines.

What depends on the head alone is computed once for all requests with the same head. A body is parsed for what routing
needs and changed only in whole keys of its top level.
"""

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from msgspec import UNSET

from fairlead.fleet.light_dataclass import light
from fairlead.router import cache_bridge, cors, explain_headers, refusals, token_counts
from fairlead.router.exchange import Exchange
from fairlead.router.stages import OVER
from fairlead.router.wire import body_facts, prefix_blocks, splices, surfaces
from fairlead.router.wire.body_facts import BodyFacts, UnreadableBody
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

if TYPE_CHECKING:
    from fairlead.router.router import Router

MOST_ID_BYTES: Final = 256
"""Limit of a request id: a longer one is a mistake, and would appear in every line logged for the request."""
MOST_OUTPUT: Final = {
    Surface.CHAT: "max_tokens",
    Surface.COMPLETIONS: "max_tokens",
    Surface.MESSAGES: "max_tokens",
    Surface.RESPONSES: "max_output_tokens",
}
"""Surfaces on which a model generates text, and the name of the limit of output tokens there."""
_STREAM_USAGE: Final = frozenset({Surface.CHAT, Surface.COMPLETIONS})
"""Surfaces whose streams contain usage only if requested. The router requests it where a tenant's tokens are limited,
and removes it again; with it goes the engine's `system_fingerprint`, which is in the same event then. Other streams
pass unchanged, and their events are counted for tokens."""
MOST_CONTEXTS: Final = 1024
"""As many heads as `HeadCache` keeps."""


@light
class ClientContext:
    """What follows from a head, whichever body comes with it."""

    account: Account | Refusal
    surface: Surface
    told_surface: str
    lines: bytes
    """Header lines for engines, besides those that the client sent."""
    extra: bytes
    """Header lines for the client."""
    batch: bool


def client_context(router: "Router", head: RequestHead) -> ClientContext:
    """The tenant and the surface of a head; cached until the configuration changes."""
    if len(router.callers) >= MOST_CONTEXTS:
        router.callers.clear()
    surface = surfaces.of(head.path)
    digest = None if head.key is None else sha256(head.key).digest()
    account = router.desk.account(digest)
    lines = b""
    if isinstance(account, Account):
        if not router.settings.routing.tenants:
            lines = head.credentials
        if router.settings.routing.bands:
            lines += b"x-vllm-priority: %d\r\n" % account.rank
    known = router.callers[head] = ClientContext(
        account=account,
        surface=surface,
        told_surface=surface.name.lower(),
        lines=lines,
        extra=cors.lines(router.settings.routing.door, head),
        batch=head.told.get(b"x-fairlead-lane") == b"batch",
    )
    return known


def take(exchange: Exchange, now: float) -> None:
    """A request is complete: send it to an engine, queue it, or refuse it."""
    router, request, record = exchange.router, exchange.request, exchange.record
    head = request.head
    known = router.callers.get(head) or client_context(router, head)
    exchange.surface = known.surface
    named = head.told.get(b"x-request-id")
    name = named[:MOST_ID_BYTES] if named else router.new_id()
    exchange.extra = b"%bx-request-id: %b\r\n" % (known.extra, name)
    exchange.lines = b"%bx-request-id: %b\r\n" % (known.lines, name)
    record.surface = known.told_surface
    record.request_id = name.decode("latin-1")
    record.client = exchange.client.peer
    record.bytes_in = len(request.body)
    teller = router.teller
    if teller.tracing:
        teller.traced(record, head.told.get(b"traceparent"))
    else:
        record.traceparent = head.told.get(b"traceparent")
    account = known.account
    if isinstance(account, Refusal):
        exchange.refuse(refusals.of(account), now)
        return
    record.tenant, record.band = account.name, account.tenant.band or ""
    problem = _routing_request(exchange, known, account)
    if problem is not None:
        exchange.refuse(problem, now)
        return
    if exchange.recalled:
        return
    router.live.add(exchange)
    teller.asked(record, now)
    if router.hedging.enabled:
        router.hedges.asked(router.hedging.budget)
    if explain_headers.EXPLAIN_HEADER in head.told and explain_headers.allowed(account):
        exchange.explained = explain_headers.candidates(exchange)
    token_counts.ask(exchange, now)


def _routing_request(exchange: Exchange, known: ClientContext, account: Account) -> Problem | None:
    """Parse the body and create the exchange's `RoutingRequest`; returns why that fails, if it does."""
    router, body, surface = exchange.router, exchange.request.body, known.surface
    found = body_facts.read(surface, body)
    if isinstance(found, UnreadableBody):
        return refusals.unreadable(found.why)
    if surface is Surface.MESSAGES and found.max_tokens is None:
        return refusals.no_max_tokens(told=found.asked.max_tokens is not UNSET)
    record, desk = exchange.record, router.desk
    model = found.model or ""
    record.model, record.stream, record.structured = model, found.stream, found.structured
    refused = desk.unserved(account, model)
    if refused is not None:
        return refusals.of(refused)
    exchange.streams = found.stream
    most = found.max_tokens
    says = most is not None or surface not in MOST_OUTPUT
    output = (most or 0) * found.n if says else desk.unsaid_output
    adapter = model if model in desk.adapters else None
    ask = exchange.ask = RoutingRequest(
        account=account,
        prompt_tokens=desk.table.expectations.tokens(len(found.prompt)),
        output_tokens=output,
        arrived=record.arrived,
        adapter=adapter,
        says_output=says,
        size=len(body),
        batch=known.batch,
        give_up_at=exchange.ends_at,
        owner=exchange,
    )
    exchange.asked = True
    if account.shadow and not account.allows(model or desk.terms.model.base):
        ask.shadow = RefusalReason.MODEL_NOT_ALLOWED
    if router.teller.log_prompts:
        record.prompt = found.prompt.decode(errors="replace")
    record.prompt_estimate = ask.prompt_tokens
    exchange.text_bytes = len(found.prompt)
    _spliced(exchange, found, account)
    if router.cache.enabled or cache_bridge.CACHE_HEADER in exchange.request.head.told:
        exchange.recalled = cache_bridge.answered(exchange, found, router.cache, router.rotation.of(desk.table))
        if exchange.stage == OVER:
            return None
    ask.blocks = router.blocks(found.prompt, account, adapter)
    if desk.table.field.routers > 1:
        # A single router knows every session by its text; several agree by the name that the client sends.
        session = exchange.request.head.told.get(b"x-session-id") or found.session
        if session is not None:
            ask.session = prefix_blocks.session_id(session, account.name.encode())
    return None


def _spliced(exchange: Exchange, found: BodyFacts, account: Account) -> None:
    """Set the body for engines: the client's own bytes, plus what the configuration adds."""
    router, body, surface = exchange.router, exchange.request.body, exchange.surface
    members: dict[str, bytes] = {}
    if not exchange.ask.says_output and router.desk.fill_in is not None and surface in MOST_OUTPUT:
        members[MOST_OUTPUT[surface]] = b"%d" % router.desk.fill_in
    if router.salted and account.name and surface in MOST_OUTPUT:
        members["cache_salt"] = router.salt_of(account)
    if members:
        body = splices.put(body, found, members)
    counted = account.tokens is not None and found.stream and surface in _STREAM_USAGE
    edits = exchange.edits = counted and not found.include_usage
    exchange.body = splices.asking_usage(body, found) if edits else body
