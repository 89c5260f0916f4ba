"""From an InferenceGateway to what its routers work by."""

from fairlead.api import amounts, into_routing
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.reading import Written
from fairlead.api.routes import ModelRoute, Rule
from fairlead.fleet.gateways import (
    Cascade,
    Fallback,
    Gateway,
    Route,
    RouterPods,
    RouteRule,
    Span,
    WantedGateway,
)

DEFAULT_REPLICAS = 2


def gateway(written: Written[InferenceGatewaySpec]) -> WantedGateway:
    """All that one gateway object asks for."""
    spec = written.spec
    asked = Gateway(
        namespace=written.namespace,
        name=written.name,
        routes=tuple(_route(one) for one in spec.models),
        routing=into_routing.routing(spec),
    )
    pods = RouterPods(
        replicas=DEFAULT_REPLICAS if spec.replicas is None else spec.replicas,
        service=spec.service.type,
        annotations=tuple(sorted(spec.service.annotations.items())),
    )
    return WantedGateway(gateway=asked, pods=pods)


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
