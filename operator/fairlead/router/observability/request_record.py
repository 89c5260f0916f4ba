"""The record of one request: filled in while it runs, reported once when it ended.

It holds times and amounts and reads no clock: `now` is the loop's monotonic time everywhere.
"""

from fairlead.accounting.request_cost import RequestCost
from fairlead.fleet.tenants import Lane
from fairlead.router.observability.label_values import AbortStage, Copied
from fairlead.router.observability.request_identity import RequestIdentity
from fairlead.router.observability.request_trace import NEVER, TracedAttempt
from fairlead.router.observability.spent_answer import SpentAnswer
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, PickReason
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.routing_request import RoutingRequest


class RequestRecord(RequestIdentity):
    """One request. Every field has a value for "unknown", so that each stage reports only what it knows.

    All may read its fields; only its methods write them.

    No dataclass: that one's `__init__` is Python also where the rest is machine code, and takes as long as reading a
    head (decision 0043).
    """

    arrived: float
    """When its head arrived."""
    waited_from: float
    """When it was complete and needed an engine; its arrival, if that was not recorded."""
    late: bool = False
    """It was sent when its first token could no longer be expected within the objective."""
    first_sent_at: float = NEVER
    sent_at: float = NEVER
    """When it was sent to the engine that answered, or for the last attempt."""
    first_token_at: float = NEVER
    ended_at: float = NEVER

    attempts: int = 0
    failed_at: tuple[tuple[str, AttemptEnding], ...] = ()
    """Revisions at which an attempt failed, hedges included, each with its ending."""
    load_band: int = 0
    """Load of its engine when it was sent: requests in flight there, in powers of two."""
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

    def copy(self, target: str, now: float) -> "RequestRecord":
        """Return the record of a copy of this request, as it was read, for another target."""
        twin = RequestRecord(now, now)
        twin.repeat(self)
        twin.copied = Copied.COPY
        twin.target = target
        return twin

    # Where it goes

    def cache_answered(self, result: str) -> None:
        """Record how the response cache answered."""
        self.cache = result

    def replay(self, target: str, fallback: str) -> None:
        """Record which target wrote the answer of another request, which this one gets, too."""
        self.target = target
        self.fallback = fallback

    def route_to(self, target: str, rule: str) -> None:
        """Record that a gateway's route leads to this target."""
        self.target = target
        self.rule = rule

    def need_engine(self, now: float) -> None:
        """Record that it is complete and needs an engine."""
        self.waited_from = now

    def wait_in(self, lane: Lane) -> None:
        """Record the lane in which it waits."""
        self.lane = lane

    def copy_sent(self) -> None:
        """Record that a copy of it was sent."""
        self.copied = Copied.ORIGINAL

    def sent(self, routing: RoutingRequest, endpoint: Endpoint, now: float) -> None:
        """Record an attempt at an engine."""
        if self.attempts == 0:
            self.first_sent_at = now
        self.attempts += 1
        self.sent_at = now
        self.late = self.late or routing.late
        self._goes_to(routing, endpoint)
        if self.trace is not None:
            self.trace.begin(endpoint, now)

    def failed(self, ending: AttemptEnding, now: float, hedge_at: Endpoint | None = None) -> None:
        """Record that the current attempt, or its hedge at that endpoint, ended before a response began."""
        pod, revision = (self.replica, self.revision) if hedge_at is None else (hedge_at.pod, hedge_at.revision)
        self.failed_at = (*self.failed_at, (revision, ending))
        if self.trace is not None:
            self.trace.end(pod, ending, now)

    def fell_back(self, target: str, reason: str) -> None:
        """Record that it left this target."""
        self.fallback = f"{reason}; from={target}"
        self.fallbacks = [*(self.fallbacks or ()), (target, reason)]

    def hedge_sent(self, endpoint: Endpoint, now: float) -> None:
        """Record a hedge sent to another engine because the first is slow."""
        self.hedged = True
        self.hedge_sent_at = now
        if self.trace is not None:
            self.trace.begin(endpoint, now)

    def outran(self, routing: RoutingRequest, endpoint: Endpoint, now: float) -> None:
        """Record that the hedge won."""
        self.hedge_won = True
        self.sent_at = self.hedge_sent_at
        self._end_attempt(AttemptEnding.OUTRUN, now)
        self._goes_to(routing, endpoint)

    def left_dispatcher(self, routing: RoutingRequest) -> None:
        """Record what only the dispatcher knew: the lane where it waited in vain, and a limit that only counts."""
        if not self.attempts:
            self.lane = routing.lane
        if routing.shadow is not None:
            self.shadow = routing.shadow.value

    # What became of it

    def first_token(self, now: float) -> None:
        """Record that the client gets its first token."""
        self.first_token_at = now

    def use(self, usage: TokenUsage | None, finish_reason: str | None) -> None:
        """Record what the engine says of its answer, as far as it does."""
        if finish_reason is not None:
            self.finish_reason = finish_reason
        if usage is not None:
            self.prompt_tokens = usage.prompt_tokens
            self.output_tokens = usage.output_tokens
            if usage.cached_tokens is not None:
                self.cached_tokens = usage.cached_tokens

    def log_answer(self, text: str) -> None:
        """Record its answer."""
        self.answer = text

    def check_format(self, result: str) -> None:
        """Record the check of its answer's format."""
        self.check = result

    def set_aside(self, usage: TokenUsage | None, now: float) -> None:
        """Set aside an answer that is not given, whose attempt has ended; its tokens still count, for its revision, and
        if it was cut, the reply is not."""
        attempt = self._end_attempt(AttemptEnding.DONE, now)
        if attempt is not None:
            attempt.set_aside(self.revision, usage, self.finish_reason)
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
        self.cut = False
        self.reason = ""

    def escalate(self, fault: str | None, target: str) -> None:
        """Record why this target's answer, which was set aside, is not given."""
        self.escalated = f"{fault}; from={target}"

    def take_back(self, target: str, replica: str, now: float) -> None:
        """Restore the last answer set aside, which is given after all: the attempt at another one, if any, failed."""
        assert self.spent
        self._end_attempt(AttemptEnding.FAILED, now)
        *self.spent, last = self.spent
        self.target, self.replica, self.revision = target, replica, last.revision
        self.prompt_tokens = last.prompt_tokens
        self.output_tokens = last.output_tokens
        self.cached_tokens = last.cached_tokens
        self.finish_reason = last.finish_reason
        self.reason = self.escalated = ""

    def refuse(self, reason: str) -> None:
        """Record why the router refuses it."""
        self.reason = reason

    def cut_by(self, reason: str) -> None:
        """Record why its reply ended incomplete."""
        self.cut = True
        self.reason = reason

    def client_left(self, stage: AbortStage) -> None:
        """Record that its client disconnected."""
        self.left = stage

    def pay(self, cost: RequestCost) -> None:
        """Record what its attempts cost."""
        self.paid = cost

    def reply(self, status: int, bytes_out: int = 0, deltas: int = 0) -> None:
        """Record what its client got."""
        self.status = status
        self.bytes_out = bytes_out
        self.deltas = deltas

    def close(self, now: float) -> None:
        """Close the record, once; a second call is a bug and raises."""
        if self.ended_at >= 0:
            raise AssertionError(
                f"recorded twice: request {self.request_id or 'without an id'}, ended at {self.ended_at}"
            )
        self.ended_at = now
        if self.trace is not None:
            self.trace.close(self.replica, self._last_ending, now)

    def drop_texts(self) -> None:
        """Drop its prompt and its answer: the access line has them, and the record is kept longer."""
        self.prompt = None
        self.answer = ""

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

    def _end_attempt(self, ending: AttemptEnding, now: float) -> TracedAttempt | None:
        """End the span of the attempt at the current replica, if there are spans."""
        return None if self.trace is None else self.trace.end(self.replica, ending, now)
