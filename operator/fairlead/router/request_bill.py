"""What one request costs and what is reserved of its tenant's budget, from before its first attempt to its end.

Nothing is sent that the budget may not cover: the cost so far, the attempts in flight and the next one, each at its
maximum, must fit into the reservation, or it is extended first.
"""

from dataclasses import replace
from typing import Protocol

from fairlead.accounting import reservations
from fairlead.accounting.budgets import BudgetAccount, BudgetReservation, BudgetShortage
from fairlead.accounting.request_cost import AttemptRecord, RequestCost
from fairlead.accounting.reservations import OutputEstimate
from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.target_costs import UNBILLED, PricedAttempt
from fairlead.router.wire import task_names
from fairlead.router.wire.requests import ClientRequest
from fairlead.router.wire.surfaces import MAX_OUTPUT, Surface
from fairlead.routing.answers.check_results import CheckResult
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.routing_request import RoutingRequest


class BilledRequest(Protocol):
    """A request as its bill sees it."""

    @property
    def received(self) -> ClientRequest:
        """The request as the client sent it."""

    @property
    def record(self) -> RequestRecord:
        """What is recorded of it."""

    @property
    def routing(self) -> RoutingRequest:
        """What its dispatcher knows."""

    @property
    def streams(self) -> bool:
        """Whether its reply is a stream."""

    @property
    def surface(self) -> Surface:
        """The API that it uses."""

    @property
    def text_bytes(self) -> int:
        """Bytes of its prompt."""


class OpenCharge:
    """One attempt in flight, and its target."""

    __slots__ = ("attempt", "most", "target")

    def __init__(self, target: EngineTarget, attempt: PricedAttempt, most: float) -> None:
        self.target = target
        self.attempt = attempt
        self.most = most
        """Its maximum cost."""


class RequestBill:
    """The cost of one request."""

    __slots__ = (
        "_began_at",
        "_budget",
        "_estimate",
        "_first",
        "_hedge",
        "_kept",
        "_rates",
        "_request",
        "_reservation",
        "_spent",
        "cost",
    )

    def __init__(
        self, request: BilledRequest, route: str, budget: BudgetAccount | None, estimate: OutputEstimate
    ) -> None:
        task = task_names.of(request.received.head.headers)
        self.cost = RequestCost(tenant=request.record.tenant, route=route, task=task)
        self._budget = budget
        self._reservation: BudgetReservation | None = None
        self._request = request
        self._estimate = estimate
        self._first: OpenCharge | None = None
        self._hedge: OpenCharge | None = None
        self._spent = 0.0
        self._began_at = ""
        """The target of its first attempt."""
        self._rates: TokenRates | None = None
        """The rates by which the next attempt is reserved and charged."""
        self._kept: int | None = None
        """Index of its last attempt whose answer another attempt was requested to replace."""

    # The budget

    @property
    def is_over(self) -> bool:
        """Whether it would have been refused if the budget were not in shadow mode."""
        return self._reservation is not None and self._reservation.over

    def short_of(self, target: EngineTarget, wall: float) -> BudgetShortage | None:
        """Reserve what another attempt at this target may cost; return what is missing."""
        budget, reservation = self._budget, self._reservation
        if budget is None:
            return None
        self._rates = target.costs.rates()
        open_charges = sum(one.most for one in (self._first, self._hedge) if one is not None)
        needed = self._spent + open_charges + self._most(target, self._rates)
        if reservation is None:
            found = budget.reserve(needed, wall)
        elif needed > reservation.amount:
            found = budget.extend(reservation, needed - reservation.amount, wall)
        else:
            return None
        if isinstance(found, BudgetShortage):
            return found
        self._reservation = found
        return None

    def settle(self, wall: float) -> None:
        """End: charge its budget the actual cost."""
        if self._budget is not None and self._reservation is not None:
            self._budget.settle(self._reservation, self._spent, wall)
            self._reservation = None

    # Attempts

    def sent(self, target: EngineTarget, routing: RoutingRequest, now: float) -> None:
        """Record an attempt."""
        self._began_at = self._began_at or target.name
        self._first = self._opened(target, routing, now)

    def hedged(self, target: EngineTarget, routing: RoutingRequest, now: float) -> None:
        """Record a hedge beside it."""
        self._hedge = self._opened(target, routing, now)

    def first_token(self, now: float) -> None:
        """Record that the prompt is computed."""
        one = self._first
        if one is not None:
            one.target.costs.first_token(one.attempt, now)

    def hedge_over(self, ending: AttemptEnding, now: float) -> None:
        """Close the losing hedge."""
        one, self._hedge = self._hedge, None
        if one is not None:
            self._close(one, ending, self._unfinished(0), now)

    def hedge_won(self, ending: AttemptEnding, now: float) -> None:
        """Close the first attempt, which the hedge replaces."""
        one, self._first, self._hedge = self._first, self._hedge, None
        if one is not None:
            self._close(one, ending, self._unfinished(0), now)

    def ended(self, ending: AttemptEnding, usage: TokenUsage | None, seen: int, now: float) -> None:
        """Close the attempt; without the engine's count, use the tokens seen of the reply."""
        one, self._first = self._first, None
        if one is None:
            return
        if usage is None:
            used = self._unfinished(seen)
        else:
            used = TokensUsed(prompt=usage.prompt_tokens, cached=usage.cached_tokens or 0, output=usage.output_tokens)
        if ending is AttemptEnding.DONE and usage is not None and self._ended_by_itself(one.target, used.output):
            self._estimate.learn(used.output // self._request.routing.answers)
        self._close(one, ending, used, now, counted=usage is not None)

    def judge(self, structured: CheckResult | None, *, replaced: bool) -> None:
        """Record the format checks of the last answer, and whether another one is to replace it."""
        attempts = self.cost.attempts
        if not attempts:
            return
        checked = structured is not None and (structured.passed or structured.failed)
        invalid = structured.failed if structured is not None and checked else None
        last = attempts[-1]
        attempts[-1] = replace(last, invalid=invalid, answered=last.answered and not replaced)
        if replaced:
            self._kept = len(attempts) - 1

    def give_kept(self) -> None:
        """Record that the answer to be replaced is given after all."""
        if self._kept is not None:
            self.cost.attempts[self._kept] = replace(self.cost.attempts[self._kept], answered=True)

    def close(self, seen: int, now: float) -> None:
        """Close whatever is still in flight."""
        self.hedge_over(AttemptEnding.OUTRUN, now)
        self.ended(AttemptEnding.FAILED, None, seen, now)

    def _opened(self, target: EngineTarget, routing: RoutingRequest, now: float) -> OpenCharge:
        assert routing.endpoint is not None
        rates = self._rates or target.costs.rates()
        most = 0.0 if self._budget is None else self._most(target, rates)
        return OpenCharge(target, target.costs.started(routing, routing.endpoint, rates, now), most)

    def _close(
        self, one: OpenCharge, ending: AttemptEnding, used: TokensUsed, now: float, *, counted: bool = False
    ) -> None:
        target, most = one.target, used
        if not counted and not self._request.streams:
            # The engine's output of a reply that is not streamed is not seen; some APIs count no answer's.
            most = TokensUsed(prompt=used.prompt, cached=used.cached, output=max(used.output, self._unseen(target)))
        money = target.costs.ended(one.attempt, ending, most, now)
        self._spent += money
        unread = ending in UNBILLED or self._request.routing.only_counts
        if unread and not (counted or used.output):
            used = TokensUsed()  # no model computed its prompt; the time that it took is paid
        attempts = self.cost.attempts
        moved = target.name != self._began_at
        self.cost.add(
            AttemptRecord(
                target=target.name,
                revision=one.attempt.revision,
                used=used,
                cost=money,
                retry=any(each.target == target.name for each in attempts),
                fallback=moved and self._kept is None,
                escalation=moved and self._kept is not None,
                external=target.external is not None,
                answered=ending is AttemptEnding.DONE,
            )
        )

    def _ended_by_itself(self, target: EngineTarget, output: int) -> bool:
        """Whether the length of its answers is not that of a limit, and says how long those without one are."""
        limit = self._limit(target)
        return self._request.surface in MAX_OUTPUT and (limit is None or output < limit)

    def _unfinished(self, output: int) -> TokensUsed:
        return TokensUsed(prompt=self._request.routing.prompt_tokens, output=output)

    def _most(self, target: EngineTarget, rates: TokenRates) -> float:
        """Return an attempt's maximum cost at this target: one token per prompt byte, unless they are counted."""
        request, routing = self._request, self._request.routing
        prompt = routing.prompt_tokens if routing.counted else max(routing.prompt_tokens, request.text_bytes)
        output = self._limit(target)
        choices = routing.answers if output is None else 1
        return reservations.reserved_cost((rates,), prompt, output, self._estimate, choices).money

    def _limit(self, target: EngineTarget) -> int | None:
        """Return the output tokens that a limit allows all answers of an attempt; None if there is none."""
        routing = self._request.routing
        limited = routing.names_output or target.dispatcher.fill_in(routing.account) is not None
        return routing.max_output_tokens if limited else None

    def _unseen(self, target: EngineTarget) -> int:
        """Return the output tokens to assume of a reply that nobody saw: as many as were reserved at an external API,
        whose whole price they are; at own replicas all that fit, since the time there is measured."""
        routing, limit = self._request.routing, self._limit(target)
        if limit is None and target.external is not None:
            return self._estimate.tokens() * routing.answers
        return routing.max_output_tokens
