"""A client's request and what is read from it: its tenant, its parameters, and the body for engines.

Facts that depend on the head alone are computed once for all requests with the same head. The body is parsed once, only
as far as routing needs, and changed only in whole top-level keys; it is prepared for each target.
"""

from msgspec import UNSET

from fairlead.engines.http_api import HttpApi
from fairlead.router import engine_bodies, refusals
from fairlead.router.engine_target import EngineTarget
from fairlead.router.head_facts import HeadFacts
from fairlead.router.observability import access_entries
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.probability_check import ProbabilityCheck
from fairlead.router.router_context import MAX_ID_BYTES, RouterContext
from fairlead.router.upstream_message import UpstreamMessage
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire import body_facts, heads, prefix_blocks
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.prompt_size import PromptSize
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.responses import ReplyFraming
from fairlead.router.wire.surfaces import COUNTING, MAX_OUTPUT, Surface
from fairlead.router.wire.unreadable_body import UnreadableBody
from fairlead.routing.accounts import Account
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.routing_request import RoutingRequest


class Request:
    """One client request, read in three steps because some requests end before the next; nothing else fills it."""

    __slots__ = (
        *("_bodies", "_context", "_engine_lines", "_id_line", "body", "edits", "ends_at", "engine_priority", "facts"),
        *("is_read", "measured_bytes", "received", "record", "reply_lines", "route_lines", "routing", "streams"),
        *("surface", "text_bytes", "validation", "version_line"),
    )
    _bodies: dict[HttpApi, bytes]
    """The body as sent to engines, by their kind."""
    _context: RouterContext
    _engine_lines: bytes
    """Header lines that the router adds for engines."""
    _id_line: bytes
    edits: bool
    """Only the router wants the stream's usage, so it is removed from the reply."""
    ends_at: float
    """When the total time-out expires; that of batch work begins when an engine gets it."""
    facts: HeadFacts
    engine_priority: bytes
    """What engines are told about who goes first; empty: nothing."""
    routing: RoutingRequest
    """What the dispatcher knows; set by `aim`."""
    streams: bool
    surface: Surface
    text_bytes: int
    """Bytes of its prompt."""
    measured_bytes: int
    """The same, to learn how many make a token; 0 if engines count tokens of it that are not text."""

    def __init__(self, request: ClientRequest, record: RequestRecord) -> None:
        self.received = request
        """The request as the client sent it."""
        self.body = request.body
        """The client's body, extended if the model was sent its error to correct."""
        self.validation: ProbabilityCheck | None = None
        """Judges its answers; None if nothing does."""
        self.record = record
        self.reply_lines = b""
        """Header lines that the router adds for the client."""
        self.is_read = False
        """`routing` is set."""
        self.route_lines = b""
        """The part of `reply_lines` that says which route it took; empty at a plain router."""
        self.version_line = b""
        """The part of `reply_lines` that names the version of its adapter; empty if its target has no versions."""

    def identify(self, context: RouterContext, peer: str) -> None:
        """Read the head: its tenant and request id."""
        head, record = self.received.head, self.record
        facts = self.facts = context.facts_by_head.get(head) or context.head_facts(head)
        self.surface = facts.surface
        named = head.headers.get(b"x-request-id")
        name = named[:MAX_ID_BYTES] if named else context.new_id()
        self._id_line = b"x-request-id: %b\r\n" % name
        self.reply_lines = facts.reply_lines + self._id_line
        record.surface = facts.surface_name
        record.request_id = name.decode("latin-1")
        record.client = peer
        record.bytes_in = len(self.received.body)
        telemetry = context.telemetry
        if telemetry.tracing:
            telemetry.traced(record, head.headers.get(b"traceparent"))
        else:
            record.traceparent = head.headers.get(b"traceparent")

    def read(self, context: RouterContext, account: Account) -> BodyFacts | Problem:
        """Read the body; return a problem if that fails."""
        surface, record = self.surface, self.record
        record.tenant, record.band = account.name, account.tenant.band or ""
        facts = body_facts.read(surface, self.received.body, self.received.head.headers)
        if isinstance(facts, UnreadableBody):
            return refusals.unreadable(facts)
        if surface is Surface.MESSAGES and facts.max_tokens is None and type(facts.parsed.max_tokens) is not int:
            return refusals.no_max_tokens(given=facts.parsed.max_tokens is not UNSET)
        record.model, record.stream, record.structured = facts.model or "", facts.stream, facts.structured
        self.streams = facts.stream
        self.ends_at = record.arrived + context.timeouts.total_seconds + self.facts.batch_seconds
        self.text_bytes = facts.size.text_bytes
        self.measured_bytes = facts.measured_bytes(len(self.received.body))
        return facts

    def extend(self, body: bytes) -> None:
        """Send engines this longer body from now on; its prompt is not measured, since engines count more than text."""
        self.text_bytes += max(0, len(body) - len(self.body))
        self.measured_bytes = 0
        self.body = body

    def set_target(
        self, context: RouterContext, target: EngineTarget, facts: BodyFacts, owner: object
    ) -> Problem | None:
        """Create `routing` for this target and owner; return a problem if that fails."""
        account, record, dispatcher = self.facts.account, self.record, target.dispatcher
        assert isinstance(account, Account)
        model = facts.model or ""
        if context.only_target is not None:
            refused = dispatcher.unserved(account, model)
            if refused is not None:
                return refusals.of(refused)
        adapter = self._adapter(context, dispatcher, facts, account)
        salted = context.salted and bool(account.name)
        problem = target.lacks(self.received.head.path, self.surface, adapter, salted=salted)
        if problem is not None:
            return problem
        most, answers, size, only_counts = facts.max_tokens, facts.n, facts.size, self.received.head.path in COUNTING
        longest = PromptSize() if only_counts else facts.longest
        tokens = dispatcher.table.expectations.of(account.name).tokens
        if (most is None or facts.parsed.n is not UNSET) and (number := facts.uncountable) is not None:
            return refusals.uncountable(*number)
        named_output = most is not None or self.surface not in MAX_OUTPUT
        self.routing = routing = RoutingRequest(
            account=account,
            prompt_tokens=tokens(self.text_bytes, size.media, size.ids),
            max_output_tokens=((most or 0) if named_output else dispatcher.default_output(account)) * answers,
            answers=answers,
            longest_input=0 if longest is None else tokens(*longest),
            counted=facts.is_counted,
            arrived=record.arrived,
            adapter=adapter,
            names_output=named_output,
            body_bytes=len(self.received.body),
            batch=self.facts.batch,
            streams=self.streams,
            only_counts=only_counts,
            give_up_at=self.ends_at,
            owner=owner,
        )
        self.is_read = True
        if adapter is not None or self.version_line:
            self.show_version(_version_line(adapter, dispatcher))
        if account.shadow and not account.allows(model or dispatcher.config.model.base):
            routing.shadow = RefusalReason.MODEL_NOT_ALLOWED
        if context.telemetry.log_prompts:
            record.prompt = access_entries.prompt_text(facts.prompt)
        if not routing.only_counts:
            record.prompt_estimate = routing.prompt_tokens
        return None

    def _adapter(
        self, context: RouterContext, dispatcher: Dispatcher, facts: BodyFacts, account: Account
    ) -> str | None:
        """Return the requested adapter by its engine name; a versioned one is chosen by conversation."""
        name, versions = facts.model or "", dispatcher.config.model.versions
        if name not in versions.names:
            return name if name in dispatcher.adapters else None
        session = self.session(facts)
        if session is not None:
            key = prefix_blocks.session_id(session, account.name.encode())
        else:
            salt = account.name.encode() if context.salted else b""
            first = prefix_blocks.of(facts.prompt[: prefix_blocks.BYTES], salt)
            key = first[0] if first else int(self.record.arrived * 1_000_000)
        return versions.version(name, key, dispatcher.table.context.routable)

    def shadow_copy(self, record: RequestRecord) -> "Request":
        """Copy the request, as read but not yet aimed at a target; nothing of the copy goes to the client."""
        mine, made = self.record, Request(self.received, record)
        made.facts, made.surface, made._id_line = self.facts, self.surface, self._id_line
        made.streams, made.ends_at = self.streams, self.ends_at - self.facts.batch_seconds
        made.text_bytes, made.measured_bytes = self.text_bytes, self.measured_bytes
        record.request_id, record.client, record.surface = mine.request_id, mine.client, mine.surface
        record.tenant, record.band, record.bytes_in = mine.tenant, mine.band, mine.bytes_in
        record.model, record.stream, record.structured = mine.model, mine.stream, mine.structured
        return made

    def prepare(
        self, context: RouterContext, target: EngineTarget, body_facts: BodyFacts, rank: bytes | None = None
    ) -> None:
        """Prepare what only an engine needs: its body, and the prefix blocks and session for routing.

        `rank` replaces the tenant's own.
        """
        routing, facts = self.routing, self.facts
        account = routing.account
        self.engine_priority = rank if rank and facts.engine_priority else facts.engine_priority
        lines = facts.credentials
        if self.engine_priority:
            lines += b"".join([b"%b: %b\r\n" % (name, self.engine_priority) for name in target.terms.priority_headers])
        self._engine_lines = lines + self._id_line
        self._context = context
        self._bodies = {api: engine_bodies.of(self, context, target, body_facts, api) for api in target.terms.apis}
        if target.external is not None:
            return
        if not routing.only_counts:  # after that, no engine has any of it in its cache
            routing.blocks = context.blocks(body_facts.prompt, account, routing.adapter)
        table = target.dispatcher.table
        if table.context.routers > 1 or table.split is not None:
            # A single router knows every session by its text; several agree on the name that the client sends.
            session = self.session(body_facts)
            if session is not None:
                routing.session = prefix_blocks.session_id(session, account.name.encode())
            elif table.split is not None and not routing.blocks and len(body_facts.prompt) >= prefix_blocks.BYTES:
                # Balancing does without prefixes, and the conversation is still known by its beginning.
                routing.session = prefix_blocks.session_id(
                    body_facts.prompt[: prefix_blocks.BYTES], account.name.encode()
                )

    def goes_to(self, target: EngineTarget, choice: RouteChoice) -> None:
        """Record that a gateway's route leads to this target, and show its client."""
        lines, record = target.route_lines(choice.route), self.record
        record.target, record.rule = target.name, choice.rule or ""
        if record.fallback:
            lines += b"x-fairlead-fallback: %b\r\n" % record.fallback.encode("latin-1", "replace")
        if record.escalated:
            lines += b"x-fairlead-escalated: %b\r\n" % record.escalated.encode("latin-1", "replace")
        self.show_route(lines)

    def show_route(self, lines: bytes) -> None:
        """Show the client these lines about its route instead of earlier ones."""
        before, self.route_lines = self.route_lines, lines
        self.reply_lines = self.reply_lines.replace(before, lines) if before else self.reply_lines + lines

    def show_version(self, line: bytes) -> None:
        """Show the client this line about its adapter's version instead of an earlier target's."""
        before, self.version_line = self.version_line, line
        self.reply_lines = self.reply_lines.replace(before, line) if before else self.reply_lines + line

    def session(self, facts: BodyFacts) -> bytes | None:
        """Return the session's name, if the client sends one."""
        return self.received.head.headers.get(b"x-session-id") or facts.session

    def message(self, target: EngineTarget, pool: UpstreamPool) -> UpstreamMessage:
        """Return the request as sent to this engine; a traced attempt gets its own span."""
        head, lines, parent = self.received.head, self._engine_lines, self.record.upstream_traceparent()
        if parent is not None:
            lines = b"%btraceparent: %b\r\n" % (lines, parent)
        out = ReplyFraming.PLAIN if head.http10 else ReplyFraming.EDITED if self.edits else ReplyFraming.AS_IT_CAME
        body = self.body_for(target, pool.endpoint)
        if target.external is not None:
            return target.external.message(self.surface, body, out)
        return UpstreamMessage(parts=(heads.upstream(head, pool.host, len(body), lines), body), framing=out)

    def body_for(self, target: EngineTarget, endpoint: Endpoint) -> bytes:
        """Return the body as this engine gets it; its kind may have come while the request waited."""
        api = target.api_of(endpoint)
        body = self._bodies.get(api)
        if body is None:
            facts = body_facts.read(self.surface, self.body, self.received.head.headers)
            assert isinstance(facts, BodyFacts), "it was read when it arrived"
            body = self._bodies[api] = engine_bodies.of(self, self._context, target, facts, api)
        return body

    def add_reply_lines(self, lines: bytes) -> None:
        """Add header lines for the client."""
        self.reply_lines += lines

    def show_rates(self, lines: bytes) -> None:
        """Add its tenant's rate headers once: rates are charged once, however many targets it tries."""
        if lines not in self.reply_lines:
            self.reply_lines += lines

    def end(self) -> None:
        """End: `routing` drops its owner, so that the rare collector has no reference cycle to find."""
        if self.is_read:
            record, routing = self.record, self.routing
            record.lane = record.lane if record.attempts else routing.lane  # it may have waited in vain
            record.shadow = record.shadow if routing.shadow is None else routing.shadow.value
            routing.owner = None


def _version_line(adapter: str | None, dispatcher: Dispatcher) -> bytes:
    """Return the header line that names this version of an adapter; empty for all that has no versions."""
    if adapter is None or adapter not in dispatcher.config.model.versions.wanted:
        return b""
    return b"x-fairlead-adapter: %b\r\n" % adapter.encode()
