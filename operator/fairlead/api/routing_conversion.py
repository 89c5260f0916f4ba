"""From the settings of a router, in whichever object they are, to the values that it works with."""

from dataclasses import replace
from decimal import Decimal

from fairlead.api import amounts, traffic
from fairlead.api.connections import BaseConnections
from fairlead.api.lanes import BatchLane as BatchLaneSpec
from fairlead.api.lanes import LongLane as LongLaneSpec
from fairlead.api.model import SecretKeyRef
from fairlead.api.router_spec import BaseRouterSpec, RouterSpec
from fairlead.api.tenants import BaseTenant, BudgetPeriod
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import (
    Balancing,
    Hedging,
    HoldLimits,
    RequestTelemetry,
    ResponseCacheSettings,
    Retries,
    RouterConnections,
    RoutingSettings,
    Timeouts,
    TrafficLimits,
)
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget


def routing(spec: RouterSpec) -> RoutingSettings:
    """Everything that an object specifies; secrets as references to where they are kept."""
    cache, tls, engine_tls = spec.cache, spec.door.tls, spec.door.engine_tls
    return replace(
        base_routing(spec),
        tenants=tuple(tenant(one, tuple(_secret(key) for key in one.keys)) for one in spec.tenants),
        cache=replace(response_cache(cache), redis_url=_secret(cache.redis.url_secret) if cache.redis else None),
        door=replace(
            connections(spec.door),
            tls_secret=tls.secret_name if tls else None,
            engine_ca=_secret(engine_tls.ca_secret) if engine_tls else None,
        ),
    )


def base_routing(spec: BaseRouterSpec) -> RoutingSettings:
    """The settings that refer to no secret."""
    return RoutingSettings(
        limits=_limits(spec.limits),
        timeouts=Timeouts(
            connect_seconds=amounts.seconds(spec.timeouts.connect),
            first_token_seconds=amounts.seconds(spec.timeouts.first_token),
            between_tokens_seconds=amounts.seconds(spec.timeouts.between_tokens),
            total_seconds=amounts.seconds(spec.timeouts.total),
        ),
        hold=HoldLimits(max_requests=spec.hold.max_requests, max_seconds=amounts.seconds(spec.hold.max_time)),
        retries=Retries(max_attempts=spec.retries.max_attempts, budget=float(spec.retries.budget)),
        bands=tuple(
            Band(name=one.name, priority=one.priority, reserved=float(one.reserved or 0), max_queued=one.max_queued)
            for one in spec.bands
        ),
        long_lane=_long_lane(spec.lanes.long) if spec.lanes.long else None,
        batch_lane=_batch_lane(spec.lanes.batch) if spec.lanes.batch else None,
        balancing=_balancing(spec.balancing),
        hedging=_hedging(spec.hedging),
        telling=_telling(spec),
    )


def _limits(spec: traffic.Limits) -> TrafficLimits:
    silent = TrafficLimits()
    return TrafficLimits(
        max_prompt_tokens=spec.max_prompt_tokens,
        max_output_tokens=spec.max_output_tokens,
        max_queued=spec.max_queued or silent.max_queued,
        max_queue_seconds=amounts.maybe_seconds(spec.max_queue_time),
        max_request_bytes=amounts.size(spec.max_request_size) if spec.max_request_size else silent.max_request_bytes,
        shadow=spec.enforcement is traffic.Enforcement.SHADOW,
    )


def response_cache(spec: traffic.BaseResponseCache) -> ResponseCacheSettings:
    """The response cache, without the Redis that shares it."""
    return ResponseCacheSettings(
        enabled=spec.enabled,
        ttl_seconds=amounts.seconds(spec.ttl),
        max_bytes=amounts.size(spec.max_size),
        max_entry_bytes=amounts.size(spec.max_entry_size),
        by_tenant=spec.scope is traffic.CacheScope.TENANT,
    )


def tenant(spec: BaseTenant, keys: tuple[SecretKey, ...]) -> Tenant:
    """One tenant, with references to its keys."""
    budget = spec.budget
    return Tenant(
        name=spec.name,
        keys=keys,
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
        explain=spec.explain,
    )


def _long_lane(spec: LongLaneSpec) -> LongLaneLimits:
    return LongLaneLimits(
        min_prompt_tokens=spec.min_prompt_tokens,
        min_output_tokens=spec.min_output_tokens,
        max_share=float(spec.max_share),
        max_queue_seconds=amounts.seconds(spec.max_queue_time),
    )


def _batch_lane(spec: BatchLaneSpec) -> BatchLaneLimits:
    return BatchLaneLimits(
        below_utilization=float(spec.below_utilization),
        max_queue_seconds=amounts.seconds(spec.max_queue_time),
        max_queued=spec.max_queued,
    )


def _balancing(spec: traffic.Balancing) -> Balancing:
    return Balancing(prefix=spec.prefix, load_bound=float(spec.load_bound), salt=spec.cache_salt)


def _hedging(spec: traffic.Hedging) -> Hedging:
    return Hedging(enabled=spec.enabled, after_seconds=amounts.maybe_seconds(spec.after), budget=float(spec.budget))


def connections(spec: BaseConnections) -> RouterConnections:
    """The settings for clients' connections, without the certificates."""
    return RouterConnections(
        cors_origins=spec.cors.origins if spec.cors else (),
        max_header_bytes=amounts.size(spec.max_header_size),
        head_seconds=amounts.seconds(spec.head_timeout),
        body_seconds=amounts.seconds(spec.body_timeout),
        idle_seconds=amounts.seconds(spec.idle_timeout),
        max_connections=spec.max_connections,
    )


def _telling(spec: BaseRouterSpec) -> RequestTelemetry:
    silent = RequestTelemetry()
    return RequestTelemetry(
        access_log=spec.access_log.enabled,
        log_prompts=spec.access_log.prompts,
        otlp_endpoint=spec.tracing.endpoint if spec.tracing else None,
        trace_share=float(spec.tracing.share) if spec.tracing else silent.trace_share,
    )


def _secret(ref: SecretKeyRef) -> SecretKey:
    return SecretKey(name=ref.name, key=ref.key)
