"""A client's request: who sent it, what its body requests, and where it goes.

Facts that depend on the head alone are computed once for all requests with the same head. The body is parsed once, only
as far as routing needs.
"""

from msgspec import UNSET

from fairlead.router import refusals
from fairlead.router.engine_target import EngineTarget
from fairlead.router.head_facts import HeadFacts
from fairlead.router.observability.label_values import Copied
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.probability_check import ProbabilityCheck
from fairlead.router.reply_headers import ReplyHeaders
from fairlead.router.router_context import MAX_ID_BYTES, RouterContext
from fairlead.router.wire import body_facts
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.surfaces import STREAM_USAGE, Surface
from fairlead.router.wire.unreadable_body import UnreadableBody
from fairlead.routing.accounts import Account
from fairlead.routing.models.route_choice import RouteChoice
from fairlead.routing.routing_request import RoutingRequest


class Request:
    """One client request, filled in three steps because some requests end before the next; nothing else writes it."""

    __slots__ = (
        "body",
        "edits",
        "ends_at",
        "facts",
        "id_line",
        "is_read",
        "measured_bytes",
        "received",
        "record",
        "reply_headers",
        "routing",
        "streams",
        "surface",
        "text_bytes",
        "validation",
    )
    edits: bool
    """Only the router wants the stream's usage, so it is removed from the reply."""
    ends_at: float
    """When the total time-out expires; that of batch work begins when an engine gets it."""
    facts: HeadFacts
    id_line: bytes
    """The header line with its id."""
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
        self.reply_headers = ReplyHeaders()
        self.is_read = False
        """`routing` is set."""

    def identify(self, context: RouterContext, peer: str) -> None:
        """Read the head: its tenant and request id."""
        head, record, telemetry = self.received.head, self.record, context.telemetry
        facts = self.facts = context.facts_by_head.get(head) or context.head_facts(head)
        self.surface = facts.surface
        named = head.headers.get(b"x-request-id")
        name = named[:MAX_ID_BYTES] if named else context.new_id()
        self.id_line = b"x-request-id: %b\r\n" % name
        self.reply_headers.add(facts.reply_lines + self.id_line)
        record.identify(name.decode("latin-1"), facts.surface_name, peer, len(self.received.body))
        if telemetry.tracing:
            telemetry.traced(record, head.headers.get(b"traceparent"))
        else:
            record.traced(head.headers.get(b"traceparent"))

    def read(self, context: RouterContext, account: Account) -> BodyFacts | Problem:
        """Read the body; return a problem if that fails."""
        surface, record = self.surface, self.record
        record.of_tenant(account.name, account.tenant.band or "")
        facts = body_facts.read(surface, self.received.body, self.received.head.headers)
        if isinstance(facts, UnreadableBody):
            return refusals.unreadable(facts)
        if surface is Surface.MESSAGES and facts.max_tokens is None and type(facts.parsed.max_tokens) is not int:
            return refusals.no_max_tokens(given=facts.parsed.max_tokens is not UNSET)
        record.requests(facts.model or "", stream=facts.stream, structured=facts.structured)
        self.streams = facts.stream
        self.ends_at = record.arrived + context.timeouts.total_seconds + self.facts.batch_seconds
        self.text_bytes = facts.size.text_bytes
        self.measured_bytes = facts.measured_bytes(len(self.received.body))
        return facts

    def judged_by(self, validation: ProbabilityCheck | None) -> None:
        """Set what judges its answers."""
        self.validation = validation

    def aim(self, routing: RoutingRequest, facts: BodyFacts) -> None:
        """Set what its target's dispatcher gets."""
        self.routing = routing
        self.is_read = True
        limited = routing.account.tokens is not None or routing.account.tenant.budget is not None
        counted = (limited or self.record.copied is Copied.COPY) and self.streams and self.surface in STREAM_USAGE
        self.edits = counted and not facts.include_usage

    def copy(self, record: RequestRecord) -> "Request":
        """Copy the request, as read but not yet aimed at a target; nothing of the copy goes to the client."""
        made = Request(self.received, record)
        made.facts = self.facts
        made.surface = self.surface
        made.id_line = self.id_line
        made.streams = self.streams
        made.ends_at = self.ends_at - self.facts.batch_seconds
        made.text_bytes = self.text_bytes
        made.measured_bytes = self.measured_bytes
        return made

    def session(self, facts: BodyFacts) -> bytes | None:
        """Return the session's name, if the client sends one."""
        return self.received.head.headers.get(b"x-session-id") or facts.session

    def goes_to(self, target: EngineTarget, choice: RouteChoice) -> None:
        """Record that a gateway's route leads to this target, and show its client."""
        lines, record = target.route_lines(choice.route), self.record
        record.route_to(target.name, choice.rule or "")
        if record.fallback:
            lines += b"x-fairlead-fallback: %b\r\n" % record.fallback.encode("latin-1", "replace")
        if record.escalated:
            lines += b"x-fairlead-escalated: %b\r\n" % record.escalated.encode("latin-1", "replace")
        self.reply_headers.show_route(lines)

    def extend(self, body: bytes) -> None:
        """Send engines this longer body from now on; its prompt is not measured, since engines count more than text."""
        self.text_bytes += max(0, len(body) - len(self.body))
        self.measured_bytes = 0
        self.body = body

    def drop_body(self) -> None:
        """Forget the body that engines get: none gets it any more."""
        self.body = b""

    def deadline(self, total_seconds: float) -> float:
        """Return when the total time-out expires; that of batch work begins anew with each attempt."""
        waits = self.facts.batch_seconds
        if waits:
            routing = self.routing
            begun = self.record.arrived + waits if routing.endpoint is None else routing.sent_at
            self.ends_at = begun + total_seconds
        return self.ends_at

    def end(self) -> None:
        """End: `routing` drops its owner, so that the rare collector has no reference cycle to find."""
        self.validation = None
        if self.is_read:
            self.record.left_dispatcher(self.routing)
            self.routing.end()
