"""The hour itself: requests arrive, fail, are retried, left and cut, in the order of an event queue."""

import heapq
import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from types import SimpleNamespace
from typing import Final, cast

from bench.gateway_hour.made_up import (
    CHANGED_AT,
    LARGE,
    OUTSIDE,
    PRICES,
    SMALL,
    THERE,
    MadeUpRequest,
    MadeUpRouter,
    MadeUpTarget,
)
from fairlead.accounting.token_rates import HOUR
from fairlead.fleet.tenants import Tenant
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.request_bill import BilledRequest
from fairlead.routing.accounts import Account
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage
from fairlead.routing.routing_request import RoutingRequest

SEED: Final = 17
ARRIVALS_A_SECOND: Final = 1.5
HANGS: Final = ("s-0", 900.0, 1200.0)
FIRST_TOKEN_SECONDS: Final = 30.0
"""The time-out of an attempt that hangs."""
TENANTS: Final = ("shop", "office", "research")
FAULTS: Final = ("", "", "", "", "", "", "left", "failed", "cut", "hedged")


class GatewayHour:
    """The hour, with any number of routers."""

    def __init__(self, routers: int) -> None:
        self.now = 0.0
        self.rng = random.Random(SEED)  # noqa: S311 - a seeded draw
        self.running: Counter[str] = Counter()
        """Requests at each replica, from all routers."""
        self.faults: Counter[str] = Counter()
        self.live: dict[MadeUpRequest, None] = {}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()
        self._routers = routers
        self.routers = [MadeUpRouter(self, routers) for _ in range(routers)]

    def play(self) -> None:
        """Run the whole hour, then cancel what still runs."""
        for place, router in enumerate(self.routers):
            self._sweep(router, place / len(self.routers))
        self._after(0.1, self._arrives)
        self._after(CHANGED_AT, self._reprice)
        for (_, pod), (_, until) in THERE.items():
            if until < HOUR:
                self._after(until, partial(self._goes, pod))
        while self._events and self._events[0][0] <= HOUR:
            self.now, _, act = heapq.heappop(self._events)
            act()
        self.now = HOUR
        for one in list(self.live):
            self._ends(one, AttemptEnding.CLIENT_LEFT, 20)
        for router in self.routers:
            router.observe(self)

    def _after(self, seconds: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._serial), act))

    def _sweep(self, router: MadeUpRouter, late: float = 0.0) -> None:
        router.observe(self)
        self._after(1.0 + late, lambda: self._sweep(router))

    def _reprice(self) -> None:
        for router in self.routers:
            for name, (_, price) in PRICES.items():
                router.targets[name].costs.apply(price, self._routers, self.now)

    def _goes(self, pod: str) -> None:
        """Remove a pod: each router's watch sees it at once, and what ran there is cut."""
        for router in self.routers:
            router.observe(self)
        for one in [each for each in self.live if pod in each.pods]:
            self._ends(one, AttemptEnding.CUT, 10)

    # Requests

    def _arrives(self) -> None:
        self._after(self.rng.expovariate(ARRIVALS_A_SECOND), self._arrives)
        router, tenant = self.rng.choice(self.routers), self.rng.choice(TENANTS)
        routing = RoutingRequest(
            account=Account(tenant=Tenant(name=tenant, keys=())),
            prompt_tokens=self.rng.randint(50, 4000),
            max_output_tokens=400,
            arrived=self.now,
        )
        record = RequestRecord(self.now, self.now)
        record.tenant = tenant
        received = SimpleNamespace(head=SimpleNamespace(headers={}))
        request = MadeUpRequest(router, routing, record, self.rng.random() < 0.7, received)
        router.bills[id(request)] = router.spending.bill(cast("BilledRequest", request), "chat")
        self.live[request] = None
        self._send(request, SMALL if self.rng.random() < 0.8 else LARGE)

    def _send(self, request: MadeUpRequest, name: str) -> None:
        """Send one attempt; a request that found no replica in three goes to the external API."""
        request.attempts += 1
        target = request.router.targets[name if request.attempts < 3 else OUTSIDE]
        fault = self.rng.choice(FAULTS)
        self.faults[fault] += 1
        first, last = self.rng.uniform(0.05, 1.5), self.rng.uniform(2.0, 12.0)
        pod = self._started(request, target, hedge=False)
        if pod == HANGS[0] and HANGS[1] <= self.now < HANGS[2]:
            self._at(request, FIRST_TOKEN_SECONDS, lambda: self._fails(request, name, AttemptEnding.SLOW))
        elif fault == "failed":
            self._at(request, first, lambda: self._fails(request, name, AttemptEnding.FAILED))
        else:
            if fault == "hedged":
                self._hedged(request, target, first)
            self._at(request, first, lambda: request.bill.first_token(self.now))
            endings = {"left": AttemptEnding.CLIENT_LEFT, "cut": AttemptEnding.CUT}
            ending = endings.get(fault, AttemptEnding.DONE)
            self._at(request, first + last, lambda: self._ends(request, ending, int(last * 20)))

    def _at(self, request: MadeUpRequest, seconds: float, act: Callable[[], None]) -> None:
        attempt = request.attempts
        self._after(seconds, lambda: act() if not request.over and request.attempts == attempt else None)

    def _started(self, request: MadeUpRequest, target: MadeUpTarget, *, hedge: bool) -> str:
        pod = self.rng.choice(list(target.endpoints))
        endpoint = request.routing.endpoint = target.endpoints[pod]
        request.routing.charged_prompt = self.rng.randint(0, request.routing.prompt_tokens)
        (request.bill.hedged if hedge else request.bill.sent)(target.as_target, request.routing, self.now)
        endpoint.inflight += 1
        self.running[pod] += 1
        request.pods.append(pod)
        return pod

    def _hedged(self, request: MadeUpRequest, target: MadeUpTarget, first: float) -> None:
        """Send a second attempt just before the first token; either may win."""
        won = self.rng.random() < 0.5

        def sent() -> None:
            self._started(request, target, hedge=True)

        def settled() -> None:
            if won:
                request.bill.hedge_won(AttemptEnding.OUTRUN, self.now)
                self._left(request, request.pods[0])
            else:
                request.bill.hedge_over(AttemptEnding.OUTRUN, self.now)
                self._left(request, request.pods[-1])

        self._at(request, first * 0.5, sent)
        self._at(request, first * 0.9, settled)

    def _left(self, request: MadeUpRequest, pod: str) -> None:
        request.pods.remove(pod)
        self.running[pod] -= 1
        for target in request.router.targets.values():
            if pod in target.endpoints:
                target.endpoints[pod].inflight -= 1

    def _fails(self, request: MadeUpRequest, name: str, ending: AttemptEnding) -> None:
        request.bill.ended(ending, None, 0, self.now)
        for pod in list(request.pods):
            self._left(request, pod)
        self._send(request, name)

    def _ends(self, request: MadeUpRequest, ending: AttemptEnding, output: int) -> None:
        prompt = request.routing.prompt_tokens
        cached = prompt - min(prompt, request.routing.charged_prompt)
        usage = TokenUsage(prompt_tokens=prompt, output_tokens=output, cached_tokens=cached)
        request.bill.ended(ending, usage if ending is AttemptEnding.DONE else None, output, self.now)
        for pod in list(request.pods):
            self._left(request, pod)
        request.over = True
        del self.live[request]
        spending = request.router.spending
        spending.over(request.router.bills.pop(id(request)), request.record, output, self.now)
