"""The record of one request: filled in while it runs, reported once when it ended.

It holds times and amounts and reads no clock: `now` is the loop's monotonic time everywhere.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fairlead.accounting.request_cost import RequestCost
from fairlead.fleet.tenants import Lane
from fairlead.router.observability import traces
from fairlead.router.observability.label_values import OTHER, AbortStage
from fairlead.router.observability.traces import TraceContext
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, PickReason
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.routing_request import RoutingRequest


class Copied(StrEnum):
    """A request's role in a route's shadow."""

    NOT = ""
    ORIGINAL = "original"
    """A copy of it was sent."""
    COPY = "copy"
    """It is a copy, whose reply was discarded."""


NEVER: Final = -1.0
"""A time that has not been reached."""


@dataclass(slots=True, eq=False)
class TracedAttempt:
    """One attempt at an engine; recorded only for traced requests."""

    span_id: str
    pod: str
    address: str
    began: float
    ended: float = NEVER
    ending: AttemptEnding | None = None
    aside: bool = False
    """Its answer was set aside; the fields below are that answer's."""
    revision: str = ""
    usage: TokenUsage | None = None
    finish_reason: str = ""


@dataclass(frozen=True, slots=True)
class SpentAnswer:
    """An answer that an engine wrote but that was not given."""

    target: str
    revision: str
    prompt_tokens: int
    output_tokens: int
    cached_tokens: int
    """Negative if its engine did not say."""
    finish_reason: str


class RequestRecord:
    """One request. Every field has a value for "unknown", so that each stage sets only what it knows.

    No dataclass: that one's `__init__` is Python also where the rest is machine code, and takes as long as reading a
    head (decision 0043).
    """

    arrived: float
    """When its head arrived."""
    waited_from: float
    """When it was complete and needed an engine; its arrival, if that was not recorded."""
    late: bool = False
    """It was sent when its first token could no longer be expected within the objective."""
    surface: str = OTHER
    request_id: str = ""
    client: str = ""
    """The client's address."""
    tenant: str = ""
    band: str = ""
    model: str = ""
    stream: bool = False
    structured: bool = False
    """It requires JSON, a schema or another grammar."""
    prompt_estimate: int = -1
    prompt: str | None = None
    """Its text, if prompts are logged."""
    bytes_in: int = 0
    traceparent: bytes | None = None
    trace: TraceContext | None = None
    """Only for recorded traces."""

    first_sent_at: float = NEVER
    sent_at: float = NEVER
    """When it was sent to the engine that answered, or for the last attempt."""
    first_token_at: float = NEVER
    ended_at: float = NEVER

    attempts: int = 0
    failures: list[AttemptEnding] | None = None
    failed_at: tuple[tuple[str, AttemptEnding], ...] = ()
    """Revisions at which an attempt failed, each with its ending."""
    load_band: int = 0
    """Load of its engine when it was sent: requests in flight there, in powers of two."""
    tries: list[TracedAttempt] | None = None
    hedged: bool = False
    hedge_sent_at: float = NEVER
    hedge_won: bool = False
    lane: Lane = Lane.INTERACTIVE
    pick: PickReason | None = None
    blocks: int = 0
    held_blocks: int = 0
    replica: str = ""
    revision: str = ""
    shadow: str = ""
    """The limit that it exceeded in shadow mode."""
    cache: str = ""
    """The result of the response cache; empty if there is none."""
    target: str = ""
    """At a gateway: the last target that got it."""
    rule: str = ""
    """The rule of its route that matched."""
    fallback: str = ""
    """Why it left its last target, and which one."""
    fallbacks: list[tuple[str, str]] | None = None
    """The targets that it left, each with the reason."""

    check: str = ""
    """The check of its answer's format: valid, or the fault."""
    escalated: str = ""
    """Why an answer to it was not given, and which target's."""
    spent: list[SpentAnswer] | None = None
    """Answers that were not given."""
    paid: RequestCost | None = None
    """The cost of its attempts, if counted."""

    copied: Copied = Copied.NOT
    answer: str = ""
    """Its answer; only for originals and copies, if prompts are logged."""

    status: int = 0
    reason: str = ""
    """Why the router itself refused or cut it."""
    cut: bool = False
    left: AbortStage | None = None
    prompt_tokens: int = -1
    output_tokens: int = -1
    cached_tokens: int = -1
    deltas: int = 0
    """Events with text, for streams whose engine sends no usage."""
    finish_reason: str = ""
    bytes_out: int = 0
    """Bytes of the reply, its head and chunk framing included."""

    def __init__(self, arrived: float, waited_from: float) -> None:
        self.arrived = arrived
        self.waited_from = waited_from

    def sent(self, routing: RoutingRequest, endpoint: Endpoint, now: float) -> None:
        """Record an attempt at an engine."""
        if self.attempts == 0:
            self.first_sent_at = now
        self.attempts += 1
        self.sent_at = now
        self.late = self.late or routing.late
        self._goes_to(routing, endpoint)
        if self.trace is not None:
            self._try(endpoint, now)

    def failed(self, ending: AttemptEnding, now: float) -> None:
        """Record that the current attempt ended before a response began."""
        if self.failures is None:
            self.failures = []
        self.failures.append(ending)
        self.failed_at = (*self.failed_at, (self.revision, ending))
        self._over(ending, now, self.replica)

    def fell_back(self, target: str, reason: str) -> None:
        """Record that it left this target."""
        self.fallback = f"{reason}; from={target}"
        self.fallbacks = [*(self.fallbacks or ()), (target, reason)]

    def set_aside(self, usage: TokenUsage | None, now: float) -> None:
        """Set aside an answer that is not given, whose attempt has ended; its tokens still count, for its revision."""
        attempt = self._over(AttemptEnding.DONE, now, self.replica)
        if attempt is not None:
            attempt.aside, attempt.usage = True, usage
            attempt.revision, attempt.finish_reason = self.revision, self.finish_reason
        taken = SpentAnswer(
            self.target,
            self.revision,
            max(self.prompt_estimate, 0) if usage is None else usage.prompt_tokens,
            0 if usage is None else usage.output_tokens,
            -1 if usage is None or usage.cached_tokens is None else usage.cached_tokens,
            self.finish_reason,
        )
        self.spent = [*(self.spent or ()), taken]
        self.prompt_tokens = self.output_tokens = self.cached_tokens = -1
        self.finish_reason = ""

    def take_back(self, target: str, replica: str, now: float) -> None:
        """Restore the last answer set aside, which is given after all: the attempt at another one, if any, failed."""
        assert self.spent
        self._over(AttemptEnding.FAILED, now, self.replica)
        *self.spent, last = self.spent
        self.target, self.replica, self.revision = target, replica, last.revision
        self.prompt_tokens, self.output_tokens = last.prompt_tokens, last.output_tokens
        self.cached_tokens = last.cached_tokens
        self.finish_reason, self.reason, self.escalated = last.finish_reason, "", ""

    def hedge_sent(self, endpoint: Endpoint, now: float) -> None:
        """Record a hedge sent to another engine because the first is slow."""
        self.hedged = True
        self.hedge_sent_at = now
        if self.trace is not None:
            self._try(endpoint, now)

    def outran(self, routing: RoutingRequest, endpoint: Endpoint, now: float) -> None:
        """Record that the hedge won."""
        self.hedge_won = True
        self.sent_at = self.hedge_sent_at
        self._over(AttemptEnding.OUTRUN, now, self.replica)
        self._goes_to(routing, endpoint)

    def upstream_traceparent(self) -> bytes | None:
        """Return the latest attempt's `traceparent`: its own span in a recorded trace, else the client's header."""
        if self.trace is None or not self.tries:
            return self.traceparent
        return traces.written(self.trace.trace_id, self.tries[-1].span_id)

    def close(self, now: float) -> None:
        """Close the record, once; a second call is a bug and raises."""
        if self.ended_at >= 0:
            raise AssertionError(f"told twice: request {self.request_id or 'without an id'}, ended at {self.ended_at}")
        self.ended_at = now
        if self.tries is not None:
            self._over(self._last_ending, now, self.replica)
            for one in self.tries:
                if one.ending is None:
                    one.ended, one.ending = now, AttemptEnding.OUTRUN

    @property
    def _last_ending(self) -> AttemptEnding:
        """The ending of the attempt that is still in flight."""
        if self.left is not None:
            return AttemptEnding.CLIENT_LEFT
        if self.cut:
            return AttemptEnding.CUT
        if self.status >= 500:
            return AttemptEnding.FAILED
        return AttemptEnding.DONE if self.status < 400 else AttemptEnding.REFUSED

    def _goes_to(self, routing: RoutingRequest, endpoint: Endpoint) -> None:
        self.lane = routing.lane
        self.pick = routing.pick
        self.blocks = len(routing.blocks)
        self.held_blocks = routing.held_blocks
        self.replica = endpoint.pod
        self.revision = endpoint.revision
        self.load_band = (endpoint.inflight + endpoint.peers_inflight).bit_length()

    def _try(self, endpoint: Endpoint, now: float) -> None:
        assert self.trace is not None
        if self.tries is None:
            self.tries = []
        self.tries.append(TracedAttempt(self.trace.fresh_span(), endpoint.pod, endpoint.address, now))

    def _over(self, ending: AttemptEnding, now: float, pod: str) -> TracedAttempt | None:
        """End the attempt at this replica, and return it; of a hedged pair only that one."""
        for one in reversed(self.tries or ()):
            if one.ending is None and one.pod == pod:
                one.ended, one.ending = now, ending
                return one
        return None
