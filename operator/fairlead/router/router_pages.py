"""What a router reports: the state behind its metrics, its endpoint reports, and the models of its tenants."""

from collections.abc import Collection
from typing import Any

from fairlead.fleet.tenants import Lane
from fairlead.router import endpoint_report, engine_scraper
from fairlead.router.cache.counters import RedisStoreCounters
from fairlead.router.endpoint_report import ArrivedRequests
from fairlead.router.engine_target import EngineTarget
from fairlead.router.observability.series import ModelDemand
from fairlead.router.observability.snapshot import PeersSnapshot, RouterSnapshot
from fairlead.router.router_context import RouterContext
from fairlead.routing.accounts import Account
from fairlead.routing.queue_snapshot import LaneSnapshot


def snapshot(
    context: RouterContext, counters: RedisStoreCounters | None, peers: PeersSnapshot | None, now: float
) -> RouterSnapshot:
    """Return the router's state at a scrape, all targets together."""
    targets = list(context.every_target)
    queues = [one.dispatcher.snapshot(now) for one in targets]
    return RouterSnapshot(
        endpoints=[endpoint for one in targets for endpoint in one.dispatcher.table.endpoints],
        pods=_pods(context, targets),
        lanes=_joined([lane for queue in queues for lane in queue.lanes]),
        idle={one.name: one.costs.idle for one in context.targets.values() if one.costs.price_per_hour is not None},
        budgets=context.spending.budget_uses(now),
        tasks=context.spending.outcomes.models(),
        held=sum(queue.held for queue in queues),
        adapters_waiting=sum(one.dispatcher.table.claims.waiting for one in targets),
        accounts=context.tenancy.accounts.all,
        shadowed=context.tenancy.accounts.shadowed,
        upstream_idle=sum(pool.idle for one in targets for pool in one.pools.values()),
        clients=len(context.clients),
        draining=context.draining,
        cache=context.cache,
        counters=counters,
        peers=peers,
    )


def _pods(context: RouterContext, targets: list[EngineTarget]) -> dict[Any, str]:
    """Name pods of other namespaces uniquely, since two may have the same name."""
    home = context.settings.namespace
    return {
        endpoint: f"{one.config.namespace}/{endpoint.pod}"
        for one in targets
        if one.config.namespace != home
        for endpoint in one.dispatcher.table.endpoints
    }


def _joined(lanes: list[LaneSnapshot]) -> tuple[LaneSnapshot, ...]:
    """Sum the lanes of all targets, each kind once."""
    return tuple(
        LaneSnapshot(
            lane=lane,
            waiting=sum(one.waiting for one in lanes if one.lane is lane),
            oldest_seconds=max(one.oldest_seconds for one in lanes if one.lane is lane),
            inflight=sum(one.inflight for one in lanes if one.lane is lane),
        )
        for lane in dict.fromkeys(one.lane for one in lanes)
    )


def report(context: RouterContext, target: str | None, now: float) -> dict[str, Any] | None:
    """Report one target as its deployment's own router would, or all; None for an unknown target."""
    draining = context.draining
    sole = context.only_target
    if sole is not None:
        if target:
            return None
        came, spent = _arrived(context.telemetry.counts.demand.values()), _spent(context, sole, now)
        found = endpoint_report.report(sole.dispatcher, came, spent, now, draining=draining)
        return found | {"tenants": _tenants(context, now)}
    if target:
        named = context.targets.get(target)
        return None if named is None else _of_target(context, named, now)
    return {
        "targets": {name: _of_target(context, one, now) for name, one in context.targets.items()},
        "tenants": _tenants(context, now),
        "retiring": sorted({one.name for one in context.retiring}),
        "routes": {one.name: {"strategy": one.strategy.value} for one in context.settings.routes},
        "draining": draining,
    }


def samples(context: RouterContext, target: str, adapter: str, after: int) -> dict[str, Any] | None:
    """Return requests to both sides while a new one has a share of the traffic; None for an unknown target.

    The sides are two revisions, or two versions of an adapter if one is named.
    """
    found = context.targets.get(target)
    if found is None:
        return None
    return found.adapter_samples.page(adapter, after) if adapter else found.samples.page(after)


def _tenants(context: RouterContext, now: float) -> dict[str, Any]:
    return {one.name: _tenant(context, one, now) for one in context.tenancy.accounts.all}


def _tenant(context: RouterContext, account: Account, now: float) -> dict[str, Any]:
    used, budget = context.tenant_usage.last_minute(account.name), context.spending.budgets.get(account.name)
    found = {
        "inflight": account.inflight,
        "waiting": account.queued,
        "requestsPerMinute": used.requests,
        "tokensPerMinute": used.tokens,
    }
    if budget is None:
        return found
    return found | {"spent": round(budget.spent(context.spending.wall(now)), 9), "shared": budget.shared}


def _arrived(demand: Collection[ModelDemand]) -> ArrivedRequests:
    hurried = [one for one in demand if one.key[1] is not Lane.BATCH]
    return ArrivedRequests(
        demand=sum(one.arrivals for one in hurried),
        prompt_tokens=sum(one.prompt_tokens for one in hurried),
        batch=sum(one.arrivals for one in demand if one.key[1] is Lane.BATCH),
    )


def _of_target(context: RouterContext, target: EngineTarget, now: float) -> dict[str, Any]:
    came = ArrivedRequests(target.demand.arrivals, target.demand.prompt_tokens, target.demand.batch_arrivals)
    spent = _spent(context, target, now)
    report = endpoint_report.report(target.dispatcher, came, spent, now, draining=context.draining)
    report["queue"]["passedOver"] = target.was_passed_over(now)
    return report


def _spent(context: RouterContext, target: EngineTarget, now: float) -> tuple[float, int] | None:
    if not context.spending.counts:
        return None
    return context.spending.ledger.last_hour(context.spending.wall(now)).get(target.name, (0.0, 0))


def cards(context: RouterContext) -> list[engine_scraper.ModelCard]:
    """List the models that clients may use; for a gateway, the names of its routes."""
    settings = context.settings
    if settings.is_gateway:
        return [{"id": one, "object": "model", "created": 0, "owned_by": "fairlead"} for one in settings.models]
    watches = [watch for one in context.targets.values() for watch in one.watches.values()]
    return engine_scraper.union(watches, settings.models)
