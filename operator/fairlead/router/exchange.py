"""One request from arrival to end: attempts at engines until the first byte, then the response is passed on.

After the first byte there is no retry: a stream that breaks ends with an error frame, any other response with a closed
connection. If either side disconnects, the other is released at once. `over` returns all that was charged, once.
"""

from math import inf
from time import monotonic

from fairlead.fleet.model_routes import FallbackReason
from fairlead.router import (
    answer_tap,
    answer_validation,
    cache_bridge,
    conversation_keys,
    explain_headers,
    failed_attempts,
    hedges,
    permit_requests,
    rate_limit_headers,
    refusals,
    second_answers,
    shadow_copies,
    target_moves,
    token_counts,
)
from fairlead.router.answer_tap import AnswerTap
from fairlead.router.answer_validation import AnswerValidation
from fairlead.router.attempt import EngineAttempt, Inquiry
from fairlead.router.attempt_pair import AttemptPair
from fairlead.router.cache_bridge import CacheBridge
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.engine_messages import EngineMessages
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.label_values import AbortStage
from fairlead.router.reply import Reply
from fairlead.router.reply_clients import CLIENT_LEFT
from fairlead.router.request import Request
from fairlead.router.request_bill import RequestBill
from fairlead.router.route_path import RoutePath
from fairlead.router.router_context import RouterContext
from fairlead.router.wire.body_facts import BodyFacts
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import ResponseReader
from fairlead.routing import explanations
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.explanations import EndpointCandidate
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage


class Exchange(AttemptPair):
    """Created for each request; driven by the client's connection, its attempts, the cache and the sweeper."""

    __slots__ = (
        "_cache",
        "_candidates",
        "_context",
        "_inquiry",
        "_over",
        "_read",
        "_swept",
        "_timeout_at",
        "bill",
        "messages",
        "path",
        "reply",
        "request",
        "target",
        "validation",
    )
    messages: EngineMessages
    """What the target's engines get."""
    target: EngineTarget
    """The target that serves it."""

    def __init__(self, context: RouterContext, request: Request, reply: Reply) -> None:
        super().__init__()
        self._context = context
        self.request = request
        self.reply = reply
        self._inquiry: Inquiry | None = None
        """A token count or a permit that admission waits for."""
        self._cache: CacheBridge | None = None
        """Its connection to the response cache, unless it bypasses the cache."""
        self._candidates: tuple[EndpointCandidate, ...] | None = None
        """All endpoints at its arrival, if the client wants an explanation."""
        self.path: RoutePath | None = None
        """Its route through a gateway's targets; None at a plain router."""
        self.validation: AnswerValidation | None = None
        """Judges its answers; None if nothing does."""
        self.bill: RequestBill | None = None
        """Its cost, if counted and an engine is needed."""
        self._read: AnswerTap | None = None
        """Reads the answer for the access line."""
        self._swept = 0
        """Progress of its stream at the last sweep."""
        self._timeout_at = inf
        """When the current time-out expires."""
        self._over = False

    @property
    def shows_progress(self) -> bool:
        """Whether its stream stands still only if the engine does."""
        return self.request.streams and not self.reply.delayed

    @property
    def keeps_alive(self) -> bool:
        """Whether the client's connection is kept."""
        return self.request.received.keep_alive and not self._context.draining

    def is_at(self, endpoint: Endpoint) -> bool:
        """Whether it is in flight at this endpoint."""
        return self.request.routing.endpoint is endpoint

    # From arrival to the dispatcher

    def start(self, peer: str, now: float) -> None:
        """Process the complete request: answer it from the cache, send it to an engine, queue it, or refuse it."""
        context, request = self._context, self.request
        request.identify(context, peer)
        account = request.facts.account
        if isinstance(account, Refusal):
            self.refuse(refusals.of(account), now)
            return
        facts = target_moves.read_and_aim(self, context, account)
        if isinstance(facts, Problem):
            self.refuse(facts, now)
            return
        if self.path is not None:
            self.validation = answer_validation.of(context.checkers, self.path, request, facts, now)
            request.judged_by(self.validation)
        replaced = self.validation is not None and self.validation.may_replace
        if not replaced:
            self._cache = cache_bridge.connected(self, self.path, context.cache, facts)
        cached = self._cache is not None and self._cache.needs_no_engine(context, self.target, facts)
        if self._over:
            return
        self.prepare(facts)
        if cached:
            return
        context.live.add(self)
        if explain_headers.EXPLAIN_HEADER in request.received.head.headers and explain_headers.allowed(account):
            self._candidates = explanations.candidates(self.target.dispatcher.table, request.routing)
        self.begin(now)

    def follow(self, path: RoutePath) -> None:
        """Take this path through its route's targets."""
        self.path = path

    def aim(self, target: EngineTarget) -> None:
        """Go to this target."""
        self.target = target

    def prepare(self, facts: BodyFacts) -> None:
        """Prepare what only an engine needs."""
        self.messages = EngineMessages(self.request, self._context, self.target, facts)
        conversation_keys.recognize(self.request, self._context, self.target, facts)

    def begin(self, now: float) -> None:
        """Start on an engine: submit to the dispatcher, after a token count if the prompt is close to a limit."""
        context, request = self._context, self.request
        request.record.wait_in(self.target.lane_of(request.routing))
        context.telemetry.needs_engine(request.record, now, is_demand=self.target.is_demand(request.routing))
        if context.spending.counts:
            route = request.record.model if self.path is None else self.path.choice.route
            self.bill = context.spending.bill(request, route)
        self.begin_at_target(now)
        if self.path is not None and self.path.choice.settings.shadow is not None and not self._over:
            shadow_copies.send(context, request, self.path, now)

    def begin_at_target(self, now: float) -> None:
        """Submit to the current target's dispatcher, without any state of former targets."""
        context, request, target = self._context, self.request, self.target
        self.last_ending = None
        self.hedge_at = self._timeout_at = inf
        if (unpaid := self._unpaid(now)) is not None:
            target.dispatcher.give_up(request.routing)
            self.refuse(unpaid, now)
            return
        if context.hedging.enabled:
            target.hedges.add_share(context.hedging.budget)
        if self.path is not None:
            self.path.count_demand(target, request.routing, now)
            request.routing.may_move(elsewhere=self.path.may_go_on)
        if target.dispatcher.needs_count(request.routing):
            self._inquiry = token_counts.start(self, target, request, now)
        if self._inquiry is None:
            self.after_token_count(now)
        else:
            self._timeout_at = now + token_counts.TIMEOUT_SECONDS

    def after_token_count(self, now: float) -> None:
        """Submit to the dispatcher, first getting a permit if another router keeps the tenant's rates."""
        routing, permit = self.request.routing, None
        if routing.account.home is not None and routing.permit is None:
            permit = self._inquiry = permit_requests.start(
                self, self._context.peers, self.target.dispatcher, routing, now
            )
        if permit is None:
            self.admit(now)
        else:
            self._timeout_at = now + permit_requests.TIMEOUT_SECONDS

    def admit(self, now: float) -> None:
        """Request an endpoint from the dispatcher; headers show the client what remains of its rates."""
        request, self._inquiry = self.request, None
        endpoint = self.target.dispatcher.submit(request.routing, now)
        if request.routing.permit is not None:
            request.reply_headers.show_rates(rate_limit_headers.lines(request.routing.permit))
        self.apply_decision(endpoint, now)
        if endpoint is None and self.target.dispatcher.order.may_be_next(request.routing):
            self._context.dispatch(self.target, now)

    def apply_decision(self, endpoint: Endpoint | Refusal | None, now: float) -> None:
        """Act on the dispatcher's decision, at once or after a wait."""
        if endpoint is None:
            self._timeout_at = inf
        elif isinstance(endpoint, Refusal):
            failed_attempts.not_sent(self, endpoint, now)
        else:
            self._send(endpoint, now)

    def _send(self, endpoint: Endpoint, now: float) -> None:
        context, request, target = self._context, self.request, self.target
        pool = target.pool(endpoint)
        request.record.sent(request.routing, endpoint, now)
        if self.bill is not None:
            self.bill.sent(target, request.routing, now)
        if request.streams:
            self._timeout_at = now + context.timeouts.first_token_seconds
            if context.hedging.enabled:
                after = target.hedges.maybe_after(context.hedging, request.routing.prompt_tokens)
                self.hedge_at = inf if after is None else now + after
        else:
            self._timeout_at = inf
        attempt = EngineAttempt(self, request.routing, target.api_of(endpoint))
        self.lead(attempt, now)
        attempt.send(pool, self.messages.message(pool), now)

    # Reports from attempts

    def attempt_replied(self, attempt: EngineAttempt, reader: ResponseReader, data: bytes, now: float) -> Reply | None:
        """Handle the first byte: it decides between an attempt and its hedge, and rules out retries."""
        if self.second is not None and not hedges.wins(self, attempt, reader, now):
            return None
        self.hedge_at = inf
        request, reply = self.request, self.reply
        revision = self.target.revisions.named(attempt.endpoint.revision)
        flight = None if self._cache is None else self._cache.began(reader, revision)
        held = self.validation is not None and reader.head is not None and self.validation.opens(reply, reader.head)
        if not held:  # no other attempt follows
            self.messages.drop_bodies()
            if self.path is not None:
                self.path.stay()
        if request.record.copied and self._context.telemetry.log_prompts:
            self._read = answer_tap.reading(reply, reader)
        if self._candidates is not None:
            lines = explain_headers.lines(request.routing, self._candidates)
            reply.explain(lines + explain_headers.phases(request.record, now))
        reply.open(attempt.api, reader, data, flight, keep=self.keeps_alive and not self.target.leaves)
        self._timeout_at = failed_attempts.falls_silent_at(reply, self._context.timeouts, self._timeout_at, now)
        return reply

    def attempt_errored(self, attempt: EngineAttempt, now: float) -> None:
        """Handle an error's first bytes; a hedge does not win with one, and a first attempt's error is read whole."""
        if attempt is self.second:
            hedges.drop(self, AttemptEnding.FAILED, now)

    def attempt_first_token(self, attempt: EngineAttempt, now: float) -> None:  # noqa: ARG002 - it has won already
        """Handle the first token."""
        context, request = self._context, self.request
        if not self.reply.is_held:
            request.record.first_token(now)
        if self.bill is not None:
            self.bill.first_token(now)
        if context.hedging.enabled:
            self.target.hedges.saw(request.routing.prompt_tokens, now - self.sent_at)
        self.target.dispatcher.first_token(request.routing, now)
        if self.target.dispatcher.order.waits_for_first_tokens:
            self._context.dispatch(self.target, now)

    def attempt_complete(self, attempt: EngineAttempt) -> None:
        """Handle the engine's complete response."""
        now = monotonic()
        if attempt.error is not None:
            failed_attempts.refused(self, attempt.error, attempt.endpoint, now)
            return
        reply = self.reply
        status = reply.status
        if status >= 400:
            self.end(AttemptEnding.REFUSED, None, now)
            if second_answers.gives_kept(self, now):
                return
        else:
            usage = self.reply.counted_usage(self.target.dispatcher.table.expectations)
            if not attempt.started:
                self.target.dispatcher.first_token(self.request.routing, now)
            self.end(failed_attempts.ending(self, attempt), usage, now)
            if self.validation is not None and second_answers.replaces(self, self._context, usage, now):
                return
        if self._cache is not None:
            self._cache.completed(now)
        self.over(status, now)
        reply.finish(keep=reply.keep)

    def attempt_lost(self, attempt: EngineAttempt, why: str) -> None:
        """Handle an engine's response that broke or never began."""
        failed_attempts.lost(self, attempt, why, monotonic())

    def attempt_internal_error(self, attempt: EngineAttempt) -> None:
        """Handle a router bug in an attempt; if it was the hedge, the first attempt is still in flight."""
        if attempt is self.second:
            hedges.drop(self, AttemptEnding.FAILED, monotonic())
        else:
            self.internal_error()

    def retry(self, ending: AttemptEnding, now: float) -> None:
        """Continue after an attempt failed before the first byte: another endpoint, the queue, or the last error."""
        self.hedge_at = inf
        self.last_ending = ending
        self.drop_attempts(ending, now)
        if not self.target.is_routable and self.fall_back(FallbackReason.UNAVAILABLE, ending, now):
            return
        self.request.record.failed(ending, now)
        if (unpaid := self._unpaid(now)) is not None:
            self.end(ending, None, now)
            self.refuse(unpaid, now)
            return
        self.apply_decision(self.target.dispatcher.retry(self.request.routing, ending, now), now)

    def fall_back(self, reason: FallbackReason, ending: AttemptEnding | None, now: float) -> bool:
        """Try to move the request to another target that can answer it; whether it moved."""
        return self.path is not None and target_moves.fall_back(self, self._context, reason, ending, now)

    def hedge(self, now: float) -> None:
        """Send a hedge, if another endpoint has room and the budgets allow it."""
        self.hedge_at = inf
        if self._unpaid(now) is None:
            hedges.send(self, now)

    def drop_attempts(self, ending: AttemptEnding, now: float, usage: TokenUsage | None = None) -> None:
        """Forget the ended attempt and its hedge."""
        if self.second is not None:
            hedges.drop(self, AttemptEnding.OUTRUN, now)
        self.forget()
        if self.bill is not None:
            self.bill.ended(ending, usage, self.reply.deltas, now)

    def _unpaid(self, now: float) -> Problem | None:
        """Reserve what another attempt at its target may cost; return a problem if the budget does not allow it."""
        if self.bill is None:
            return None
        refused = self._context.spending.refusal(self.bill, self.target, self.request.routing, now)
        return None if refused is None else refusals.of(refused)

    def reroute(self, now: float) -> None:
        """Choose another target: its own went away meanwhile."""
        target_moves.reroute(self, self._context, now)

    def client_disconnected(self, now: float) -> None:
        """Handle the client's disconnect: end everything in progress for it."""
        sent = AbortStage.QUEUED if self.first is None else AbortStage.FIRST_TOKEN
        self.request.record.client_left(AbortStage.STREAM if self.reply.begun else sent)
        if self._cache is not None and self._cache.client_disconnected(now):
            return
        if self.first is not None:
            self.end(failed_attempts.abandoned(self.first, self.second), None, now)
        elif self._inquiry is not None:
            self._inquiry.leave()
        else:
            self.target.dispatcher.withdraw(self.request.routing, now)
        self.over(CLIENT_LEFT, now)

    def pause(self) -> None:
        """Pause the engine: the client reads more slowly than the engine sends."""
        if self._cache is None or not self._cache.pause():
            self.pause_engine()

    def resume(self) -> None:
        """Resume: the client has read most of its buffer."""
        if self.first is None and self._cache is not None:
            self._cache.resume()
        else:
            self.resume_engine()

    def abort(self) -> None:
        """Disconnect the client, which ends the request."""
        self.reply.abort()

    def sweep(self, now: float) -> Endpoint | None:
        """Extend the time-out if the stream moved or waits for its client, or end it; return where it waits so."""
        reply, scan = self.reply, self.reply.scan
        if scan is not None and (reply.delayed or scan.progress != self._swept):
            if scan.progress != self._swept and self.first is not None:
                self.first.endpoint.progressed(now)
            self._swept = scan.progress
            self._timeout_at = now + self._context.timeouts.between_tokens_seconds
        if now >= self._timeout_at or now >= self.request.deadline(self._context.timeouts.total_seconds):
            self._timed_out(now)
        elif self.path is not None and self.request.routing.waiting and not self.target.is_routable:
            self.fall_back(FallbackReason.UNAVAILABLE, None, now)
        return self.request.routing.endpoint if reply.delayed else None

    def _timed_out(self, now: float) -> None:
        """Handle an expired time-out; the dispatcher itself refuses queued requests."""
        if self._inquiry is not None:
            self._inquiry.give_up()
        elif self.first is not None:
            failed_attempts.too_slow(self, self._context.timeouts, self.first, now)
        elif self._cache is not None and now >= self.request.ends_at:
            self._cache.late(self._context.timeouts.total_seconds, now)

    def hung(self, why: str, now: float) -> None:
        """Retry elsewhere if no byte was sent: its endpoint was ejected because it hangs."""
        failed_attempts.hung(self, why, now)

    # The end

    def refuse(self, problem: Problem, now: float) -> None:
        """Answer with one of the router's own errors; no engine works for this request any more."""
        self.reply.drop()
        if second_answers.gives_kept(self, now):
            return
        keep = self.keeps_alive
        self.request.record.refuse(problem.code)
        self.reply.refuse(problem, keep=keep)
        self.over(problem.status, now)
        self.reply.finish(keep=keep)

    def pass_on(self, error: EngineErrorReply, now: float) -> None:
        """Pass the engine's error on unchanged."""
        if second_answers.gives_kept(self, now):
            return
        keep = self.keeps_alive
        self.reply.pass_on(error, keep=keep)
        self.over(error.head.status, now)
        self.reply.finish(keep=keep)

    def cut(self, problem: Problem, ending: AttemptEnding, now: float) -> None:
        """End a response that has begun, with an error frame if its format allows one."""
        reply = self.reply
        assert self.first is not None
        ended_well = reply.cut(problem)
        self.first.abort()
        self.request.record.cut_by(problem.code)
        self.end(ending, None, now)
        self.over(reply.status, now)
        reply.finish(keep=reply.keep and ended_well)

    def end(self, ending: AttemptEnding, usage: TokenUsage | None, now: float) -> None:
        """Release the endpoint: no engine works for this request any more."""
        usage = usage or self.reply.seen()
        self.drop_attempts(ending, now, usage)
        self.target.dispatcher.ended(self.request.routing, ending, usage, now)

    def internal_error(self) -> None:
        """Handle a router bug in the request: return what it holds, and answer that the router is at fault."""
        if self._over:
            return
        now = monotonic()
        if self.first is not None:
            self.first.abort()
        if self in self._context.live:
            routing = self.request.routing
            if self._inquiry is not None:
                self._inquiry.leave()
            elif routing.waiting:
                self.target.dispatcher.withdraw(routing, now)
            elif routing.endpoint is not None:
                self.end(AttemptEnding.FAILED, None, now)
        if self.reply.begun:
            self.over(self.reply.status, now)
            self.reply.break_off()
        else:
            self.refuse(refusals.fault(), now)

    def over(self, status: int, now: float) -> None:
        """Release everything, once: the router keeps no reference to this request."""
        request, reply, context = self.request, self.reply, self._context
        record = request.record
        if self._over:
            raise AssertionError(f"request {record.request_id} ended twice")
        self._over = True
        reply.close(status)
        if self._read is not None:
            record.log_answer(self._read.text())
        if self.bill is not None:
            context.spending.over(self.bill, request.record, reply.deltas, now)
            self.bill = None
        request.end()
        context.live.discard(self)
        context.telemetry.ended(record, now)
        cache, self._cache, self._inquiry = self._cache, None, None
        self.validation = None
        if cache is not None:
            cache.over()
        if request.is_read:
            context.compare(self.target, request.routing, record, now)
            context.released(self.target, request.routing.account, now)
