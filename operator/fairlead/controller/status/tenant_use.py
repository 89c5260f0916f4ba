"""What tenants use, over all routers of a gateway or of a deployment, beside their limits."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fairlead.api.tenants import BudgetPeriod
from fairlead.cluster.kinds import Manifest
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.endpoints import TenantUse
from fairlead.fleet.gateways import DeploymentRouter
from fairlead.fleet.tenants import Tenant, TenantBudget
from fairlead.planning.router_move import RouterReports
from fairlead.review.deployment_review import DeploymentReview

USE: Final = frozenset({"running", "waiting", "requests", "tokens", "spent"})
"""Fields of a tenant that change with its requests."""
WRITTEN_EVERY: Final = timedelta(seconds=60)
"""How often use is written at most."""


def of(
    tenants: Sequence[Tenant], reports: Sequence[Mapping[str, TenantUse] | None], stored: Sequence[Manifest]
) -> list[Manifest]:
    """Return what each tenant uses, over all routers, and its limits; a report is None if its router did not answer.

    `stored` is what was written last. Its figures stay while a router does not answer, since a part of them would look
    like a budget that was refilled.
    """
    answered = [report for report in reports if report is not None]
    whole = bool(answered) and len(answered) == len(reports)
    before = {} if whole else {str(one.get("name")): one for one in stored}
    return [_tenant(one, [each.get(one.name, TenantUse()) for each in answered], before) for one in tenants]


def of_deployment(review: DeploymentReview, reports: RouterReports, stored: Sequence[Manifest]) -> list[Manifest]:
    """Return what tenants of a deployment's own routers use; while its spec is refused, routers keep their limits."""
    if review.deployment is None or not review.may_start:
        return list(stored)
    router = review.deployment.router
    if not isinstance(router, DeploymentRouter):
        return []
    return of(router.routing.tenants, [None if one is None else one.tenants for one in reports], stored)


@dataclass(frozen=True, slots=True)
class _Written:
    at: datetime
    tenants: list[Manifest]


class TenantUsage:
    """What was written last of each object's tenants, so that use is written once a minute and limits at once."""

    def __init__(self) -> None:
        self._written: dict[str, _Written] = {}

    def due(self, uid: str, fresh: list[Manifest], at: datetime) -> list[Manifest]:
        """Return what to write now."""
        found = self._written.get(uid)
        if found is None or abs(at - found.at) >= WRITTEN_EVERY or _limits(found.tenants) != _limits(fresh):
            found = self._written[uid] = _Written(at, fresh)
        return found.tenants

    def of_deployment(
        self, observed: DeploymentSnapshot, review: DeploymentReview, reports: RouterReports, at: datetime
    ) -> list[Manifest]:
        """Return what to write now of a deployment's own tenants."""
        stored = observed.status.get("tenants") or []
        return self.due(observed.owner.uid, of_deployment(review, reports, stored), at)

    def forget(self, uid: str) -> None:
        """Drop what is kept of a deleted object."""
        self._written.pop(uid, None)


def _limits(tenants: Sequence[Manifest]) -> list[Manifest]:
    return [{name: value for name, value in one.items() if name not in USE} for one in tenants]


def _tenant(one: Tenant, uses: Sequence[TenantUse], stored: Mapping[str, Manifest]) -> Manifest:
    """Return one tenant's use and limits; stored figures replace those of routers."""
    before = stored.get(one.name, {})
    limits: Mapping[str, int | None] = {
        "maxConcurrency": one.max_concurrency,
        "requestsPerMinute": one.requests_per_minute,
        "tokensPerMinute": one.tokens_per_minute,
    }
    used = {name: sum(getattr(use, name) for use in uses) for name in ("running", "waiting", "requests", "tokens")}
    found = {"name": one.name, **used, **dict(_set(limits)), **_money(one.budget, uses)}
    return found | {name: before[name] for name in USE & before.keys() & found.keys()}


def _money(budget: TenantBudget | None, uses: Sequence[TenantUse]) -> Manifest:
    """Report a budget's spend; routers that share a counter each report what all have spent."""
    if budget is None:
        return {}
    own = sum(use.spent for use in uses if not use.shared)
    spent = max([own, *(use.spent for use in uses if use.shared)])
    period = BudgetPeriod.MONTH if budget.monthly else BudgetPeriod.DAY
    return {"spent": f"{spent:.4f}", "budget": f"{budget.max_cost:f}", "budgetPeriod": period.value}


def _set(limits: Mapping[str, int | None]) -> Iterator[tuple[str, int]]:
    return ((name, limit) for name, limit in limits.items() if limit is not None)
