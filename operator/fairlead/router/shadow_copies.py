"""Copies of a gateway's requests that a route's `shadow` sends to another deployment, to try it on real traffic.

No client waits for a copy: it is sent at once if there is room, else not at all; it is charged to no tenant, is not
cached, and its reply is read and dropped. Its result goes to a counter and an access line of its own.
"""

from random import random
from time import monotonic
from typing import Final

from fairlead.router import aimed_requests, answer_tap, conversation_keys
from fairlead.router.answer_tap import AnswerTap
from fairlead.router.attempt import EngineAttempt
from fairlead.router.engine_messages import EngineMessages
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.label_values import CopyResult
from fairlead.router.reply import Reply
from fairlead.router.reply_clients import DepartedClient
from fairlead.router.request import Request
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.responses import ResponseReader
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.selection import EndpointChoice

MAX_OPEN: Final = 256
"""Limit of copies in flight at one router; above it no other one is made."""
LAST_RANK: Final = b"1000"
"""After every tenant's, where engines use ranks."""


def send(context: RouterContext, request: Request, path: RoutePath, now: float) -> None:
    """Copy a request that is about to be sent to its own target, if it falls in the route's share."""
    shadow, facts = path.choice.settings.shadow, path.facts
    if shadow is None or facts is None or shadow.target == request.record.target or random() >= shadow.share:  # noqa: S311 - a share, no secret
        return
    target = context.targets.get(shadow.target)
    if target is not None and len(context.open_copies) < MAX_OPEN and _begins(context, target, request, facts, now):
        request.record.copy_sent()
    else:
        context.telemetry.counts.add_copy(request.record, shadow.target, CopyResult.NO_ROOM, now)


def _begins(context: RouterContext, target: EngineTarget, request: Request, facts: BodyFacts, now: float) -> bool:
    """Send a copy if a replica of the target has room and no request waits for one."""
    table = target.dispatcher.table
    if target.dispatcher.waiting:
        return False
    twin = request.copy(request.record.copy(target.name, now))
    copy = ShadowCopy(context, twin, target)
    if aimed_requests.aim(twin, context, target, facts, copy) is not None:
        return False
    messages = EngineMessages(twin, context, target, facts, LAST_RANK)
    conversation_keys.recognize(twin, context, target, facts)
    chosen = table.choose(twin.routing, now)
    if not isinstance(chosen, EndpointChoice):
        return False
    context.open_copies.add(copy)
    table.charge(twin.routing, chosen, now)
    copy.send(messages, now)
    return True


class ShadowCopy:
    """One copy at one engine; the owner of its attempt."""

    __slots__ = ("_attempt", "_context", "_reply", "_tap", "request", "target")

    def __init__(self, context: RouterContext, request: Request, target: EngineTarget) -> None:
        self._context = context
        self.request = request
        self.target = target
        self._reply = Reply(DepartedClient(), request)
        self._tap: AnswerTap | None = None
        self._attempt: EngineAttempt | None = None

    def send(self, messages: EngineMessages, now: float) -> None:
        """Send to the endpoint that it is charged to."""
        routing, target = self.request.routing, self.target
        endpoint = routing.endpoint
        assert endpoint is not None
        pool = target.pool(endpoint)
        self.request.record.sent(routing, endpoint, now)
        self._attempt = attempt = EngineAttempt(self, routing, target.api_of(endpoint))
        attempt.send(pool, messages.message(pool), now)
        self.request.drop_body()

    def sweep(self, now: float) -> None:
        """End it at the time when a client would have stopped waiting."""
        if now >= self.request.ends_at:
            self._drop(CopyResult.LATE, AttemptEnding.SLOW, now)

    def abort(self) -> None:
        """End it: the router shuts down."""
        self._drop(CopyResult.FAILED, AttemptEnding.FAILED, monotonic())

    def _drop(self, result: CopyResult, ending: AttemptEnding, now: float) -> None:
        """End the engine's work for it."""
        if self._attempt is not None:
            self._attempt.abort()
        self._finish(result, ending, self._reply.status, now)

    # Reports from its attempt

    def attempt_replied(self, attempt: EngineAttempt, reader: ResponseReader, data: bytes, now: float) -> Reply:  # noqa: ARG002 - the interface's
        """Start the reply, which goes to no client."""
        self._tap = answer_tap.reading(self._reply, reader) if self._context.telemetry.log_prompts else None
        self._reply.open(attempt.api, reader, data, None, keep=False)
        return self._reply

    def attempt_errored(self, attempt: EngineAttempt, now: float) -> None:
        """Do nothing: the error is read whole."""

    def attempt_first_token(self, attempt: EngineAttempt, now: float) -> None:  # noqa: ARG002 - the interface's
        """Record the first token of a stream."""
        self.request.record.first_token(now)
        self.target.dispatcher.table.first_token(self.request.routing, now)

    def attempt_complete(self, attempt: EngineAttempt) -> None:
        """Finish: the reply is complete, or an error."""
        now, table = monotonic(), self.target.dispatcher.table
        if attempt.error is not None:
            self._finish(CopyResult.REFUSED, AttemptEnding.REFUSED, attempt.error.head.status, now)
            return
        self._reply.counted_usage(table.expectations)
        ending = self._reply.ending()
        if ending is AttemptEnding.DONE:
            table.served(attempt.endpoint)
        result = CopyResult.ANSWERED if ending is AttemptEnding.DONE else CopyResult.FAILED
        self._finish(result, ending, self._reply.status, now)

    def attempt_lost(self, attempt: EngineAttempt, why: str) -> None:
        """Finish: the reply broke or never began; the engine is at fault, as for any request."""
        self.target.dispatcher.table.failed(attempt.endpoint, why, at_once=not attempt.reached)
        self._finish(CopyResult.FAILED, AttemptEnding.FAILED, self._reply.status, monotonic())

    def attempt_internal_error(self, attempt: EngineAttempt) -> None:
        """Abort: a router bug hit it."""
        if attempt is self._attempt:
            self.abort()

    def _finish(self, result: CopyResult, ending: AttemptEnding, status: int, now: float) -> None:
        """Release its room, mainly for clients' requests."""
        context, record = self._context, self.request.record
        self._attempt = None
        self.target.dispatcher.table.give_back(self.request.routing, ending, now)
        self._reply.close(status)
        if self._tap is not None:
            record.log_answer(self._tap.text())
        self.request.end()
        context.open_copies.discard(self)
        context.telemetry.copy_ended(record, result, now)
        context.dispatch(self.target, now)
