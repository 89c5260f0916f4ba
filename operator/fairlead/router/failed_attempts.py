"""Attempts that an engine refuses, breaks off, or is too slow for: whose fault it is, and what the client gets.

Until the client has a byte, another endpoint or target may answer; after that the response ends with an error frame.
"""

from math import inf
from typing import Final, Protocol

from fairlead.fleet.gateways import Timeouts
from fairlead.fleet.model_routes import FallbackReason
from fairlead.router import external_api, hedges, refusals, route_path
from fairlead.router.attempt import EngineAttempt
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.hedges import HedgedRequest
from fairlead.router.reply import Reply
from fairlead.router.wire.problems import Problem
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.refusal import Refusal, TokenUsage

LAST_ERRORS: Final = frozenset({RefusalReason.NO_OTHER_REPLICA, RefusalReason.RETRY_BUDGET})
"""Refusals that are less useful to a client than the last engine's error, which is sent instead."""


class FailingRequest(HedgedRequest, Protocol):
    """The owner of a request whose attempt fails."""

    @property
    def reply(self) -> Reply:
        """What its client gets."""

    @property
    def last_ending(self) -> AttemptEnding | None:
        """How the last attempt at the current target ended, if it failed."""

    @property
    def last_error(self) -> Problem | EngineErrorReply | None:
        """What went wrong at the last engine, or its own error; sent to the client if there is no other attempt."""

    def failed_with(self, error: Problem | EngineErrorReply) -> None:
        """Keep what went wrong at an engine."""

    def fall_back(self, reason: FallbackReason, ending: AttemptEnding | None, now: float) -> bool:
        """Try to move to another target; whether it moved."""

    def retry(self, ending: AttemptEnding, now: float) -> None:
        """Continue at another endpoint, in the queue, or with the last error."""

    def end(self, ending: AttemptEnding, usage: TokenUsage | None, now: float) -> None:
        """Release the endpoint."""

    def cut(self, problem: Problem, ending: AttemptEnding, now: float) -> None:
        """End a response that has begun."""

    def refuse(self, problem: Problem, now: float) -> None:
        """Answer with one of the router's own errors."""

    def pass_on(self, error: EngineErrorReply, now: float) -> None:
        """Pass the engine's error on unchanged."""


def refused(owner: FailingRequest, error: EngineErrorReply, endpoint: Endpoint, now: float) -> None:
    """Handle an engine's error response: try another engine, or pass it on.

    An external API's rate limit is no replica's: another request would come too soon, and may count against it as well.
    """
    table = owner.target.dispatcher.table
    if owner.target.lost_adapter(error, owner.request.routing, endpoint):
        owner.failed_with(error)
        _left_to_hedge_or_elsewhere(owner, AttemptEnding.BUSY, now)
        return
    ending, again = error.record(table, endpoint)
    limited = owner.target.external is not None and error.head.status == external_api.RATE_LIMITED
    has_other = owner.second is not None or table.is_covered(endpoint)
    if (again and not limited) or (ending is AttemptEnding.FAILED and has_other):
        owner.failed_with(error)
        _left_to_hedge_or_elsewhere(owner, ending, now)
        return
    reason = FallbackReason.QUEUE_FULL if limited else FallbackReason.ENGINE_ERROR
    if (limited or ending is AttemptEnding.FAILED) and owner.fall_back(reason, ending, now):
        return
    owner.end(ending, None, now)
    problem = owner.target.problem_of(error, owner.request.received.head)
    if problem is not None:
        owner.refuse(problem, now)
    else:
        owner.pass_on(error, now)


def not_sent(owner: FailingRequest, refusal: Refusal, now: float) -> None:
    """Handle a dispatcher's final refusal: send it, or the last engine's error instead."""
    last, routing = owner.last_error, owner.request.routing
    if routing.keeps_charges:
        reason = route_path.reason_of(refusal, owner.last_ending)
        if reason is not None and owner.fall_back(reason, None, now):
            return
        owner.target.dispatcher.give_up(routing)
    if last is None or refusal.reason not in LAST_ERRORS:
        owner.refuse(refusals.of(refusal), now)
    elif isinstance(last, Problem):
        owner.refuse(last, now)
    else:
        owner.pass_on(last, now)


def ending(owner: FailingRequest, attempt: EngineAttempt) -> AttemptEnding:
    """Return how a complete response ended. An error in a stream counts for its engine as one that comes first does."""
    scan, upstream = owner.reply.scan, attempt.upstream
    if scan is not None and scan.error and upstream is not None and upstream.reader.head is not None:
        error = EngineErrorReply(upstream.reader.head, attempt.api.errors)
        error.take(scan.error_event)
        error.record(owner.target.dispatcher.table, attempt.endpoint)
    return owner.reply.ending()


def lost(owner: FailingRequest, attempt: EngineAttempt, why: str, now: float) -> None:
    """Handle an engine's response that broke or never began."""
    endpoint, table = attempt.endpoint, owner.target.dispatcher.table
    if owner.reply.begun:
        table.failed(endpoint, why)
        owner.cut(refusals.cut(endpoint.address, why), AttemptEnding.CUT, now)
        return
    table.failed(endpoint, why, at_once=not attempt.reached)
    ending = AttemptEnding.FAILED if attempt.reached else AttemptEnding.NOT_CONNECTED
    if attempt is owner.second:
        owner.request.record.failed(ending, now, hedge_at=endpoint)
        hedges.drop(owner, ending, now)
        return
    refused = attempt.error is not None or owner.reply.status >= 400
    seen = _drop_held(owner, now)
    owner.failed_with(problem := refusals.unreachable(endpoint.address, why))
    if owner.target.external is None or not attempt.reached or refused:
        _left_to_hedge_or_elsewhere(owner, ending, now)
    elif not owner.fall_back(FallbackReason.ENGINE_ERROR, AttemptEnding.CUT, now):
        # An API bills what it has computed, and would compute and bill it again.
        owner.request.record.failed(AttemptEnding.CUT, now)
        owner.end(AttemptEnding.CUT, seen, now)
        owner.refuse(problem, now)


def _drop_held(owner: FailingRequest, now: float) -> TokenUsage | None:
    """Discard a held reply; return what was seen of it. An answer is paid for as one that a client began to get."""
    seen = owner.reply.seen()
    if owner.reply.is_held and owner.reply.status < 400 and owner.bill is not None:
        owner.bill.ended(AttemptEnding.CUT, seen, owner.reply.deltas, now)
    owner.reply.drop()
    return seen


def _left_to_hedge_or_elsewhere(owner: FailingRequest, ending: AttemptEnding, now: float) -> None:
    """Leave the request to its hedge, which is in flight already, or try another endpoint. The attempt's connection is
    not closed here: it has answered, or was ended before.

    The failure is recorded in both cases: a client does not notice it, a canary's gate must.
    """
    if owner.second is None:
        owner.retry(ending, now)
        return
    owner.request.record.failed(ending, now)
    hedges.take_over(owner, owner.second, ending, now)


def abandoned(attempt: EngineAttempt, hedge: EngineAttempt | None) -> AttemptEnding:
    """Abort an attempt whose client left; return how it ended: without a connection no engine worked for it."""
    reached = attempt.reached or (hedge is not None and hedge.reached)
    attempt.abort()
    return AttemptEnding.CLIENT_LEFT if reached else AttemptEnding.NOT_CONNECTED


def falls_silent_at(reply: Reply, timeouts: Timeouts, first_token_at: float, now: float) -> float:
    """Return when a response that begins now is too slow: comments alone leave its stream the time for the first token,
    and any other response has only the total time-out."""
    if reply.scan is None:
        return inf
    return now + timeouts.between_tokens_seconds if reply.scan.progress else first_token_at


def too_slow(owner: FailingRequest, timeouts: Timeouts, attempt: EngineAttempt, now: float) -> None:
    """Handle an engine that did not begin, continue or end in time; only the first two are certainly its fault."""
    endpoint, table = attempt.endpoint, owner.target.dispatcher.table
    begun, scan = owner.reply.begun, owner.reply.scan
    speaks = owner.reply.status != 0 and (scan is None or scan.progress > 0)
    if now >= owner.request.ends_at:
        slow = refusals.too_slow(endpoint.address, timeouts.total_seconds)
    elif speaks:
        silent = f"silent for {timeouts.between_tokens_seconds:g} s"
        table.failed(endpoint, silent)
        slow = refusals.cut(endpoint.address, silent)
    else:
        table.failed(endpoint, f"no first token within {timeouts.first_token_seconds:g} s")
        slow = refusals.no_first_token(endpoint.address, timeouts.first_token_seconds)
    if begun:
        owner.cut(slow, AttemptEnding.SLOW, now)
        return
    attempt.abort()
    seen = _drop_held(owner, now)
    if now < owner.request.ends_at and owner.fall_back(FallbackReason.TIMEOUT, AttemptEnding.SLOW, now):
        return
    owner.request.record.failed(AttemptEnding.SLOW, now)
    owner.end(AttemptEnding.SLOW, seen, now)
    owner.refuse(slow, now)


def hung(owner: FailingRequest, why: str, now: float) -> None:
    """Retry elsewhere if no byte was sent: the endpoint was ejected because it hangs."""
    attempt = owner.first
    assert attempt is not None
    endpoint = attempt.endpoint
    if owner.reply.begun:
        owner.cut(refusals.cut(endpoint.address, why), AttemptEnding.SLOW, now)
        return
    attempt.abort()
    _drop_held(owner, now)
    owner.failed_with(refusals.hung_engine(endpoint.address, why))
    _left_to_hedge_or_elsewhere(owner, AttemptEnding.SLOW, now)
