"""Conversion of a router's settings, from any object that has them, into the values that the router uses."""

from collections.abc import Iterable
from dataclasses import replace

from fairlead.api import amounts, pod_conversion, traffic
from fairlead.api.connections import BaseConnections
from fairlead.api.http_route import HttpRoute
from fairlead.api.router_spec import BaseRouterSpec, RouterSpec
from fairlead.api.tenants import BaseTenant, BudgetPeriod
from fairlead.api.tenants import Tenant as TenantSpec
from fairlead.api.token_issuer import BaseTokenIssuer
from fairlead.api.value_mapping import value
from fairlead.fleet.container_resources import ContainerResources
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import (
    Balancing,
    RequestTelemetry,
    ResponseCacheSettings,
    RouteParent,
    RouterConnections,
    RouterPods,
    RoutingSettings,
    ServiceRoute,
    TrafficLimits,
)
from fairlead.fleet.pod_metadata import PodMetadata
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant, TenantBudget
from fairlead.fleet.token_issuer import TokenIssuer


def routing(spec: RouterSpec, tenants: Iterable[TenantSpec]) -> RoutingSettings:
    """Convert an object's router settings; secrets stay references to their location."""
    redis, oidc = spec.cache.redis, spec.oidc
    clients = spec.connections if spec.door is None else spec.door
    tls, engine_tls = clients.tls, clients.engine_tls
    return replace(
        base_routing(spec),
        tenants=tuple(tenant(one, tuple(value(key, SecretKey) for key in one.keys)) for one in tenants),
        cache=response_cache(spec.cache, value(redis.url_secret, SecretKey) if redis else None),
        connections=connections(
            clients, tls.secret_name if tls else None, value(engine_tls.ca_secret, SecretKey) if engine_tls else None
        ),
        oidc=token_issuer(oidc, value(oidc.ca_secret, SecretKey) if oidc.ca_secret else None) if oidc else None,
    )


def pods(spec: RouterSpec, replicas: int | None) -> RouterPods:
    """Return the pods of `replicas` routers, and the Service in front of them."""
    annotations = tuple(sorted(spec.service.annotations.items()))
    route = _route(spec.http_route) if spec.http_route else None
    return RouterPods(
        replicas=replicas,
        service=spec.service.type,
        annotations=annotations,
        route=route,
        placement=pod_conversion.placement(spec.placement),
        resources=value(spec.resources, ContainerResources),
        metadata=value(spec.pod_metadata, PodMetadata),
    )


def _route(spec: HttpRoute) -> ServiceRoute:
    return value(spec, ServiceRoute, parents=tuple(value(one, RouteParent) for one in spec.parent_refs))


def base_routing(spec: BaseRouterSpec) -> RoutingSettings:
    """Convert the settings that refer to no Secret; those that may refer to one keep their defaults."""
    silent = RoutingSettings()
    balancing, lanes = spec.balancing, spec.lanes
    return value(
        spec,
        RoutingSettings,
        limits=_limits(spec.limits),
        cache=silent.cache,
        tenants=silent.tenants,
        bands=tuple(value(one, Band, reserved=float(one.reserved or 0)) for one in spec.bands),
        long_lane=value(lanes.long, LongLaneLimits) if lanes.long else None,
        batch_lane=value(lanes.batch, BatchLaneLimits) if lanes.batch else None,
        balancing=value(balancing, Balancing, salt=balancing.cache_salt),
        connections=silent.connections,
        telemetry=_telemetry(spec),
        oidc=silent.oidc,
    )


def _limits(spec: traffic.Limits) -> TrafficLimits:
    silent = TrafficLimits()
    return value(
        spec,
        TrafficLimits,
        max_queued=spec.max_queued or silent.max_queued,
        max_request_bytes=amounts.size(spec.max_request_size) if spec.max_request_size else silent.max_request_bytes,
        shadow=spec.enforcement is traffic.Enforcement.SHADOW,
    )


def response_cache(spec: traffic.BaseResponseCache, redis_url: SecretKey | None = None) -> ResponseCacheSettings:
    """The response cache, and the Redis that shares it."""
    by_tenant = spec.scope is traffic.CacheScope.TENANT
    return value(spec, ResponseCacheSettings, by_tenant=by_tenant, redis_url=redis_url)


def tenant(spec: BaseTenant, keys: tuple[SecretKey, ...]) -> Tenant:
    """Convert one tenant, with references to its keys."""
    budget = spec.budget
    return value(
        spec,
        Tenant,
        keys=keys,
        budget=value(budget, TenantBudget, monthly=budget.period is BudgetPeriod.MONTH) if budget else None,
        shadow=spec.enforcement is traffic.Enforcement.SHADOW,
    )


def token_issuer(spec: BaseTokenIssuer, ca: SecretKey | None = None) -> TokenIssuer:
    """Convert the token issuer, with a reference to its CA certificate."""
    return value(spec, TokenIssuer, ca=ca)


def connections(
    spec: BaseConnections, tls_secret: str | None = None, engine_ca: SecretKey | None = None
) -> RouterConnections:
    """Convert the settings of clients' connections, with references to certificates."""
    origins = spec.cors.origins if spec.cors else ()
    return value(spec, RouterConnections, cors_origins=origins, tls_secret=tls_secret, engine_ca=engine_ca)


def _telemetry(spec: BaseRouterSpec) -> RequestTelemetry:
    log, tracing, silent = spec.access_log, spec.tracing, RequestTelemetry()
    return RequestTelemetry(
        access_log=log.enabled,
        log_prompts=log.prompts,
        otlp_endpoint=tracing.endpoint if tracing else None,
        trace_share=float(tracing.share) if tracing else silent.trace_share,
    )
