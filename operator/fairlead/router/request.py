"""A client's request, and what is read of it: its tenant, what it wants, and the body for engines.

What depends on the head alone is computed once for all requests with the same head. A body is parsed for what routing
needs and changed only in whole keys of its top level.
"""

from typing import Final

from msgspec import UNSET

from fairlead.router import refusals
from fairlead.router.head_facts import HeadFacts
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.router_context import RouterContext
from fairlead.router.upstream_connection import UpstreamMessage
from fairlead.router.wire import body_facts, heads, prefix_blocks, splices
from fairlead.router.wire.body_facts import BodyFacts, UnreadableBody
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.responses import ReplyFraming
from fairlead.router.wire.surfaces import Surface
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest

AS_IT_CAME: Final = ReplyFraming.AS_IT_CAME
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


class Request:
    """One request of a client. It is read in three steps, since some end before the next one; nothing else fills it."""

    __slots__ = (
        *("_body", "_engine_lines", "edits", "ends_at", "facts", "is_read", "received", "record", "reply_lines"),
        *("routing", "streams", "surface", "text_bytes"),
    )
    _body: bytes
    """The body as it goes to engines."""
    _engine_lines: bytes
    """Header lines that the router adds for engines."""
    edits: bool
    """Only the router wants the stream's usage, so it is removed from the reply."""
    ends_at: float
    """When the total time-out expires."""
    facts: HeadFacts
    routing: RoutingRequest
    """What the dispatcher knows of it."""
    streams: bool
    surface: Surface
    text_bytes: int
    """Bytes of its prompt, to learn the bytes of a token."""

    def __init__(self, received: ClientRequest, record: RequestRecord) -> None:
        self.received = received
        """The request as the client sent it."""
        self.record = record
        self.reply_lines = b""
        """Header lines that the router adds for the client."""
        self.is_read = False
        """`routing` is set."""

    def identify(self, context: RouterContext, peer: str) -> None:
        """Read the head: whose it is, and which id it has."""
        head, record = self.received.head, self.record
        facts = self.facts = context.heads.get(head) or context.head_facts(head)
        self.surface = facts.surface
        named = head.headers.get(b"x-request-id")
        name = named[:MOST_ID_BYTES] if named else context.new_id()
        self.reply_lines = b"%bx-request-id: %b\r\n" % (facts.reply_lines, name)
        self._engine_lines = b"%bx-request-id: %b\r\n" % (facts.engine_lines, name)
        record.surface = facts.surface_name
        record.request_id = name.decode("latin-1")
        record.client = peer
        record.bytes_in = len(self.received.body)
        telemetry = context.telemetry
        if telemetry.tracing:
            telemetry.traced(record, head.headers.get(b"traceparent"))
        else:
            record.traceparent = head.headers.get(b"traceparent")

    def read(self, context: RouterContext, account: Account, owner: object) -> BodyFacts | Problem:
        """Read the body and create `routing` for this owner; or why that fails."""
        body, surface = self.received.body, self.surface
        record, dispatcher = self.record, context.dispatcher
        record.tenant, record.band = account.name, account.tenant.band or ""
        found = body_facts.read(surface, body)
        if isinstance(found, UnreadableBody):
            return refusals.unreadable(found.why)
        most = found.max_tokens
        if surface is Surface.MESSAGES and most is None:
            return refusals.no_max_tokens(given=found.parsed.max_tokens is not UNSET)
        model = found.model or ""
        record.model, record.stream, record.structured = model, found.stream, found.structured
        refused = dispatcher.unserved(account, model)
        if refused is not None:
            return refusals.of(refused)
        adapter = model if model in dispatcher.adapters else None
        problem = self._lacking(context, account, adapter)
        if problem is not None:
            return problem
        self.streams = found.stream
        self.ends_at = record.arrived + context.timeouts.total_seconds
        self.text_bytes = len(found.prompt)
        named_output = most is not None or surface not in MOST_OUTPUT
        self.routing = routing = RoutingRequest(
            account=account,
            prompt_tokens=dispatcher.table.expectations.tokens(self.text_bytes),
            output_tokens=(most or 0) * found.n if named_output else dispatcher.default_output,
            arrived=record.arrived,
            adapter=adapter,
            names_output=named_output,
            size=len(body),
            batch=self.facts.batch,
            give_up_at=self.ends_at,
            owner=owner,
        )
        self.is_read = True
        if account.shadow and not account.allows(model or dispatcher.terms.model.base):
            routing.shadow = RefusalReason.MODEL_NOT_ALLOWED
        if context.telemetry.log_prompts:
            record.prompt = found.prompt.decode(errors="replace")
        record.prompt_estimate = routing.prompt_tokens
        return found

    def _lacking(self, context: RouterContext, account: Account, adapter: str | None) -> Problem | None:
        """What this kind of engine would silently leave out on this route."""
        path = self.received.head.path
        if adapter is not None and context.adapters is not None and path not in context.adapters.paths:
            return refusals.no_adapter_here(path, adapter)
        if account.name and path in context.unsalted:
            return refusals.no_salt_here(path)
        return None

    def prepare(self, context: RouterContext, found: BodyFacts) -> None:
        """Make what only an engine needs: the body as it goes there, and where its prefix and its session belong."""
        routing = self.routing
        account = routing.account
        self._splice(context, found, account)
        routing.blocks = context.blocks(found.prompt, account, routing.adapter)
        if context.dispatcher.table.field.routers > 1:
            # A single router knows every session by its text; several agree by the name that the client sends.
            session = self.received.head.headers.get(b"x-session-id") or found.session
            if session is not None:
                routing.session = prefix_blocks.session_id(session, account.name.encode())

    def _splice(self, context: RouterContext, found: BodyFacts, account: Account) -> None:
        """Set the body for engines: the client's own bytes, plus what the configuration adds."""
        body, surface, fill_in = self.received.body, self.surface, context.dispatcher.fill_in
        members: dict[str, bytes] = {}
        if not self.routing.names_output and fill_in is not None and surface in MOST_OUTPUT:
            members[MOST_OUTPUT[surface]] = b"%d" % fill_in
        if context.salted and account.name and surface in MOST_OUTPUT:
            members["cache_salt"] = context.salt_of(account)
        if context.adapters is not None and self.received.head.path in context.adapters.paths:
            members.update(context.adapters.members(context.dispatcher.terms.model.base, self.routing.adapter))
        if members:
            body = splices.put(body, found, members)
        counted = account.tokens is not None and found.stream and surface in _STREAM_USAGE
        edits = self.edits = counted and not found.include_usage
        self._body = splices.requesting_usage(body, found) if edits else body

    def message(self, host: bytes) -> UpstreamMessage:
        """The request as this engine gets it; a traced attempt has a span of its own."""
        head, lines, parent = self.received.head, self._engine_lines, self.record.upstream_traceparent()
        if parent is not None:
            lines = b"%btraceparent: %b\r\n" % (lines, parent)
        out = ReplyFraming.EDITED if self.edits else ReplyFraming.PLAIN if head.http10 else AS_IT_CAME
        return UpstreamMessage(parts=(heads.upstream(head, host, len(self._body), lines), self._body), out=out)

    def add_reply_lines(self, lines: bytes) -> None:
        """More header lines for the client."""
        self.reply_lines += lines

    def end(self) -> None:
        """It has ended: `routing` leaves its owner, so that no reference cycle remains for the rare collector."""
        if self.is_read:
            if self.routing.shadow is not None:
                self.record.shadow = self.routing.shadow.value
            self.routing.owner = None
