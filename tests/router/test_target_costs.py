"""Whatever happens to attempts at a target's replicas: each second of each replica is paid once, or is idle."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting.token_rates import TokenRates, TokensUsed
from fairlead.fleet.tenants import Tenant
from fairlead.router.target_costs import PricedAttempt, TargetCosts
from fairlead.routing.accounts import Account
from fairlead.routing.endpoint import Endpoint, EndpointSample
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest

PRICE = 3.6
"""An hour; a second costs 0.001."""
HOUR = 3600.0


def replica(pod: str, revision: str = "r1") -> Endpoint:
    return Endpoint(pod=pod, address=f"{pod}:8000", slot=0, revision=revision)


def routed(prompt: int = 400, output: int = 100) -> RoutingRequest:
    request = RoutingRequest(
        account=Account(tenant=Tenant(name="shop", keys=())),
        prompt_tokens=prompt,
        max_output_tokens=output,
        arrived=0.0,
    )
    request.charged_prompt = prompt // 2
    return request


@dataclass
class Hour:
    """One router and a few replicas, on a manual clock."""

    costs: TargetCosts = field(default_factory=TargetCosts)
    now: float = 0.0
    replicas: list[Endpoint] = field(default_factory=lambda: [replica("a"), replica("b")])
    running: list[PricedAttempt] = field(default_factory=list)
    paid: float = 0.0

    def __post_init__(self) -> None:
        self.costs.apply(PRICE, 1, 0.0)
        self.costs.follow(self.replicas, 0.0)

    def act(self, what: int, which: int, seconds: float) -> None:
        """One event: a request is sent, gets its first token, ends somehow, or the router sweeps."""
        self.now += seconds
        if what == 0:
            endpoint = self.replicas[which % len(self.replicas)]
            self.running.append(self.costs.started(routed(), endpoint, self.costs.rates(), self.now))
        elif what == 1 and self.running:
            self.costs.first_token(self.running[which % len(self.running)], self.now)
        elif what == 2 and self.running:
            ending = list(AttemptEnding)[which % len(AttemptEnding)]
            self.end(self.running.pop(which % len(self.running)), ending)
        else:
            self.costs.follow(self.replicas, self.now)

    def end(self, attempt: PricedAttempt, ending: AttemptEnding) -> None:
        self.paid += self.costs.ended(attempt, ending, TokensUsed(prompt=400, output=30), self.now)

    def over(self) -> None:
        """Cancel all that runs, and complete an hour."""
        for attempt in self.running:
            self.end(attempt, AttemptEnding.CLIENT_LEFT)
        self.now = max(self.now, HOUR)
        self.costs.follow(self.replicas, self.now)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50), st.floats(0, 60)), max_size=80))
def test_requests_and_idle_time_are_always_all_that_an_hour_of_replicas_costs(
    events: list[tuple[int, int, float]],
) -> None:
    hour = Hour()
    for what, which, seconds in events:
        hour.act(what, which, seconds)
    hour.over()
    seconds = 2 * hour.now
    assert hour.costs.money().seconds == pytest.approx(seconds)
    assert hour.paid + hour.costs.idle == pytest.approx(seconds * PRICE / HOUR, rel=1e-6)
    assert hour.costs.money().metered == pytest.approx(hour.paid, abs=1e-9)


def test_a_removed_replica_costs_nothing_more_once_its_requests_ended() -> None:
    hour = Hour()
    gone = hour.replicas.pop()
    attempt = hour.costs.started(routed(), gone, hour.costs.rates(), 10.0)
    hour.costs.follow(hour.replicas, 20.0)
    hour.now = 30.0
    hour.end(attempt, AttemptEnding.DONE)
    hour.costs.follow(hour.replicas, 30.0)
    hour.costs.follow(hour.replicas, 1000.0)
    assert hour.costs.money().seconds == 1030.0
    assert hour.paid + hour.costs.idle == pytest.approx(1.03)


def test_of_two_routers_each_counts_its_part_of_idle_time_and_weighs_what_the_engine_says_of_the_other() -> None:
    mine, endpoint = TargetCosts(), replica("a")
    mine.apply(PRICE, 2, 0.0)
    assert mine.follow([endpoint], 0.0) == {"r1": 0.0}
    assert mine.follow([endpoint], 10.0) == {"r1": pytest.approx(0.005)}
    endpoint.sample = EndpointSample(at=10.0, running=3, waiting=0, kv_usage=0.1)
    mine.follow([endpoint], 10.0)
    assert mine.follow([endpoint], 20.0) == {"r1": 0.0}
    endpoint.inflight = 1
    attempt = mine.started(routed(prompt=0), endpoint, TokenRates(request=1.0), 20.0)
    mine.follow([endpoint], 20.0)
    assert mine.ended(attempt, AttemptEnding.DONE, TokensUsed(), 30.0) == pytest.approx(0.01 / 3)


def test_another_price_counts_from_when_it_is_known() -> None:
    hour = Hour()
    hour.now = 100.0
    hour.costs.apply(2 * PRICE, 1, 100.0)
    hour.costs.follow(hour.replicas, 200.0)
    assert hour.costs.idle == pytest.approx(0.2 + 0.4)
    hour.costs.apply(None, 1, 200.0)
    hour.costs.follow(hour.replicas, 300.0)
    assert hour.costs.idle == pytest.approx(0.6)


def test_without_a_price_nothing_costs_anything() -> None:
    free = TargetCosts()
    attempt = free.started(routed(), replica("a"), free.rates(), 0.0)
    free.first_token(attempt, 1.0)
    assert free.ended(attempt, AttemptEnding.DONE, TokensUsed(prompt=9, output=9), 2.0) == 0.0
    assert free.follow([replica("a")], 9.0) == {}


@pytest.mark.parametrize(
    ("ending", "cost"),
    [
        (AttemptEnding.DONE, 0.07),
        (AttemptEnding.CUT, 0.07),
        (AttemptEnding.CLIENT_LEFT, 0.07),
        (AttemptEnding.FAILED, 0.0),
        (AttemptEnding.BUSY, 0.0),
        (AttemptEnding.NOT_CONNECTED, 0.0),
    ],
)
def test_an_api_outside_takes_money_for_tokens_and_none_for_errors(ending: AttemptEnding, cost: float) -> None:
    outside = TargetCosts(TokenRates(prompt=0.01, output=0.02))
    attempt = outside.started(routed(), replica("api", ""), outside.rates(), 0.0)
    assert outside.ended(attempt, ending, TokensUsed(prompt=3, output=2), 50.0) == pytest.approx(cost)
