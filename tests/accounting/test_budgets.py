"""Budgets: what is reserved before a request and settled after it, so that no tenant ever overspends."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.accounting.budgets import BudgetAccount, BudgetReservation, BudgetShortage, RouterSpend
from fairlead.accounting.reservations import OutputEstimate, ReservationBasis, ReservedCost, reserved_cost
from fairlead.accounting.token_rates import TokenRates
from tests.accounting.costs import NOON

DAY = 86_400.0


def held(account: BudgetAccount, amount: float, now: float = NOON) -> BudgetReservation:
    reservation = account.reserve(amount, now)
    assert isinstance(reservation, BudgetReservation)
    return reservation


def seconds(*when: int) -> float:
    return datetime(*when, tzinfo=UTC).timestamp()  # type: ignore[misc, arg-type]  # year, month, day, hour


def test_what_is_reserved_is_spent_until_it_is_settled() -> None:
    account = BudgetAccount(limit=10.0)
    one = held(account, 6.0)
    assert isinstance(account.reserve(5.0, NOON), BudgetShortage)
    assert account.spent(NOON) == 6.0
    account.settle(one, 1.0, NOON)
    assert (account.spent(NOON), account.left(NOON)) == (1.0, 9.0)
    assert held(account, 9.0) == BudgetReservation(amount=9.0, period=seconds(2025, 11, 1))
    assert (account.refused, account.reserved) == (1, 9.0)


def test_a_request_that_is_refused_learns_what_is_left_and_when_there_is_more() -> None:
    account = BudgetAccount(limit=10.0, monthly=False, unit="USD")
    held(account, 9.5)
    shortage = account.reserve(0.75, NOON)
    assert shortage == BudgetShortage(
        needed=0.75,
        left=0.5,
        resets_in_seconds=DAY / 2,
        message="the day's budget of 10 USD has 0.5 left, and this request may take 0.75: "
        "name a smaller maximum of output tokens, or wait 12 h for the next day",
    )


def test_in_shadow_mode_it_is_counted_and_let_through() -> None:
    account = BudgetAccount(limit=1.0, shadow=True)
    assert held(account, 2.0).over
    assert (account.refused, account.committed) == (1, 2.0)


def test_a_month_and_a_day_begin_at_midnight_in_utc() -> None:
    for monthly, last, first in (
        (True, seconds(2025, 12, 31, 23), seconds(2026, 1, 1)),
        (True, seconds(2024, 2, 29, 23), seconds(2024, 3, 1)),
        (False, seconds(2025, 12, 31, 23), seconds(2026, 1, 1)),
    ):
        account = BudgetAccount(limit=1.0, monthly=monthly)
        held(account, 1.0, last)
        shortage = account.reserve(1.0, last)
        assert isinstance(shortage, BudgetShortage)
        assert shortage.resets_in_seconds == 3600.0
        assert held(account, 1.0, first).period == first


def test_a_request_over_midnight_is_paid_by_the_day_that_it_began_in() -> None:
    account = BudgetAccount(limit=10.0, monthly=False)
    late = held(account, 4.0, NOON)
    more = account.extend(late, 2.0, NOON + DAY)
    assert more == BudgetReservation(amount=6.0, period=late.period)
    assert isinstance(more, BudgetReservation)
    account.settle(more, 5.0, NOON + DAY)
    assert account.left(NOON + DAY) == 10.0


def test_a_clock_that_steps_back_begins_no_period_anew() -> None:
    account = BudgetAccount(limit=10.0, monthly=False)
    held(account, 4.0, NOON)
    assert account.left(NOON - 2 * DAY) == 6.0


@pytest.mark.parametrize("monthly", [True, False])
def test_a_period_of_a_clock_that_was_years_ahead_ends_with_the_true_one(*, monthly: bool) -> None:
    account = BudgetAccount(limit=10.0, monthly=monthly)
    ahead = held(account, 4.0, seconds(2036, 5, 7))
    assert account.left(NOON) == 6.0, "what is spent stays spent"
    assert account.here(NOON).period == (seconds(2025, 11, 1) if monthly else seconds(2025, 11, 26))
    account.settle(ahead, 1.0, NOON)
    assert account.left(NOON) == 6.0
    assert account.left(NOON + 6 * DAY) == 10.0


def test_a_retry_extends_what_is_held_or_is_refused_and_leaves_it() -> None:
    account = BudgetAccount(limit=10.0)
    one = held(account, 6.0)
    assert isinstance(account.extend(one, 5.0, NOON), BudgetShortage)
    longer = account.extend(one, 4.0, NOON)
    assert longer == BudgetReservation(amount=10.0, period=one.period)
    shadow = BudgetAccount(limit=1.0, shadow=True)
    assert shadow.extend(held(shadow, 1.0), 1.0, NOON) == BudgetReservation(amount=2.0, period=one.period, over=True)


def test_after_a_restart_what_was_in_flight_stays_spent() -> None:
    before, counter = BudgetAccount(limit=10.0), Counter()
    held(before, 6.0)
    before.settle(held(before, 3.0), 1.0, NOON)
    counter.add(before)
    after = BudgetAccount(limit=10.0)
    held(after, 1.0)
    counter.add(after)
    assert after.left(NOON) == 2.0
    after.share(RouterSpend(period=0.0, amount=5.0), 9.0, NOON)
    assert after.left(NOON) == 2.0


@dataclass
class Counter:
    """The counter that routers share, of one budget and period."""

    sums: dict[int, float] = field(default_factory=dict)

    def add(self, account: BudgetAccount) -> None:
        """A router's turn: it writes its own sum and reads all."""
        here = account.here(NOON)
        self.sums[id(account)] = here.amount
        self.kept.append(account)
        account.share(here, self.total, NOON)

    kept: list[BudgetAccount] = field(default_factory=list)
    """Keeps them alive, so that no two have the same identity."""

    @property
    def total(self) -> float:
        """Of all routers."""
        return sum(self.sums.values())


def test_routers_that_share_a_counter_have_all_of_a_budget_and_the_others_a_part_each() -> None:
    one, other, counter = BudgetAccount(limit=10.0, parts=2), BudgetAccount(limit=10.0, parts=2), Counter()
    shortage = one.reserve(6.0, NOON)
    assert isinstance(shortage, BudgetShortage)
    assert shortage.message.startswith(
        "the month's budget of 5 at one of 2 routers that share 10, has 5 left, and this request may take 6:"
    )
    counter.add(one)
    counter.add(other)
    first = held(one, 6.0)
    counter.add(one)
    counter.add(other)
    shortage = other.reserve(5.0, NOON)
    assert isinstance(shortage, BudgetShortage)
    assert shortage.message.startswith("the month's budget of 10 in all has 4 left, and this request may take 5:")
    one.settle(first, 1.0, NOON)
    counter.add(one)
    counter.add(other)
    assert (other.left(NOON), counter.total) == (9.0, 1.0)
    one.shared = False
    assert one.left(NOON) == 4.0, "the counter does not answer"
    assert one.left(NOON + 40 * DAY) == 5.0, "another month"


def test_the_dearest_target_of_the_chain_decides_what_is_reserved() -> None:
    cheap, dear = TokenRates(prompt=1.0, output=1.0), TokenRates(request=5.0, prompt=2.0, output=3.0)
    estimate = OutputEstimate()
    assert reserved_cost((cheap, dear), prompt=10, output=100, estimate=estimate, choices=2) == ReservedCost(
        money=5.0 + 20.0 + 600.0, tokens=210, basis=ReservationBasis.WORST_CASE
    )
    assert reserved_cost((), prompt=10, output=0, estimate=estimate).money == 0.0


def test_where_no_maximum_is_named_the_usual_length_is_reserved() -> None:
    estimate = OutputEstimate()
    first = reserved_cost((TokenRates(output=1.0),), prompt=0, output=None, estimate=estimate)
    assert (first.tokens, first.basis) == (1025, ReservationBasis.ESTIMATE)
    for _ in range(200):
        estimate.learn(100)
    assert 100 < estimate.tokens() < 110
    estimate.learn(5000)
    assert estimate.tokens() > 500


@dataclass
class Tenancy:
    """A budget, the requests that hold parts of it, and what was really spent."""

    account: BudgetAccount
    running: list[tuple[BudgetReservation, float]] = field(default_factory=list)
    spent: float = 0.0
    counter: Counter = field(default_factory=Counter)

    def begin(self, amount: float) -> None:
        reservation = self.account.reserve(amount, NOON)
        if isinstance(reservation, BudgetReservation):
            self.running.append((reservation, 0.0))

    def use(self, place: int, share: float) -> None:
        """A stream goes on, to a share of what it holds."""
        reservation, used = self.running[place]
        self.running[place] = reservation, max(used, reservation.amount * share)

    def retry(self, place: int, amount: float) -> None:
        reservation, used = self.running[place]
        longer = self.account.extend(reservation, amount, NOON)
        if isinstance(longer, BudgetReservation):
            self.running[place] = longer, used

    def end(self, place: int) -> None:
        """Done, cut or cancelled: it pays for what it used."""
        reservation, used = self.running.pop(place)
        self.account.settle(reservation, used, NOON)
        self.spent += used

    def restart(self) -> None:
        """The router ends; its requests in flight used what they used, and nothing settles them."""
        self.spent += sum(used for _, used in self.running)
        self.running.clear()
        self.counter.add(self.account)
        self.account = BudgetAccount(limit=self.account.limit)
        self.counter.add(self.account)


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99), st.floats(0, 30), st.floats(0, 1)), max_size=80),
    st.floats(0, 100),
)
def test_a_budget_is_never_exceeded_through_streams_retries_cancels_and_restarts(
    story: list[tuple[int, int, float, float]], limit: float
) -> None:
    tenancy = Tenancy(BudgetAccount(limit=limit))
    for action, number, amount, share in story:
        if action == 0 or not tenancy.running:
            tenancy.begin(amount)
        elif action == 1:
            tenancy.use(number % len(tenancy.running), share)
        elif action == 2:
            tenancy.retry(number % len(tenancy.running), amount)
        elif action == 3:
            tenancy.end(number % len(tenancy.running))
        else:
            tenancy.restart()
        truly = tenancy.spent + sum(used for _, used in tenancy.running)
        assert truly <= limit + 1e-9
        assert truly <= tenancy.account.committed + tenancy.account.others + 1e-9


@given(st.lists(st.tuples(st.floats(0.1, 5), st.floats(0, 3)), max_size=40))
def test_one_that_takes_more_than_it_reserved_is_charged_and_the_next_is_refused(
    story: list[tuple[float, float]],
) -> None:
    """One at a time: whatever they use, only the last may exceed the budget, by what it used beyond its part."""
    account, spent = BudgetAccount(limit=10.0), 0.0
    for amount, factor in story:
        reservation = account.reserve(amount, NOON)
        if isinstance(reservation, BudgetReservation):
            assert spent + amount <= 10.0 + 1e-9
            account.settle(reservation, amount * factor, NOON)
            spent += amount * factor
        assert account.committed == pytest.approx(spent)
