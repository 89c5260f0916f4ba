"""The spending of one router: bills of requests, budgets of tenants, usage by hour, and outcomes of tasks.

Several routers each keep their own part of every budget, unless they share a counter; all else ends with the process.
"""

from collections.abc import Iterable
from typing import Final

from fairlead.accounting.budgets import BudgetAccount
from fairlead.accounting.reservations import OutputEstimate
from fairlead.accounting.task_outcomes import ModelKey, TaskOutcomes
from fairlead.accounting.usage_ledger import HOUR_SECONDS, UsageLedger
from fairlead.router.config.loader import RouterConfig
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.recorder import TelemetryRecorder
from fairlead.router.observability.request_record import RequestRecord
from fairlead.router.observability.snapshot import BudgetUse
from fairlead.router.request_bill import BilledRequest, RequestBill
from fairlead.router.wire import task_names
from fairlead.routing.accounts import Accounts
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest

MAX_ESTIMATES: Final = 1024
"""Models whose reply lengths are kept."""
LONGEST_ROUTE: Final = 256
"""Characters of a model's name that are kept: a router that lists no models passes on whatever a client names."""
RETRY_SECONDS: Final = 3600.0
"""A budget may be raised before its next period: no client is told to wait for a month."""
MAX_ASIDE: Final = 4096
"""Budgets no longer configured that are kept; the latest ones stay."""
KEPT_SECONDS: Final = 40 * 86_400
"""How long usage is kept: a month, and some days to read it."""


class RouterSpending:
    """What all requests of one router spend."""

    __slots__ = ("_aside", "_estimates", "_forget_at", "_telemetry", "budgets", "counts", "ledger", "outcomes")

    def __init__(self, telemetry: TelemetryRecorder) -> None:
        self._telemetry = telemetry
        self._aside: dict[tuple[str, bool], BudgetAccount] = {}
        """Budgets no longer configured, by tenant and whether they are monthly. One that returns in the same period,
        since a file was edited twice or could not be read once, would otherwise be whole again."""
        self._estimates: dict[str, OutputEstimate] = {}
        self._forget_at = 0.0
        self.budgets: dict[str, BudgetAccount] = {}
        """By tenant."""
        self.ledger = UsageLedger()
        self.outcomes = TaskOutcomes()
        self.counts = False
        """Whether requests have bills at all: if anything has a price, or a tenant a budget."""

    def apply(self, settings: RouterConfig, accounts: Accounts, routers: int) -> None:
        """Apply a configuration; what is spent stays spent."""
        priced = any(one.price_per_hour is not None for one in settings.served) or bool(settings.externals)
        self.counts = priced or any(one.tenant.budget is not None for one in accounts.all)
        before = self._aside | {(name, one.monthly): one for name, one in self.budgets.items()}
        kept: dict[str, BudgetAccount] = {}
        for account in accounts.all:
            budget = account.tenant.budget
            if budget is None:
                continue
            found = before.pop((account.name, budget.monthly), None) or BudgetAccount(0.0, monthly=budget.monthly)
            found.shared = found.shared and self.budgets.get(account.name) is found
            found.limit, found.parts, found.shadow = float(budget.max_cost), routers, account.shadow
            kept[account.name] = found
        self.budgets, self._aside = kept, dict(list(before.items())[-MAX_ASIDE:])

    def wall(self, now: float) -> float:
        """Return the time of day, by which budgets and hours are kept."""
        return self._telemetry.wall(now)

    def budget_uses(self, now: float) -> tuple[BudgetUse, ...]:
        """Return every tenant's budget and what is spent of it."""
        wall = self.wall(now)
        return tuple(BudgetUse(tenant=name, spent=one.spent(wall), most=one.most) for name, one in self.budgets.items())

    # One request

    def bill(self, request: BilledRequest, route: str) -> RequestBill:
        """Open the bill of a request that needs an engine."""
        route = route[:LONGEST_ROUTE]
        estimate = self._estimates.get(route)
        if estimate is None:
            if len(self._estimates) >= MAX_ESTIMATES:
                self._estimates.clear()
            estimate = self._estimates[route] = OutputEstimate()
        return RequestBill(request, route, self.budgets.get(request.record.tenant), estimate)

    def refusal(self, bill: RequestBill, target: EngineTarget, routing: RoutingRequest, now: float) -> Refusal | None:
        """Reserve what an attempt at this target may cost; return a refusal if the tenant's budget is short of it."""
        over, account = bill.is_over, routing.account
        missing = bill.short_of(target, self.wall(now))
        if missing is not None:
            return Refusal(
                reason=RefusalReason.BUDGET,
                message=f"tenant {account.name}: {missing.message}",
                retry_after_seconds=min(missing.resets_in_seconds, RETRY_SECONDS),
            )
        if bill.is_over and not over:
            account.shadowed[RefusalReason.BUDGET] += 1
            routing.would_be_refused(RefusalReason.BUDGET)
        return None

    def over(self, bill: RequestBill, record: RequestRecord, seen: int, now: float) -> None:
        """Settle an ended request: charge its budget, and add its cost to the ledger and the outcomes."""
        bill.close(seen, now)
        wall = self.wall(now)
        bill.settle(wall)
        if bill.cost.attempts:
            record.pay(bill.cost)
            self.ledger.add(bill.cost, wall)
            self.outcomes.add(bill.cost)

    def cached(self, request: BilledRequest, target: EngineTarget, revision: str) -> None:
        """Add a request with an answer of this target from the cache to its task, if it names one."""
        task = task_names.of(request.received.head.headers)
        if self.counts and task:
            key = ModelKey(target.name, target.revisions.unnamed(revision))
            self.outcomes.add_cached(request.record.tenant, task, key)

    # Time

    def sweep(self, targets: Iterable[EngineTarget], now: float) -> None:
        """Account the time of all replicas, and their idle cost."""
        wall = self.wall(now)
        for target in targets:
            for revision, money in target.costs.follow(target.dispatcher.table.endpoints, now).items():
                if money:
                    self.ledger.add_idle(target.name, revision, money, wall)
        if wall >= self._forget_at:
            self._forget_at = wall + HOUR_SECONDS
            self._aside = {key: one for key, one in self._aside.items() if one.ends > wall}
            self.ledger.drop_before(int(wall - KEPT_SECONDS))
