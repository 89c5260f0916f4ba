"""The interface of this package: sends, queues or refuses each request, and releases all its charges exactly once.

Shared by the router and the simulator. It joins tenants (`accounts`), admission (`admission`), endpoints
(`endpoint_table`), the queue (`dispatch_queue`) and its order (`dispatch_order`). It reads no clock: the time is an
argument.
"""

from collections.abc import Iterator

from fairlead.fleet.tenants import Lane
from fairlead.routing import admission, retries
from fairlead.routing.accounts import Account
from fairlead.routing.admission import Admission
from fairlead.routing.dispatch_order import DispatchOrder, without_adapter
from fairlead.routing.dispatch_queue import DispatchQueue
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.endpoint_table import EndpointListener, EndpointTable
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.lanes import LaneAvailability, LaneQueue
from fairlead.routing.occupancy import Occupancy
from fairlead.routing.queue_snapshot import QueueSnapshot, snapshot
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import Refusal, TokenUsage
from fairlead.routing.retries import RetryBudget
from fairlead.routing.routing_request import RoutingRequest
from fairlead.routing.selection import EndpointChoice, NoCandidate
from fairlead.routing.tenancy import Tenancy

FREE = LaneAvailability.FREE


class Dispatcher:
    """The dispatcher of one deployment's engines; a router of several has one for each, and one `Tenancy`."""

    def __init__(
        self, config: DispatcherConfig, changed: EndpointListener | None = None, shared: Tenancy | None = None
    ) -> None:
        """With `shared`, its owner applies the configured tenants, before it applies `config` here."""
        self.table = EndpointTable(changed or _no_listener, config.routing.balancing)
        tenancy = shared or Tenancy()
        self._has_own_tenants = shared is None
        self.accounts = tenancy.accounts
        self.outlook = FirstTokenOutlook(self.table.expectations.first_token)
        self.queue = DispatchQueue(tenancy.parked, self.outlook)
        self.occupancy = Occupancy()
        self.retries = RetryBudget()
        self.inflight = 0
        """Requests in flight, of all lanes."""
        self.order = DispatchOrder(self.queue, self.table, self.occupancy)
        self.apply(config, 0.0)

    def apply(self, config: DispatcherConfig, now: float) -> None:
        """Apply another configuration: counts, endpoints and waiting requests stay."""
        routing = config.routing
        self.config = config
        self.table.apply(routing.balancing, config.routers, config.share)
        model = config.model
        self.table.follow_adapters(follow=bool(model.versions.names), slots=model.adapter_slots)
        if self._has_own_tenants:
            self.accounts.take(config, now)
        self.queue.take(config)
        self.order.forget()
        self._admission = Admission(config, self.table.expectations)
        self._retry_share = routing.retries.budget
        self._max_attempts = routing.retries.max_attempts
        self._plain = not any(band.reserved for band in routing.bands)
        self._observe(now)

    # Before a request is made

    def account(self, digest: bytes | None) -> Account | Refusal:
        """Return the account whose key has this SHA-256."""
        return self.accounts.of(digest)

    def unserved(self, account: Account, name: str) -> Refusal | None:
        """Return why this account cannot use this model, if so; an empty name means the base model."""
        return self._admission.unserved(account, name)

    @property
    def adapters(self) -> frozenset[str]:
        """Names of the models that are adapters."""
        return self.config.model.adapters

    def fill_in(self, account: Account) -> int | None:
        """Return the output tokens to write into a request that names no number; in shadow mode nothing is written."""
        return None if account.shadow else self.config.routing.limits.max_output_tokens

    def default_output(self, account: Account) -> int:
        """Return `RoutingRequest.max_output_tokens` of such a request."""
        return self._admission.default_output(account)

    def needs_count(self, request: RoutingRequest) -> bool:
        """Return whether the estimated prompt is so close to a limit that its tokens should be counted first."""
        return self._admission.needs_count(request)

    # Life of a request

    def submit(self, request: RoutingRequest, now: float) -> Endpoint | Refusal | None:
        """Return its endpoint or refusal, or None if it is queued: then `turns` yields it later."""
        self.retries.add_share(self._retry_share)
        if (refused := self._admission.refusal(request, now)) is not None:
            return self._refuse(request, refused)
        lane = self.queue.lanes.of(request)
        request.lane = lane.lane
        if self.outlook.is_learnt and request.lane is not Lane.BATCH:
            request.tenant_use = self.occupancy.tenants.of(request.account, now)
        if lane.availability is FREE and self._may_start(request, lane):
            if self.order.keeps_waiting(request, lane):
                return self._wait(request, lane, now, limited=not self.outlook.is_learnt)
            choice = self.table.choose(request, now)
            if isinstance(choice, EndpointChoice):
                return self._send(request, choice, lane, now)
            if choice is NoCandidate.NO_ADAPTER:
                return self._refuse(request, without_adapter(request))
            self.table.wait_for_slot(request, now)
            if choice is NoCandidate.NONE_ROUTABLE or not (request.adapter or request.yields):
                lane.availability = LaneAvailability.FULL
        return self._wait(request, lane, now)

    def withdraw(self, request: RoutingRequest, now: float) -> None:  # noqa: ARG002  # same for all methods
        """Remove a queued request whose client has disconnected or given up."""
        self.queue.withdraw(request)
        admission.refund(request)

    def retry(self, request: RoutingRequest, ending: AttemptEnding, now: float) -> Endpoint | Refusal | None:
        """Handle an attempt that ended before the first byte: another endpoint, None if queued, or a refusal."""
        failed = self._release(request, ending, now)
        request.tried.append(failed)
        request.add_attempt(now)
        if len(request.tried) >= self._max_attempts:
            return self._refuse(request, retries.no_other(len(request.tried)))
        if not self.retries.maybe_spend(free=ending in retries.UNTOUCHED_ENDINGS or self.table.is_covered(failed)):
            return self._refuse(request, retries.budget_spent())
        lane = self.queue.lanes.named(request.lane)
        choice = self.table.choose(request, now)
        if isinstance(choice, EndpointChoice):
            return self._send(request, choice, lane, now)
        if choice is NoCandidate.NO_ADAPTER:
            return self._refuse(request, without_adapter(request))
        self.table.wait_for_slot(request, now)
        self.count_cost(request)
        self.queue.add_again(request, now)
        self._observe(now)
        return None

    def first_token(self, request: RoutingRequest, now: float) -> None:
        """Record the first token: the prompt's prefill is done."""
        self.table.first_token(request, now)
        if not request.answered:
            request.answered = True
            if request.lane is Lane.LONG:
                self.queue.lanes.long.prefilling -= 1

    def ended(self, request: RoutingRequest, ending: AttemptEnding, usage: TokenUsage | None, now: float) -> None:
        """Release a request that was sent: the only place for the end of its last attempt."""
        endpoint = self._release(request, ending, now)
        if ending is AttemptEnding.DONE:
            self.table.served(endpoint)
        if usage is not None and ending is AttemptEnding.DONE:
            self.table.expectations.replied(request.account.name, usage.output_tokens // request.answers)
        if request.reserved_tokens:
            used = None if usage is None else usage.prompt_tokens + usage.output_tokens
            admission.settle(request, admission.uncounted(request, ending) if used is None else used)

    # A request that moves to another dispatcher

    def leave(self, request: RoutingRequest, ending: AttemptEnding, now: float) -> None:
        """Release a request that leaves after an attempt without a first byte: its tenant's charges stay with it."""
        self._release(request, ending, now)

    def leave_queue(self, request: RoutingRequest) -> None:
        """Remove it from the queue; its tenant's charges stay with it."""
        self.queue.withdraw(request)

    def give_up(self, request: RoutingRequest) -> None:
        """Refund a request that was refused while `keeps_charges`, if no other dispatcher gets it."""
        request.keeps_charges = False
        admission.refund(request)

    # The queue

    @property
    def waiting(self) -> int:
        """Requests in the queue, of all lanes."""
        return self.queue.waiting

    @property
    def held(self) -> int:
        """Requests in the queue because no replica is routable."""
        return self.queue.held

    def turns(self, now: float) -> Iterator[tuple[RoutingRequest, Endpoint | Refusal]]:
        """Yield requests whose queue time is over, then those to dispatch while there is room. Act on each at once."""
        self._observe(now)
        self.queue.expire(now)
        yield from self._refused()
        while self.queue.waiting and (turn := self.order.next(self.inflight, now)) is not None:
            request, choice = turn
            if isinstance(choice, EndpointChoice):
                yield request, self._send(request, choice, self.queue.lanes.named(request.lane), now)
            else:
                yield request, self._refuse(request, choice)
        if not self.queue.waiting:
            self.queue.lanes.open()
        self.queue.limit(now)
        yield from self._refused()

    def snapshot(self, now: float) -> QueueSnapshot:
        """Return the queue's figures for operators, metrics and the autoscaler."""
        return snapshot(self.queue, self.accounts, now)

    # Inside

    def _refused(self) -> Iterator[tuple[RoutingRequest, Refusal]]:
        while (lost := self.queue.maybe_refused()) is not None:
            yield lost[0], self._refuse(*lost)

    def _may_start(self, request: RoutingRequest, lane: LaneQueue) -> bool:
        """Return whether its tenant, lane and band may have one more in flight."""
        account, lanes = request.account, self.queue.lanes
        if account.inflight >= account.max_inflight:
            if not account.shadow:
                return False
            account.over_concurrency += 1
        if lane is lanes.interactive and self._plain:
            return True
        if lane is not lanes.interactive:
            self.count_cost(request)
            if lanes.interactive.availability is not FREE or not lanes.may_start(
                lane, request, self.occupancy, self.inflight
            ):
                return False
        return lanes.leaves_reserve(lane.bands.of(account.rank), self.occupancy, self.inflight)

    def _send(self, request: RoutingRequest, chosen: EndpointChoice, lane: LaneQueue, now: float) -> Endpoint:
        """Charge the request to its endpoint: the only place where in-flight counts go up."""
        self.table.charge(request, chosen, now)
        request.sent_at = now
        request.answered = False
        self.inflight += 1
        lane.inflight += 1
        request.account.inflight += 1
        request.occupied = request.charged_prompt + request.charged_reply
        self.occupancy.charge(request, request.occupied)
        if lane.lane is Lane.LONG:
            lane.tokens += request.expected_tokens
            lane.prefilling += 1
        return chosen.endpoint

    def _release(self, request: RoutingRequest, ending: AttemptEnding, now: float) -> Endpoint:
        """Release an attempt: the only place where in-flight counts go down."""
        endpoint = request.endpoint
        if endpoint is None:
            raise AssertionError(f"released while it is in flight nowhere: {ending}")
        self.table.give_back(request, ending, now)
        account = request.account
        lane = self.queue.lanes.named(request.lane)
        self.inflight -= 1
        lane.inflight -= 1
        account.inflight -= 1
        self.occupancy.charge(request, -request.occupied)
        if lane.lane is Lane.LONG:
            lane.tokens -= request.expected_tokens
            lane.prefilling -= not request.answered
        self.queue.parked.unpark(account)
        return endpoint

    def _wait(self, request: RoutingRequest, lane: LaneQueue, now: float, *, limited: bool = True) -> Refusal | None:
        if bool(self.table.context.routable) == self.queue.holds:
            self._observe(now)
        self.count_cost(request)
        refused = self.queue.add(request, lane, now, limited=limited)
        if refused is None:
            return None
        self.queue.lanes.withdrawn(lane)
        return self._refuse(request, refused)

    def _refuse(self, request: RoutingRequest, refused: Refusal) -> Refusal:
        """Refund the request, unless another dispatcher may get it."""
        if not request.keeps_charges:
            admission.refund(request)
        return refused

    def count_cost(self, request: RoutingRequest) -> None:
        """Set `request.cost` and `request.uncached`, if they are not set yet."""
        request.expected_tokens = request.expected_tokens or self._admission.cost(request)
        if self.outlook.objective_seconds is not None:
            request.uncached = request.uncached or self.table.uncached(request)

    def _observe(self, now: float) -> None:
        self.outlook.now, routable = now, self.table.context.routable
        self.occupancy.observe(routable)
        self.queue.observe(now, routable=bool(routable))
        self.table.claims.lapse(now)
        self.table.context.max_unread = self.outlook.max_unread


def _no_listener(endpoint: Endpoint) -> None:
    """Do nothing; the default listener."""
