"""Which request pays for each second of a replica: every second is paid once, whatever happens to the requests."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting.replica_meter import MeteredAttempt, ReplicaMeter, idle_remainder

PRICE = 3.6
"""An hour; a second costs 0.001."""


def test_a_request_that_is_alone_pays_for_all_of_its_time_and_the_rest_is_idle() -> None:
    meter = ReplicaMeter(PRICE, now=100.0)
    one = meter.started(5.0, now=110.0)
    meter.first_token(one, now=112.0)
    cost = meter.ended(one, now=120.0)
    meter.advance(now=130.0)
    assert (cost.prefill, cost.decode) == pytest.approx((0.002, 0.008))
    assert (meter.idle, meter.metered, meter.seconds) == pytest.approx((0.02, 0.01, 30.0))


def test_two_that_decode_share_evenly_and_a_prompt_pays_by_its_weight() -> None:
    meter = ReplicaMeter(PRICE, now=0.0)
    decoding = meter.started(1.0, now=0.0)
    meter.first_token(decoding, now=0.0)
    long = meter.started(9.0, now=0.0)
    meter.first_token(long, now=10.0)
    meter.first_token(long, now=10.0)
    assert meter.ended(long, now=20.0).total == pytest.approx(0.009 + 0.005)
    assert meter.ended(decoding, now=20.0).total == pytest.approx(0.001 + 0.005)


def test_one_that_ends_before_its_first_token_pays_for_the_time_that_it_had() -> None:
    meter = ReplicaMeter(PRICE, now=0.0)
    cut = meter.started(4.0, now=0.0)
    cost = meter.ended(cut, now=3.0)
    assert (cost.prefill, cost.decode) == pytest.approx((0.003, 0.0))


def test_what_exceeds_the_ceiling_counts_as_idle() -> None:
    """The engine hung for ten minutes with one request in flight."""
    meter = ReplicaMeter(PRICE, now=0.0)
    hung = meter.started(1.0, now=0.0)
    meter.first_token(hung, now=200.0)
    cost = meter.ended(hung, now=600.0, ceiling=0.06)
    assert (cost.prefill, cost.decode) == pytest.approx((0.02, 0.04))
    assert (meter.idle, meter.metered) == pytest.approx((0.54, 0.06))


def test_other_routers_requests_pay_their_part() -> None:
    """Two routers divide a replica by attempts, whatever these weigh; what only the other one used is not idle."""
    mine, theirs = ReplicaMeter(PRICE, now=0.0), ReplicaMeter(PRICE, now=0.0)
    one = mine.started(1.0, now=0.0)
    theirs.count_others(1.0, now=0.0)
    other = theirs.started(3.0, now=10.0)
    mine.count_others(1.0, now=10.0)
    costs = mine.ended(one, now=20.0).total, theirs.ended(other, now=20.0).total
    assert costs == pytest.approx((0.01 + 0.005, 0.005))
    assert mine.idle == theirs.idle == 0.0
    assert idle_remainder(PRICE, 30.0, mine.metered + theirs.metered) == pytest.approx(0.01)


def test_another_price_holds_from_then_on() -> None:
    meter = ReplicaMeter(PRICE, now=0.0)
    one = meter.started(1.0, now=0.0)
    meter.reprice(2 * PRICE, now=10.0)
    assert meter.ended(one, now=20.0).total == pytest.approx(0.03)


def test_a_clock_that_steps_back_charges_nothing() -> None:
    meter = ReplicaMeter(PRICE, now=100.0)
    one = meter.started(1.0, now=100.0)
    meter.advance(now=50.0)
    assert meter.ended(one, now=101.0).total == pytest.approx(0.001)


@dataclass
class Played:
    """A replica and the charges of its requests."""

    meter: ReplicaMeter
    now: float = 0.0
    running: list[MeteredAttempt] = field(default_factory=list)
    charged: float = 0.0
    due: float = 0.0
    """Price times seconds, computed separately."""
    price: float = PRICE

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.due += seconds * self.price / 3600

    def act(self, action: int, number: float) -> None:
        if action == 0:
            self.running.append(self.meter.started(1.0 + number, self.now))
        elif action == 1 and self.running:
            self.meter.first_token(self.running[int(number) % len(self.running)], self.now)
        elif action == 2 and self.running:
            self._end(self.running.pop(int(number) % len(self.running)), None)
        elif action == 3 and self.running:
            self._end(self.running.pop(), number / 1000)
        elif action == 4:
            self.price = 1.0 + number
            self.meter.reprice(self.price, self.now)

    def finish(self) -> None:
        self.meter.advance(self.now)
        for one in self.running:
            self._end(one, None)

    def _end(self, one: MeteredAttempt, ceiling: float | None) -> None:
        cost = self.meter.ended(one, self.now, ceiling).total
        assert -1e-12 <= cost <= (float("inf") if ceiling is None else ceiling + 1e-12)
        self.charged += cost


STORIES = st.lists(st.tuples(st.floats(0, 500), st.integers(0, 5), st.floats(0, 100)), max_size=60)


@given(STORIES)
def test_requests_and_idle_are_always_the_price_of_all_seconds(story: list[tuple[float, int, float]]) -> None:
    """Started, streamed, ended, cut, capped and repriced in any order: to a billionth."""
    played = Played(ReplicaMeter(PRICE, now=0.0))
    for wait, action, number in story:
        played.wait(wait)
        played.act(action, number)
    played.finish()
    assert played.charged + played.meter.idle == pytest.approx(played.due, rel=1e-9, abs=1e-12)
    assert played.meter.metered == pytest.approx(played.charged, rel=1e-9, abs=1e-9)


@given(STORIES)
def test_two_routers_that_know_of_each_other_never_charge_a_second_twice(story: list[tuple[float, int, float]]) -> None:
    both = Played(ReplicaMeter(PRICE, now=0.0)), Played(ReplicaMeter(PRICE, now=0.0))
    for place, (wait, action, number) in enumerate(story):
        for one in both:
            one.wait(wait)
        both[place % 2].act(min(action, 2), number)
        for one, other in (both, both[::-1]):
            one.meter.count_others(len(other.running), one.now)
    for one in both:
        one.finish()
    metered = sum(one.meter.metered for one in both)
    idle = idle_remainder(PRICE, both[0].now, metered)
    assert sum(one.charged for one in both) == pytest.approx(metered, rel=1e-9, abs=1e-9)
    assert both[0].meter.idle == pytest.approx(idle, rel=1e-9, abs=1e-9)
