"""From an InferenceGateway to the settings of its routers."""

from fairlead.api import routing_conversion
from fairlead.api.gateway import InferenceGatewaySpec
from fairlead.api.object_reader import ParsedObject
from fairlead.api.routes import ModelRoute, Rule
from fairlead.api.value_mapping import value
from fairlead.fleet.gateways import DesiredGateway, Gateway, Route, RouterPods, RouteRule, TokenRange

DEFAULT_REPLICAS = 2


def gateway(written: ParsedObject[InferenceGatewaySpec]) -> DesiredGateway:
    """Everything that one gateway object specifies."""
    spec = written.spec
    desired = Gateway(
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
    return DesiredGateway(gateway=desired, pods=pods)


def _route(spec: ModelRoute) -> Route:
    weights = tuple((one.deployment, one.weight) for one in spec.weighted)
    return value(spec, Route, weights=weights, rules=tuple(_rule(one) for one in spec.rules))


def _rule(spec: Rule) -> RouteRule:
    when = spec.when
    return value(
        when,
        RouteRule,
        name=spec.name,
        deployment=spec.deployment,
        prompt_tokens=TokenRange(least=when.min_prompt_tokens, most=when.max_prompt_tokens),
        output_tokens=TokenRange(least=when.min_output_tokens, most=when.max_output_tokens),
    )
