"""Conversion of an InferenceGateway into the values that other packages use; targets get the names that routers use."""

from fairlead.api import routing_conversion
from fairlead.api.external_models import ExternalModel
from fairlead.api.gateway import Cascade, Fallback, InferenceGatewaySpec, Shadow
from fairlead.api.gateway import ModelRoute as ModelRouteSpec
from fairlead.api.gateway import Rule as RuleSpec
from fairlead.api.object_reader import ParsedObject
from fairlead.api.value_mapping import value
from fairlead.fleet.desired_state import SecretKey
from fairlead.fleet.gateways import DesiredGateway, GatewayReference, RouterPods
from fairlead.fleet.model_routes import (
    EXTERNAL,
    CascadeSettings,
    ExternalTarget,
    FallbackChain,
    GatewayRoutes,
    ModelRoute,
    RequestConditions,
    RouteRule,
    ShadowCopy,
    TokenPrices,
    WeightedTarget,
)


def gateway(written: ParsedObject[InferenceGatewaySpec]) -> DesiredGateway:
    """Convert a whole InferenceGateway."""
    spec = written.spec
    count = RouterPods().replicas if spec.replicas is None else spec.replicas
    return DesiredGateway(
        reference=GatewayReference(namespace=written.namespace, name=written.name),
        routing=routing_conversion.routing(spec, spec.tenants),
        routes=GatewayRoutes(
            routes=tuple(_route(one, written.namespace) for one in spec.models),
            externals=tuple(_external(one) for one in spec.external),
        ),
        pods=routing_conversion.pods(spec, count),
        allowed_namespaces=frozenset(spec.allowed_namespaces),
    )


def target(name: str, namespace: str) -> str:
    """Name a target as routers do; a name alone is a deployment of the gateway's own namespace."""
    return name if "/" in name else f"{namespace}/{name}"


def _route(spec: ModelRouteSpec, namespace: str) -> ModelRoute:
    return value(
        spec,
        ModelRoute,
        target=target(spec.deployment, namespace) if spec.deployment else None,
        weighted=tuple(value(one, WeightedTarget, target=target(one.deployment, namespace)) for one in spec.weighted),
        rules=tuple(_rule(one, namespace) for one in spec.rules),
        cascade=_cascade(spec.cascade, namespace) if spec.cascade else None,
        fallback=_fallback(spec.fallback, namespace) if spec.fallback else None,
        shadow=_shadow(spec.shadow, namespace) if spec.shadow else None,
    )


def _rule(spec: RuleSpec, namespace: str) -> RouteRule:
    return RouteRule(
        name=spec.name, when=value(spec.when, RequestConditions), target=target(spec.deployment, namespace)
    )


def _cascade(spec: Cascade, namespace: str) -> CascadeSettings:
    return value(
        spec,
        CascadeSettings,
        targets=tuple(target(one, namespace) for one in spec.deployments),
        check=spec.validator,
    )


def _fallback(spec: Fallback, namespace: str) -> FallbackChain:
    targets = tuple(target(one, namespace) for one in spec.deployments)
    return FallbackChain(targets=targets, reasons=frozenset(spec.reasons))


def _shadow(spec: Shadow, namespace: str) -> ShadowCopy:
    return ShadowCopy(target=target(spec.deployment, namespace), share=float(spec.share))


def _external(spec: ExternalModel) -> ExternalTarget:
    return value(
        spec,
        ExternalTarget,
        name=f"{EXTERNAL}{spec.name}",
        key=value(spec.key_secret, SecretKey) if spec.key_secret else None,
        prices=value(spec.prices, TokenPrices),
    )
