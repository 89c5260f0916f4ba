"""An hour of a gateway: three replicas, another API, retries, fallbacks, cancelled and cut requests; and the bill."""

import random
from dataclasses import dataclass, field

import pytest

from fairlead.accounting.replica_meter import MeteredAttempt, ReplicaMeter
from fairlead.accounting.request_cost import AttemptRecord, RequestCost
from fairlead.accounting.token_rates import TokenRates, TokensUsed, external_rates, replica_rates
from fairlead.accounting.token_times import TokenTimes
from fairlead.accounting.usage_ledger import IDLE, UsageLedger
from fairlead.fleet.model_routes import TokenPrices
from tests.accounting.costs import NOON, OUTSIDE, SMALL

PRICE = 2.1
REPLICAS = 3
STEP = 0.25
HANG = (1000.0, 1300.0)
"""The seconds in which the first replica computes nothing."""


@dataclass
class Running:
    """One attempt that a replica computes."""

    request: RequestCost
    metered: MeteredAttempt
    replica: int
    first_token_at: float
    ends_at: float
    ending: str
    """How it ends: `done`, `cut`, or `failed` before its first token, and is then sent again."""
    rates: TokenRates
    retry: bool


@dataclass
class Hour:
    """The gateway over an hour, in steps of a quarter of a second."""

    rng: random.Random
    times: TokenTimes = field(default_factory=TokenTimes)
    ledger: UsageLedger = field(default_factory=UsageLedger)
    meters: list[ReplicaMeter] = field(default_factory=lambda: [ReplicaMeter(PRICE, NOON) for _ in range(REPLICAS)])
    running: list[Running] = field(default_factory=list)
    external: float = 0.0
    endings: dict[str, int] = field(default_factory=dict)

    def play(self, seconds: float) -> None:
        now = NOON
        while now < NOON + seconds:
            now += STEP
            if self.rng.random() < 0.3:
                self.send(RequestCost(tenant=self.rng.choice("abc"), route="chat"), now, retry=False)
            for one in [each for each in self.running if now >= each.ends_at]:
                self.end(one, now)
            for one in self.running:
                if now >= one.first_token_at:
                    self.meters[one.replica].first_token(one.metered, now)
        while self.running:
            self.end(self.running[0], now)
        for meter in self.meters:
            meter.advance(now)
            self.ledger.add_idle(SMALL, "r1", meter.idle, NOON)

    def send(self, request: RequestCost, now: float, *, retry: bool) -> None:
        replica = self.rng.randrange(REPLICAS)
        ending = self.rng.choice(["done"] * 7 + ["cut", "failed", "failed"])
        first, last = now + self.rng.uniform(0.2, 2), now + self.rng.uniform(3, 12)
        if replica == 0 and HANG[0] < now - NOON < HANG[1]:
            first, last, ending = NOON + HANG[1], NOON + HANG[1] + 5, "cut"
        weight = self.times.prefill_weight(uncached=500, cached=100, inflight=len(self.running))
        metered = self.meters[replica].started(weight, now)
        rates = replica_rates(PRICE, self.times)
        self.running.append(Running(request, metered, replica, first, last, ending, rates, retry))

    def end(self, one: Running, now: float) -> None:
        self.running.remove(one)
        self.endings[one.ending] = self.endings.get(one.ending, 0) + 1
        used = TokensUsed(prompt=600, cached=100, output=0 if one.ending == "failed" else 80)
        cost = self.meters[one.replica].ended(one.metered, now, one.rates.cost(used)).total
        answered = one.ending != "failed"
        one.request.add(
            AttemptRecord(target=SMALL, revision="r1", used=used, cost=cost, retry=one.retry, answered=answered)
        )
        if one.ending == "failed" and not one.retry:
            self.send(one.request, now, retry=True)
            return
        if one.ending == "failed":
            self.fall_back(one.request, used)
        if one.ending == "done":
            self.times.learn(uncached=500, first_token_seconds=1.0, output=80, decode_seconds=5.0)
        self.ledger.add(one.request, NOON)

    def fall_back(self, request: RequestCost, used: TokensUsed) -> None:
        cost = external_rates(TokenPrices()).cost(used) + 0.001
        self.external += cost
        request.add(AttemptRecord(target=OUTSIDE, revision="", used=used, cost=cost, fallback=True, external=True))


def test_requests_and_idle_add_up_to_the_price_of_all_replica_seconds_and_the_external_api_is_separate() -> None:
    hour = Hour(random.Random(3))  # noqa: S311  # a recorded seed, not a secret
    hour.play(3600.0)
    rows = list(hour.ledger.rows())
    ours = sum(row.cost for key, row in rows if not key.external)
    idle = sum(row.cost for key, row in rows if key.route == IDLE)
    seconds = sum(meter.seconds for meter in hour.meters)
    assert ours == pytest.approx(PRICE * seconds / 3600, rel=1e-9)
    assert seconds == REPLICAS * 3600.0
    assert sum(row.cost for key, row in rows if key.external) == pytest.approx(hour.external)
    assert min(hour.endings.values()) > 50
    assert idle > PRICE * (HANG[1] - HANG[0]) / 3600 * 0.5


def test_failed_and_cut_attempts_have_paid_for_what_they_used() -> None:
    hour = Hour(random.Random(5))  # noqa: S311  # a recorded seed, not a secret
    hour.play(900.0)
    rows = [row for key, row in hour.ledger.rows() if key.target == SMALL and key.route != IDLE]
    assert sum(row.unanswered for row in rows) == hour.endings["failed"]
    assert sum(row.retries for row in rows) > 0
    assert 0 < sum(row.unanswered_cost for row in rows) < sum(row.cost for row in rows)
