"""The status of a gateway: its models and their targets, its tenants and what they use, its conditions. Pure.

Messages hold no times, and only numbers that do not change at rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from fairlead.cluster.kinds import Manifest
from fairlead.controller.gateways.gateway_secrets import MissingSecrets
from fairlead.controller.gateways.gateway_snapshot import GatewaySnapshot
from fairlead.controller.status import tenant_use
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.endpoints import EndpointState, GatewayReport
from fairlead.fleet.gateways import DesiredGateway
from fairlead.fleet.model_routes import EXTERNAL, FallbackReason, ModelRoute
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.plurals import verb
from fairlead.objects import labels, router_service
from fairlead.review import route_targets
from fairlead.review.gateway_members import GatewayMembers

MAX_MODELS = 256
MAX_TARGETS = 32
_AS_BEFORE = ("deployments", "endpoint", "models")
"""Fields that are known only for an accepted spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayInputs:
    """One gateway at one moment."""

    gateway: DesiredGateway | None = None
    """None: it cannot be read, or it is refused."""
    refused: UntimedCondition | None = None
    """Why nothing of it is applied."""
    obstacle: Obstacle | None = None
    members: GatewayMembers = field(default_factory=GatewayMembers)
    routes: tuple[ModelRoute, ...] = ()
    findings: tuple[str, ...] = ()
    missing: MissingSecrets = field(default_factory=MissingSecrets)
    reports: Sequence[GatewayReport | None] = ()
    """One for each ready router; None if it did not answer."""
    problem: str = ""
    """Why the first unready router is not ready."""
    route: tuple[UntimedCondition, ...] = ()
    """The condition RouteAccepted, if there is one."""

    @property
    def awaits_a_deleted_one(self) -> bool:
        """Whether nothing is applied before the children of a deleted gateway of its name are gone."""
        found = self.obstacle
        return found is not None and found.reason is Why.CHILD_TERMINATING and not found.passes


def figures(observed: GatewaySnapshot, inputs: GatewayInputs) -> Manifest:
    """Return the status fields other than conditions and tenants."""
    found: Manifest = {
        "replicas": len(observed.routers) + len(observed.unready_routers),
        "readyReplicas": len(observed.routers),
        "selector": labels.as_text(observed.owner.router_selector),
    }
    if inputs.refused is not None or inputs.gateway is None:
        return found | {name: observed.status[name] for name in _AS_BEFORE if name in observed.status}
    found["deployments"] = len(inputs.members.joined)
    found["endpoint"] = router_service.url(observed.owner, inputs.gateway.routing.connections)
    models = [_model(route, inputs) for route in sorted(inputs.routes, key=lambda one: one.name)]
    return found | ({"models": models[:MAX_MODELS]} if models else {})


def tenants(inputs: GatewayInputs, stored: Sequence[Manifest]) -> list[Manifest]:
    """Return what each tenant uses, over all routers, and its limits; `stored` is what was written last.

    All of it stays while the spec is refused, since routers keep the previous limits.
    """
    if inputs.refused is not None or inputs.gateway is None:
        return list(stored)
    return tenant_use.of(
        inputs.gateway.routing.tenants, [None if one is None else one.tenants for one in inputs.reports], stored
    )


def untimed(observed: GatewaySnapshot, inputs: GatewayInputs) -> tuple[UntimedCondition, ...]:
    """Return all conditions, the summary first."""
    accepted, routable = _accepted(inputs), _routable(observed, inputs)
    stalled = [_condition(ConditionType.STALLED, True, accepted.reason, accepted.message)] * (accepted.holds is False)
    return (_ready(observed, accepted, routable), *stalled, accepted, routable, *inputs.route)


def _accepted(inputs: GatewayInputs) -> UntimedCondition:
    if inputs.refused is not None:
        return inputs.refused
    if inputs.obstacle is not None and not inputs.obstacle.passes:
        holds = None if inputs.awaits_a_deleted_one else False
        return _condition(ConditionType.ACCEPTED, holds, inputs.obstacle.reason, inputs.obstacle.message)
    leaving = (inputs.obstacle.message,) if inputs.obstacle is not None else ()
    lacking = inputs.missing.findings
    first = "routers run without these Secrets, or entries of them" if lacking else "every setting can work"
    words = " | ".join((first, *lacking, *inputs.findings, *leaving))
    return _condition(ConditionType.ACCEPTED, True, Why.SECRETS_MISSING if lacking else Why.ACCEPTED, words)


def _routable(observed: GatewaySnapshot, inputs: GatewayInputs) -> UntimedCondition:
    """Whether requests reach a replica of any model."""
    kind, ready = ConditionType.ROUTABLE, len(observed.routers)
    if not ready:
        wanted = (inputs.gateway.pods.replicas if inputs.gateway else None) or 0
        why = f"; {inputs.problem}" if inputs.problem else ""
        words = f"0 of {counted(wanted, 'router')} {verb(wanted, 'is')} ready{why}"
        return _condition(kind, False, Why.ROUTERS_NOT_READY, words)
    if inputs.refused is not None:
        return _as_before(inputs)
    if not inputs.routes:
        words = "there is no model: name this gateway in spec.gateway of a deployment, or add a route to spec.models"
        return _condition(kind, False, Why.NO_MODELS, words)
    if not _answers(inputs):
        words = f"{counted(ready, 'router')} {verb(ready, 'is')} ready but {verb(ready, 'does')} not report targets"
        return _condition(kind, None, Why.ROUTERS_SILENT, f"{words}; kubectl logs of the router shows more")
    return _models_routable(inputs)


def _models_routable(inputs: GatewayInputs) -> UntimedCondition:
    """The same while routers are ready and report: one model that is answered, or that a request wakes, is enough."""
    kind, down = ConditionType.ROUTABLE, [one for one in inputs.routes if not _answering(one, inputs)]
    served, every = len(inputs.routes) - len(down), len(inputs.routes)
    words = f"{served} of {counted(every, 'model')} can be answered"
    if down:
        first = min(down, key=lambda one: one.name)
        words = f"{words}; {first.name}: {_why_down(first, inputs)}"
    if served:
        return _condition(kind, True, Why.ROUTABLE, words)
    if any(_wakes(one, inputs) for one in down):
        return _condition(kind, True, Why.SCALED_TO_ZERO, words)
    lacks_keys = all(inputs.missing.keyless & route_targets.first(one) for one in down)
    return _condition(kind, False, Why.SECRETS_MISSING if lacks_keys else Why.NONE_READY, words)


def _as_before(inputs: GatewayInputs) -> UntimedCondition:
    """Whether routers still send requests by their previous configuration, while the spec is refused."""
    used = [name for one in _answers(inputs) for name in one.targets if _routable_pods(name, inputs)]
    words = "routers keep their previous configuration; see the condition Accepted"
    if used:
        return _condition(ConditionType.ROUTABLE, True, Why.ROUTABLE, words)
    return _condition(ConditionType.ROUTABLE, None, Why.ROUTERS_SILENT, words)


def _ready(observed: GatewaySnapshot, accepted: UntimedCondition, routable: UntimedCondition) -> UntimedCondition:
    """Whether routers do what the spec says; one model without a replica is its deployment's matter."""
    kind = ConditionType.READY
    if accepted.holds is not True:
        some = len(observed.routers)
        meanwhile = f"; {counted(some, 'router')} {verb(some, 'serves')} as before" if some else ""
        return _condition(kind, False, accepted.reason, f"{accepted.message}{meanwhile}")
    if routable.reason in (Why.ROUTERS_NOT_READY, Why.NONE_READY, Why.SECRETS_MISSING):
        return _condition(kind, False, routable.reason, routable.message)
    return _condition(kind, None if routable.holds is None else True, _summary(routable), routable.message)


def _summary(routable: UntimedCondition) -> Why:
    return Why.SERVING if routable.reason is Why.ROUTABLE else routable.reason


def _model(route: ModelRoute, inputs: GatewayInputs) -> Manifest:
    names = list(dict.fromkeys(target for _, target in route_targets.of(route)))
    found: Manifest = {
        "name": route.name,
        "ready": _answering(route, inputs),
        "targets": [_target(one, inputs) for one in names[:MAX_TARGETS]],
    }
    return found if found["ready"] else found | {"message": _why_down(route, inputs)}


def _target(name: str, inputs: GatewayInputs) -> Manifest:
    if name.startswith(EXTERNAL):
        return {"name": name}
    found: Manifest = {"name": name, "routable": len(_routable_pods(name, inputs))}
    out_of_sight = name in inputs.members.joined and name not in inputs.members.ready
    return found if out_of_sight else found | {"ready": inputs.members.ready.get(name, 0)}


def _answering(route: ModelRoute, inputs: GatewayInputs) -> bool:
    """Whether a request for it reaches a replica, or another API if none serves, whose key routers have."""
    chain = route.fallback
    helps = chain is not None and FallbackReason.UNAVAILABLE in chain.reasons
    others = chain.targets if helps and chain is not None else ()
    return any(_takes_requests(one, inputs) for one in (*route_targets.first(route), *others))


def _takes_requests(target: str, inputs: GatewayInputs) -> bool:
    if target.startswith(EXTERNAL):
        return target not in inputs.missing.keyless
    return bool(_routable_pods(target, inputs))


def _wakes(route: ModelRoute, inputs: GatewayInputs) -> bool:
    """Whether no replica of it is wanted until the next request, which is held meanwhile."""
    return not route_targets.first(route).isdisjoint(inputs.members.waking)


def _why_down(route: ModelRoute, inputs: GatewayInputs) -> str:
    targets = sorted(route_targets.first(route))
    if keyless := [one for one in targets if one in inputs.missing.keyless]:
        return f"routers lack the key of {keyless[0]}; see the condition Accepted"
    lost = [one for one in targets if one not in inputs.members.joined]
    if lost:
        return f"{lost[0]} has not joined this gateway; see the condition Accepted"
    if waking := [one for one in targets if one in inputs.members.waking]:
        return f"{waking[0]} is at zero; routers hold requests, and the first one starts a replica"
    return f"no replica of {' or '.join(targets)} gets requests; kubectl describe infd shows why"


def _routable_pods(target: str, inputs: GatewayInputs) -> frozenset[str]:
    """Return pods that any router sends requests to."""
    every = (one for report in _answers(inputs) for one in report.targets.get(target, ()))
    return frozenset(one.pod for one in every if one.state is EndpointState.ROUTABLE)


def _answers(inputs: GatewayInputs) -> list[GatewayReport]:
    return [one for one in inputs.reports if one is not None]


def _condition(kind: ConditionType, holds: bool | None, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=holds, reason=reason, message=message)
