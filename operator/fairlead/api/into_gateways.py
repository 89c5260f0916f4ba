"""From an InferenceGateway, or the router of a deployment, to what a router works by."""

from dataclasses import replace
from decimal import Decimal
from typing import Protocol

from fairlead.api import amounts, traffic
from fairlead.api.gateway import BatchLane as BatchLaneSpec
from fairlead.api.gateway import BudgetPeriod, InferenceGatewaySpec
from fairlead.api.gateway import LongLane as LongLaneSpec
from fairlead.api.gateway import Tenant as TenantSpec
from fairlead.api.reading import Written
from fairlead.api.routes import ModelRoute, Rule
from fairlead.fleet.gateways import (
    Cascade,
    Fallback,
    Gateway,
    Hold,
    Limits,
    ResponseCache,
    Retries,
    Route,
    RouterPods,
    RouteRule,
    Routing,
    Span,
    Timeouts,
    WantedGateway,
)
from fairlead.fleet.tenants import Band, BatchLane, LongLane, Tenant, TenantBudget
from fairlead.fleet.wanted import SecretKey

DEFAULT_REPLICAS = 2


class HasTraffic(Protocol):
    """What the router of a deployment and a gateway have in common."""

    @property
    def limits(self) -> traffic.Limits: ...
    @property
    def timeouts(self) -> traffic.Timeouts: ...
    @property
    def hold(self) -> traffic.Hold: ...
    @property
    def cache(self) -> traffic.ResponseCache: ...
    @property
    def retries(self) -> traffic.Retries: ...


def gateway(written: Written[InferenceGatewaySpec]) -> WantedGateway:
    """All that one gateway object asks for."""
    spec = written.spec
    lanes = spec.lanes
    asked = Gateway(
        namespace=written.namespace,
        name=written.name,
        routes=tuple(_route(one) for one in spec.models),
        routing=replace(
            routing(spec),
            tenants=tuple(_tenant(one) for one in spec.tenants),
            bands=tuple(
                Band(name=one.name, priority=one.priority, reserved=float(one.reserved or 0), max_queued=one.max_queued)
                for one in spec.bands
            ),
            long_lane=_long_lane(lanes.long) if lanes.long else None,
            batch_lane=_batch_lane(lanes.batch) if lanes.batch else None,
        ),
    )
    pods = RouterPods(
        replicas=DEFAULT_REPLICAS if spec.replicas is None else spec.replicas,
        service=spec.service.type,
        annotations=tuple(sorted(spec.service.annotations.items())),
    )
    return WantedGateway(gateway=asked, pods=pods)


def routing(spec: HasTraffic) -> Routing:
    """What every router has."""
    return Routing(
        limits=_limits(spec.limits),
        timeouts=Timeouts(
            connect_seconds=amounts.seconds(spec.timeouts.connect),
            first_token_seconds=amounts.seconds(spec.timeouts.first_token),
            between_tokens_seconds=amounts.seconds(spec.timeouts.between_tokens),
            total_seconds=amounts.seconds(spec.timeouts.total),
        ),
        hold=Hold(max_requests=spec.hold.max_requests, max_seconds=amounts.seconds(spec.hold.max_time)),
        cache=_cache(spec.cache),
        retries=Retries(max_attempts=spec.retries.max_attempts, budget=float(spec.retries.budget)),
    )


def _limits(spec: traffic.Limits) -> Limits:
    silent = Limits()
    return Limits(
        max_prompt_tokens=spec.max_prompt_tokens,
        max_output_tokens=spec.max_output_tokens,
        max_queued=spec.max_queued or silent.max_queued,
        max_queue_seconds=amounts.maybe_seconds(spec.max_queue_time),
        max_request_bytes=amounts.size(spec.max_request_size) if spec.max_request_size else silent.max_request_bytes,
        shadow=spec.enforcement is traffic.Enforcement.SHADOW,
    )


def _cache(spec: traffic.ResponseCache) -> ResponseCache:
    url = spec.redis.url_secret if spec.redis else None
    return ResponseCache(
        enabled=spec.enabled,
        ttl_seconds=amounts.seconds(spec.ttl),
        max_bytes=amounts.size(spec.max_size),
        max_entry_bytes=amounts.size(spec.max_entry_size),
        by_tenant=spec.scope is traffic.CacheScope.TENANT,
        redis_url=SecretKey(name=url.name, key=url.key) if url else None,
    )


def _route(spec: ModelRoute) -> Route:
    cascade, fallback = spec.cascade, spec.fallback
    return Route(
        name=spec.name,
        strategy=spec.strategy,
        deployment=spec.deployment,
        weights=tuple((one.deployment, one.weight) for one in spec.weighted),
        rules=tuple(_rule(one) for one in spec.rules),
        cascade=Cascade(
            deployments=cascade.deployments,
            validator=cascade.validator,
            min_confidence=amounts.maybe_number(cascade.min_confidence),
        )
        if cascade
        else None,
        fallback=Fallback(deployments=fallback.deployments, reasons=frozenset(fallback.reasons)) if fallback else None,
        cache=spec.cache,
    )


def _rule(spec: Rule) -> RouteRule:
    when = spec.when
    return RouteRule(
        name=spec.name,
        deployment=spec.deployment,
        difficulty=when.difficulty,
        prompt_tokens=Span(least=when.min_prompt_tokens, most=when.max_prompt_tokens),
        output_tokens=Span(least=when.min_output_tokens, most=when.max_output_tokens),
        structured_output=when.structured_output,
        tools=when.tools,
        tenants=frozenset(when.tenants),
    )


def _tenant(spec: TenantSpec) -> Tenant:
    budget = spec.budget
    return Tenant(
        name=spec.name,
        keys=tuple(SecretKey(name=one.name, key=one.key) for one in spec.keys),
        band=spec.band,
        weight=spec.weight,
        max_concurrency=spec.max_concurrency,
        tokens_per_minute=spec.tokens_per_minute,
        requests_per_minute=spec.requests_per_minute,
        budget=TenantBudget(max_cost=Decimal(budget.max_cost), monthly=budget.period is BudgetPeriod.MONTH)
        if budget
        else None,
        models=frozenset(spec.models),
        shadow=spec.enforcement is traffic.Enforcement.SHADOW,
    )


def _long_lane(spec: LongLaneSpec) -> LongLane:
    return LongLane(
        min_prompt_tokens=spec.min_prompt_tokens,
        min_output_tokens=spec.min_output_tokens,
        max_share=float(spec.max_share),
        max_queue_seconds=amounts.seconds(spec.max_queue_time),
    )


def _batch_lane(spec: BatchLaneSpec) -> BatchLane:
    return BatchLane(
        below_utilization=float(spec.below_utilization),
        max_queue_seconds=amounts.seconds(spec.max_queue_time),
        max_queued=spec.max_queued,
    )
