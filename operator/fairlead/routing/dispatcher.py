"""The interface of this package: each request is sent, queued or refused, and all it was charged is returned once.

The router and the simulator share it. It joins tenants (`accounts`), admission (`admission`), endpoints
(`endpoint_table`), the queue (`dispatch_queue`) and its order (`dispatch_order`). It reads no clock: the time is an
argument.
"""

from collections.abc import Iterator

from fairlead.fleet.tenants import Lane
from fairlead.routing import admission, retries
from fairlead.routing.accounts import Account, Accounts
from fairlead.routing.admission import Admission
from fairlead.routing.dispatch_order import DispatchOrder, without_adapter
from fairlead.routing.dispatch_queue import DispatchQueue
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointListener, EndpointTable
from fairlead.routing.lanes import LaneAvailability, LaneQueue
from fairlead.routing.occupancy import Occupancy
from fairlead.routing.queue_snapshot import QueueSnapshot, snapshot
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.retries import RetryBudget
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate

INTERACTIVE = Lane.INTERACTIVE
FREE = LaneAvailability.FREE
UNTOUCHED_ENDINGS = frozenset({AttemptEnding.BUSY, AttemptEnding.LEAVING, AttemptEnding.NOT_CONNECTED})
"""Endings before any engine did work: another attempt costs nothing."""
IN_FLIGHT_ENDINGS = frozenset({AttemptEnding.DONE, AttemptEnding.CUT})
"""Endings after the reply began: without a count of its tokens, all that was reserved counts as used."""


class Dispatcher:
    """The dispatcher of one router."""

    def __init__(self, terms: DispatcherConfig, changed: EndpointListener | None = None) -> None:
        self.table = EndpointTable(changed or _no_listener, terms.routing.balancing)
        self.accounts = Accounts()
        self.room = DispatchQueue()
        self.fleet = Occupancy()
        self.retries = RetryBudget()
        self.inflight = 0
        """Requests in flight, of all lanes."""
        self._turns = DispatchOrder(self.room, self.table, self.fleet)
        self.apply(terms, 0.0)

    def apply(self, terms: DispatcherConfig, now: float) -> None:
        """Apply another configuration: counts, endpoints and waiting requests stay."""
        routing = terms.routing
        self.terms = terms
        self.table.field.balancing = routing.balancing
        self.table.field.routers = terms.routers
        self.accounts.take(terms, now)
        self.room.take(terms)
        self._admission = Admission(terms, self.table.expectations)
        self._retry_share = routing.retries.budget
        self._most_attempts = routing.retries.max_attempts
        self._plain = not any(band.reserved for band in routing.bands)
        self._look(now)

    # Before a request is made

    def account(self, digest: bytes | None) -> Account | Refusal:
        """The account whose key has this SHA-256."""
        return self.accounts.of(digest)

    def unserved(self, account: Account, name: str) -> Refusal | None:
        """Why this account cannot use this model, if so; an empty name means the base model."""
        refused = self._admission.unserved(account, name)
        if refused is not None:
            account.refusals[refused.reason] += 1
        return refused

    @property
    def adapters(self) -> frozenset[str]:
        """Names of those models that are adapters."""
        return self.terms.model.adapters

    @property
    def fill_in(self) -> int | None:
        """The number of output tokens to write into a request that names none."""
        return self.terms.routing.limits.max_output_tokens

    @property
    def unsaid_output(self) -> int:
        """`RoutingRequest.output_tokens` of such a request."""
        return self._admission.unsaid_output

    def needs_count(self, ask: RoutingRequest) -> bool:
        """Whether the prompt's estimated length is so close to a limit that the tokens should be counted first."""
        return self._admission.needs_count(ask)

    # Life of a request

    def ask(self, ask: RoutingRequest, now: float) -> Endpoint | Refusal | None:
        """Its endpoint, its refusal, or nothing if it is queued: then `turns` yields it later."""
        account = ask.account
        account.asked += 1
        self.retries.asked(self._retry_share)
        refused = self._admission.refusal(ask, now)
        if refused is not None:
            return self._refuse(ask, refused)
        lane = self.room.lanes.of(ask)
        ask.lane = lane.lane
        if lane.block is FREE and self._may_try(ask, lane):
            found = self.table.choose(ask, now)
            if isinstance(found, EndpointChoice):
                return self._send(ask, found, lane, now)
            if found is NoCandidate.NO_ADAPTER:
                return self._refuse(ask, without_adapter(ask))
            if found is NoCandidate.NONE_ROUTABLE or ask.adapter is None:
                lane.block = LaneAvailability.FULL
        return self._wait(ask, lane, now)

    def withdraw(self, ask: RoutingRequest, now: float) -> None:  # noqa: ARG002  # every act takes the moment
        """Remove a queued request whose client has disconnected or given up."""
        self.room.withdraw(ask)
        self._refund(ask)

    def elsewhere(self, ask: RoutingRequest, ending: AttemptEnding, now: float) -> Endpoint | Refusal | None:
        """The attempt ended before the first byte: return another endpoint, nothing if it is queued, or a refusal."""
        failed = self._release(ask, ending, now)
        ask.tried.append(failed)
        if len(ask.tried) >= self._most_attempts:
            return self._refuse(ask, retries.no_other(len(ask.tried)))
        if not self.retries.maybe_spend(free=ending in UNTOUCHED_ENDINGS):
            return self._refuse(ask, retries.budget_spent())
        lane = self.room.lanes.named(ask.lane)
        found = self.table.choose(ask, now)
        if isinstance(found, EndpointChoice):
            return self._send(ask, found, lane, now)
        if found is NoCandidate.NO_ADAPTER:
            return self._refuse(ask, without_adapter(ask))
        self.count_cost(ask)
        self.room.add_again(ask, now)
        self._look(now)
        return None

    def first_token(self, ask: RoutingRequest, now: float) -> None:
        """Record the first token: the prompt's prefill is done."""
        self.table.first_token(ask, now)
        if not ask.answered:
            ask.answered = True
            if ask.lane is Lane.LONG:
                self.room.lanes.long.reading -= 1

    def ended(self, ask: RoutingRequest, ending: AttemptEnding, usage: TokenUsage | None, now: float) -> None:
        """Release a request that was sent: the only place for the end of its last attempt."""
        endpoint = self._release(ask, ending, now)
        account = ask.account
        if ending is AttemptEnding.DONE:
            self.table.served(endpoint)
        if usage is not None:
            account.prompt_tokens += usage.prompt_tokens
            account.output_tokens += usage.output_tokens
            account.cached_tokens += usage.cached_tokens or 0
            if ending is AttemptEnding.DONE:
                self.table.expectations.replied(account.name, usage.output_tokens)
        if ask.reserved_tokens:
            kept = ask.reserved_tokens if ask.answered or ending in IN_FLIGHT_ENDINGS else 0
            admission.settle(ask, kept if usage is None else usage.prompt_tokens + usage.output_tokens)

    # The queue

    @property
    def waiting(self) -> int:
        """Requests in the queue, of all lanes."""
        return self.room.waiting

    @property
    def held(self) -> int:
        """Requests in the queue because no replica is routable."""
        return self.room.held

    def turns(self, now: float) -> Iterator[tuple[RoutingRequest, Endpoint | Refusal]]:
        """Requests whose queue time is over, then those to dispatch while there is room. Act on each at once."""
        self._look(now)
        self.room.expire(now)
        while (lost := self.room.maybe_refused()) is not None:
            yield lost[0], self._refuse(*lost)
        while self.room.waiting:
            turn = self._turns.next(self.inflight, now)
            if turn is None:
                return
            ask, found = turn
            if isinstance(found, EndpointChoice):
                yield ask, self._send(ask, found, self.room.lanes.named(ask.lane), now)
            else:
                yield ask, self._refuse(ask, found)
        self.room.lanes.open()

    def snapshot(self, now: float) -> QueueSnapshot:
        """The queue's figures for operators, metrics and the autoscaler."""
        return snapshot(self.room, self.accounts, now)

    # Inside

    def _may_try(self, ask: RoutingRequest, lane: LaneQueue) -> bool:
        """Whether no request must go before it, and its tenant, lane and band may have one more in flight."""
        account, lanes = ask.account, self.room.lanes
        if account.inflight >= account.most_inflight:
            if not account.shadow:
                return False
            account.over_concurrency += 1
        if account.queued and lane.bands.queues[account.rank].waits(account):
            return False
        if lane is lanes.interactive and self._plain:
            return True
        if lane is not lanes.interactive:
            self.count_cost(ask)
            if lanes.interactive.block is not FREE or not lanes.may_start(lane, ask, self.fleet, self.inflight):
                return False
        return lanes.leaves_reserve(lane.bands.queues[account.rank], self.fleet, self.inflight)

    def _send(self, ask: RoutingRequest, chosen: EndpointChoice, lane: LaneQueue, now: float) -> Endpoint:
        """Charge the request to its endpoint: the only place where in-flight counts go up."""
        self.table.charge(ask, chosen, now)
        ask.sent_at = now
        ask.answered = False
        self.inflight += 1
        lane.inflight += 1
        ask.account.inflight += 1
        ask.occupied = ask.charged_prompt + ask.charged_reply
        self.fleet.tokens += ask.occupied
        if lane.lane is Lane.LONG:
            lane.tokens += ask.cost
            lane.reading += 1
        return chosen.endpoint

    def _release(self, ask: RoutingRequest, ending: AttemptEnding, now: float) -> Endpoint:
        """Release an attempt: the only place where in-flight counts go down."""
        endpoint = ask.endpoint
        if endpoint is None:
            raise AssertionError(f"released while it is under way nowhere: {ending}")
        self.table.give_back(ask, ending, now)
        account = ask.account
        lane = self.room.lanes.named(ask.lane)
        self.inflight -= 1
        lane.inflight -= 1
        account.inflight -= 1
        self.fleet.tokens -= ask.occupied
        if lane.lane is Lane.LONG:
            lane.tokens -= ask.cost
            lane.reading -= not ask.answered
        if self.room.parked:
            self.room.unpark(account)
        return endpoint

    def _wait(self, ask: RoutingRequest, lane: LaneQueue, now: float) -> Refusal | None:
        if not self.table.field.routable:
            self._look(now)
        self.count_cost(ask)
        refused = self.room.add(ask, lane, now)
        if refused is None:
            return None
        self.room.lanes.withdrawn(lane)
        return self._refuse(ask, refused)

    def _refuse(self, ask: RoutingRequest, refused: Refusal) -> Refusal:
        """Count the refusal and return what the request was charged."""
        ask.account.refusals[refused.reason] += 1
        self._refund(ask)
        return refused

    def _refund(self, ask: RoutingRequest) -> None:
        if not ask.tried:
            admission.give_back_request(ask)
        if ask.reserved_tokens:
            admission.settle(ask, 0)

    def count_cost(self, ask: RoutingRequest) -> None:
        """Set `ask.cost`, if it is not set yet."""
        ask.cost = ask.cost or self._admission.cost(ask)

    def _look(self, now: float) -> None:
        routable = self.table.field.routable
        self.fleet.look(routable)
        self.room.look(now, routable=bool(routable))


def _no_listener(endpoint: Endpoint) -> None:
    """The default listener; it does nothing."""
