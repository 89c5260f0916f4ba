"""From an InferenceGateway to the settings of its routers."""

from fairlead.api import amounts, routing_conversion
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.object_reader import ParsedObject
from fairlead.api.routes import ModelRoute, Rule
from fairlead.fleet.gateways import Cascade, DesiredGateway, Fallback, Gateway, Route, RouterPods, RouteRule, TokenRange

DEFAULT_REPLICAS = 2


def gateway(written: ParsedObject[InferenceGatewaySpec]) -> DesiredGateway:
    """Everything that one gateway object specifies."""
    spec = written.spec
    asked = Gateway(
        namespace=written.namespace,
        name=written.name,
        routes=tuple(_route(one) for one in spec.models),
        routing=routing_conversion.routing(spec),
    )
    pods = RouterPods(
        replicas=DEFAULT_REPLICAS if spec.replicas is None else spec.replicas,
        service=spec.service.type,
        annotations=tuple(sorted(spec.service.annotations.items())),
    )
    return DesiredGateway(gateway=asked, pods=pods)


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
        prompt_tokens=TokenRange(least=when.min_prompt_tokens, most=when.max_prompt_tokens),
        output_tokens=TokenRange(least=when.min_output_tokens, most=when.max_output_tokens),
        structured_output=when.structured_output,
        tools=when.tools,
        tenants=frozenset(when.tenants),
    )
