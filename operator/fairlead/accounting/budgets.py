"""A tenant's budget: money or tokens, reserved before a request is sent and settled when it ended.

A reservation counts as spent until it is settled, also in the counter that routers share. So what a router had in
flight when it ended stays spent at its full reservation. A request that takes more than it reserved is charged what it
took. Without a shared counter each router has an equal part of the budget and forgets it when it ends.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final

from fairlead.accounting import budget_periods
from fairlead.accounting.token_rates import HOUR
from fairlead.fleet.light_dataclass import light

STEP_BACK_SECONDS: Final = 86_400.0
"""A clock that is further before the period was wrong when that began."""


@light
class BudgetReservation:
    """What one request holds of a budget."""

    amount: float
    period: float
    """Start of the period that pays, whenever the request ends."""
    over: bool = False
    """Whether it would have been refused, were the budget not in shadow mode."""


@light
class BudgetShortage:
    """Too little is left for this request."""

    needed: float
    left: float
    resets_in_seconds: float
    message: str


@light
class RouterSpend:
    """What one router reserved and spent in a period."""

    period: float
    amount: float


@dataclass(slots=True, eq=False)
class BudgetAccount:
    """One budget of one tenant, at one router."""

    limit: float
    """Over all routers."""
    parts: int = 1
    """How many routers divide it, if no counter is shared."""
    monthly: bool = True
    shadow: bool = False
    """Whether requests over the budget are only counted, not refused."""
    unit: str = "in all"
    """For messages: the unit of an undivided budget."""
    period: float = 0.0
    ends: float = 0.0
    committed: float = 0.0
    """Spent and reserved in the period, by this router."""
    others: float = 0.0
    """What the shared counter has besides: from other routers, and from those that have ended."""
    shared: bool = False
    """Whether the shared counter answers."""
    reserved: float = 0.0
    """The part of `committed` that is not settled yet."""
    refused: int = 0
    """Requests refused for lack of budget, or let through in shadow mode."""

    def reserve(self, amount: float, now: float) -> BudgetReservation | BudgetShortage:
        """Hold an amount before the request is sent."""
        self.roll(now)
        over = self._spent + amount > self.most
        if over:
            self.refused += 1
            if not self.shadow:
                return self._shortage(amount, now)
        self.committed += amount
        self.reserved += amount
        return BudgetReservation(amount=amount, period=self.period, over=over)

    def extend(self, reservation: BudgetReservation, amount: float, now: float) -> BudgetReservation | BudgetShortage:
        """Hold more for a retry or a fallback; if that is refused, the first reservation stays as it is."""
        self.roll(now)
        if reservation.period != self.period:
            return BudgetReservation(
                amount=reservation.amount + amount, period=reservation.period, over=reservation.over
            )
        more = self.reserve(amount, now)
        if isinstance(more, BudgetShortage):
            return more
        return BudgetReservation(
            amount=reservation.amount + amount, period=reservation.period, over=reservation.over or more.over
        )

    def settle(self, reservation: BudgetReservation, actual: float, now: float) -> None:
        """Charge a request that ended for what it took. A reservation from an earlier period belongs to that period."""
        self.roll(now)
        if reservation.period == self.period:
            self.committed = max(0.0, self.committed + actual - reservation.amount)
            self.reserved = max(0.0, self.reserved - reservation.amount)

    def left(self, now: float) -> float:
        """Return what is neither spent nor reserved."""
        self.roll(now)
        return max(0.0, self.most - self._spent)

    def spent(self, now: float) -> float:
        """Return what is spent or reserved in the current period: by all routers if they share a counter."""
        self.roll(now)
        return self._spent

    @property
    def most(self) -> float:
        """This router's limit: all of the budget, or its part."""
        return self.limit if self.shared else self.limit / self.parts

    @property
    def _spent(self) -> float:
        return self.committed + self.others if self.shared else self.committed

    def here(self, now: float) -> RouterSpend:
        """Return this router's spend for the shared counter."""
        self.roll(now)
        return RouterSpend(period=self.period, amount=self.committed)

    def share(self, here: RouterSpend, total: float, now: float) -> None:
        """Apply the shared counter's total, which includes `here`. A total of another period is ignored."""
        self.roll(now)
        if here.period == self.period:
            self.others = max(0.0, total - here.amount)
            self.shared = True

    def roll(self, now: float) -> None:
        """Start the current period, if it is a new one. A clock that steps back does not; where it was far ahead, what
        is spent counts in the true period, so that the next one begins in time."""
        if now >= self.ends:
            self.committed = self.reserved = self.others = 0.0
        elif now >= self.period - STEP_BACK_SECONDS:
            return
        self.period = budget_periods.period_start(now, monthly=self.monthly)
        self.ends = budget_periods.period_end(now, monthly=self.monthly)

    def _shortage(self, amount: float, now: float) -> BudgetShortage:
        wait = budget_periods.period_end(now, monthly=self.monthly) - now
        left = max(0.0, self.most - self._spent)
        name = "month" if self.monthly else "day"
        divided = not self.shared and self.parts > 1
        unit = f"at one of {self.parts} routers that share {self.limit:g}," if divided else self.unit
        message = (
            f"the {name}'s budget of {self.most:g} {unit} has {left:.6g} left, and this request may take "
            f"{amount:.6g}: name a smaller maximum of output tokens, or wait {ceil(wait / HOUR)} h for the next {name}"
        )
        return BudgetShortage(needed=amount, left=left, resets_in_seconds=wait, message=message)
