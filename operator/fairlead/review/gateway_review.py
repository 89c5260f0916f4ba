"""Findings about a gateway from its own fields: names of nothing, targets that may not join, chains that repeat.

What depends on other objects, such as missing deployments or those of another gateway, is known in a cluster. Pure.
"""

import difflib
from collections.abc import Container, Iterable, Iterator

from fairlead.api import gateway_conversion, object_reader
from fairlead.api.kinds import GATEWAY
from fairlead.fleet.findings import SpecRefusal, SpecWarning
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import EXTERNAL, InvalidAnswerAction, ModelRoute
from fairlead.review import (
    durations,
    empty_budgets,
    engine_tls,
    memory_limits,
    missing_units,
    open_routers,
    route_expressions,
    route_limits,
    route_targets,
    tenant_claims,
    tolerations,
    unsupported_fields,
)
from fairlead.review.context import ObjectKey
from fairlead.review.result import AdmissionReason


def read(document: object) -> tuple[ObjectKey, DesiredGateway] | None:
    """Read a gateway as written, with its key; None if the document is no gateway or cannot be read."""
    found = object_reader.read_stored(document, GATEWAY).value
    if found is None:
        return None
    return ObjectKey(GATEWAY.name, found.namespace, found.name), gateway_conversion.gateway(found)


def refusals(gateway: DesiredGateway) -> Iterator[SpecRefusal]:
    """Refuse everything that keeps a route from working, whatever else exists."""
    yield from unsupported_fields.of_gateway(gateway)
    yield from tenant_claims.refusals(gateway.routing, "spec")
    yield from tolerations.refusals(gateway.pods.placement, "spec")
    for number, route in enumerate(gateway.routes.routes):
        place = f"spec.models[{number}]"
        yield from _externals(place, route, gateway)
        yield from _namespaces(place, route, gateway)
        yield from _tenants(place, route, gateway)
        yield from route_expressions.refusals(place, route)


def warnings(gateway: DesiredGateway) -> Iterator[SpecWarning]:
    """Warn of what is allowed but has no effect, or not the intended one."""
    yield from durations.timeouts(gateway.routing, "spec")
    yield from route_limits.warnings(gateway.routing, gateway.pods, "spec")
    yield from engine_tls.warnings(gateway.routing, "spec")
    yield from open_routers.warnings(gateway.routing, gateway.pods, "spec")
    yield from empty_budgets.warnings(gateway.routing, "spec")
    yield from memory_limits.of_router(gateway.routing, gateway.pods, "spec")
    yield from missing_units.of_container(gateway.pods.resources, "spec")
    yield from _unpriced(gateway)
    for number, route in enumerate(gateway.routes.routes):
        yield from _repeats(f"spec.models[{number}]", route)
        if route.on_invalid is InvalidAnswerAction.ESCALATE and route.fallback is None and route.cascade is None:
            yield SpecWarning(
                field=f"spec.models[{number}].onInvalid",
                value=route.on_invalid,
                reason=AdmissionReason.NO_SUCH_NAME,
                because="this model has no other deployment to try, so an invalid answer is returned as it is",
                remedy="name one in fallback.deployments, or write Retry",
            )


def _unpriced(gateway: DesiredGateway) -> Iterator[SpecWarning]:
    """Warn of each external API without prices, if tenants have budgets."""
    names = [one.name for one in gateway.routing.tenants if one.budget is not None]
    for number, one in enumerate(gateway.routes.externals):
        if names and not (one.prices.prompt or one.prices.output):
            yield SpecWarning(
                field=f"spec.external[{number}].prices",
                value="none",
                reason=AdmissionReason.NOT_ENFORCED,
                because=f"requests to it then cost nothing, so the budget of {names[0]} refuses none of them",
                remedy="write what it charges for a million tokens, prompt and output",
            )


def unserved(gateway: DesiredGateway, served: Container[str]) -> Iterator[SpecWarning]:
    """Warn of each model that a tenant may use and nothing serves; deployments that join later may."""
    for number, tenant in enumerate(gateway.routing.tenants):
        for model in sorted(one for one in tenant.models if one not in served):
            yield SpecWarning(
                field=f"spec.tenants[{number}].models",
                value=model,
                reason=AdmissionReason.NOT_SERVED,
                because="no route has this name, and no deployment that joins is served under it",
                remedy="add it to models, or remove it here",
            )


def _externals(place: str, route: ModelRoute, gateway: DesiredGateway) -> Iterator[SpecRefusal]:
    names = [one.name for one in gateway.routes.externals]
    for field, target in route_targets.of(route):
        if target.startswith(EXTERNAL) and target not in names:
            yield _unknown(f"{place}.{field}", target, names, "spec.external")


def _namespaces(place: str, route: ModelRoute, gateway: DesiredGateway) -> Iterator[SpecRefusal]:
    """Refuse a target in a namespace that may never join."""
    for field, target in route_targets.of(route):
        namespace = target.partition("/")[0]
        if not target.startswith(EXTERNAL) and not gateway.allows(namespace):
            yield SpecRefusal(
                field=f"{place}.{field}",
                value=target,
                reason=AdmissionReason.NOT_ALLOWED,
                because=f"deployments of namespace {namespace} are not permitted to join this gateway",
                remedy=f"add {namespace} to spec.allowedNamespaces, or name a deployment of "
                f"{gateway.reference.namespace}",
            )


def _tenants(place: str, route: ModelRoute, gateway: DesiredGateway) -> Iterator[SpecRefusal]:
    names = [one.name for one in gateway.routing.tenants]
    for number, rule in enumerate(route.rules):
        for tenant in sorted(rule.when.tenants.difference(names)):
            yield _unknown(f"{place}.rules[{number}].when.tenants", tenant, names, "spec.tenants")


def _unknown(field: str, value: str, names: Iterable[str], where: str) -> SpecRefusal:
    near = difflib.get_close_matches(value, names, n=1)
    return SpecRefusal(
        field=field,
        value=value,
        reason=AdmissionReason.NO_SUCH_NAME,
        because=f"nothing in {where} has this name",
        remedy=f"did you mean {near[0]}?" if near else f"add it to {where}, or remove it here",
    )


def _repeats(place: str, route: ModelRoute) -> Iterator[SpecWarning]:
    """Warn of a fallback to where the request comes from, or twice to the same target."""
    seen = set(route_targets.first(route)) if route.target and not route.rules else set()
    for number, target in enumerate(route.fallback.targets if route.fallback else ()):
        if target in seen:
            yield SpecWarning(
                field=f"{place}.fallback.deployments[{number}]",
                value=target,
                reason=AdmissionReason.REPEATED,
                because="this target has already been tried when the chain reaches it, so it is skipped",
                remedy="remove it, or name another one",
            )
        seen.add(target)
    if route.shadow is not None and route_targets.first(route) == {route.shadow.target}:
        yield SpecWarning(
            field=f"{place}.shadow.deployment",
            value=route.shadow.target,
            reason=AdmissionReason.REPEATED,
            because="every request of this model already goes there, so none is copied",
            remedy="name the deployment that you want to try",
        )
