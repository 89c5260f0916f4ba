"""The models that a gateway serves: those of its spec, and the own names of deployments that joined. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.fleet import findings
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import EXTERNAL, ModelRoute
from fairlead.review import gateway_review, route_targets
from fairlead.review.gateway_members import GatewayMembers


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedModels:
    """What clients may request."""

    routes: tuple[ModelRoute, ...]
    findings: tuple[str, ...]
    """What does not work as it may have been meant."""


def routed(gateway: DesiredGateway, members: GatewayMembers) -> RoutedModels:
    """Return the spec's routes first; a name that is taken is not given again."""
    routes = {one.name: one for one in gateway.routes.routes}
    found = list(_unrouted(gateway, members))
    mentioned = {target for route in gateway.routes.routes for _, target in route_targets.of(route)}
    claims = [
        (name, target)
        for target, entry in sorted(members.joined.items())
        for name in _own_names(entry, stands_in_route=target in mentioned)
    ]
    owners = _owners(claims, members)
    for name, target in claims:
        other = routes.setdefault(name, ModelRoute(name=name, target=owners[name]))
        if other.target != target:
            found.append(_taken(name, target, other))
    found += [one.sentence for one in gateway_review.unserved(gateway, routes)]
    return RoutedModels(routes=tuple(routes.values()), findings=tuple(findings.shown(found)))


def _owners(claims: Sequence[tuple[str, str]], members: GatewayMembers) -> dict[str, str]:
    """Return who gets each name: the deployment that has it, so that nobody who joins takes its clients, else the
    oldest."""

    def place(claim: tuple[str, str]) -> tuple[bool, str, str]:
        name, target = claim
        return members.held.get(name) != target, members.since.get(target, ""), target

    owners: dict[str, str] = {}
    for name, target in sorted(claims, key=place):
        owners.setdefault(name, target)
    return owners


def _own_names(entry: dict[str, object], *, stands_in_route: bool) -> Iterator[str]:
    """Yield its adapters, and the name of its base model unless a route leads there under another name."""
    adapters, models = entry.get("adapters"), entry.get("models")
    extra = [str(one) for one in adapters] if isinstance(adapters, list) else []
    coming = entry.get("adapterVersions")
    extra += [str(one.get("name")) for one in coming] if isinstance(coming, list) else []
    for one in models if isinstance(models, list) else ():
        if str(one) in extra or not stands_in_route:
            yield str(one)


def _taken(name: str, target: str, other: ModelRoute) -> str:
    by = other.target if other.target is not None else f"route {other.name}"
    return (
        f"spec.models: {name}: {target} is served under this name, too, and {by} has it: clients do not reach {target} "
        "by it; add a route with another name that leads there"
    )


def _unrouted(gateway: DesiredGateway, members: GatewayMembers) -> Iterator[str]:
    """Yield routes to deployments that have not joined."""
    for number, route in enumerate(gateway.routes.routes):
        for field, target in route_targets.of(route):
            if not target.startswith(EXTERNAL) and target not in members.joined:
                because, remedy = _why_not(target, gateway, members)
                yield f"spec.models[{number}].{field}: {target}: {because}; {remedy}"


def _why_not(target: str, gateway: DesiredGateway, members: GatewayMembers) -> tuple[str, str]:
    reference = gateway.reference
    if target not in members.present:
        return "there is no such InferenceDeployment", "create it, or correct the name"
    if target not in members.named_by:
        return (
            "this deployment has not joined the gateway",
            f"set its spec.gateway to name {reference.name}, namespace {reference.namespace}",
        )
    return (
        "this deployment has not joined yet",
        "if this lasts, its conditions Accepted and Routable say what is missing",
    )
