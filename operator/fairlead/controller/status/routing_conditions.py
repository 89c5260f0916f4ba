"""The condition Routable: whether requests reach a replica, and what happens to them while they do not. Pure."""

from typing import Final

from fairlead.controller.status import hung_status, scaling_conditions
from fairlead.controller.status.replica_counts import ReplicaTally, tally
from fairlead.controller.status.status_inputs import RouterSummary, StatusInputs
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.plurals import verb, verb_of_part
from fairlead.fleet.policies import ReplicaBounds, ScalingReason


def routable(inputs: StatusInputs) -> UntimedCondition:
    """Whether requests reach a replica."""
    if inputs.routers is None:
        why = inputs.review.accepted.reason
        return UntimedCondition(
            type=ConditionType.ROUTABLE,
            holds=None,
            reason=why,
            message="there is no router yet; see the condition Accepted",
        )
    return next(condition for rule in _ROUTES if (condition := rule(inputs, inputs.routers, tally(inputs))))


def wakes(inputs: StatusInputs) -> bool:
    """Whether a request can start a replica from zero: an autoscaler decides, its upper bound and budget allow one."""
    bounds = inputs.review.deployment.replicas if inputs.review.deployment else None
    decides = scaling_conditions.scaling_active(inputs).reason in {Why.RECOMMENDED, Why.NO_RECOMMENDATION}
    return isinstance(bounds, ReplicaBounds) and bounds.most > 0 and decides and not _pays_for_none(inputs)


def _pays_for_none(inputs: StatusInputs) -> bool:
    """Whether a policy that acts has a budget below the price of one replica."""
    if inputs.scaled is None or inputs.scaled.advised is not None or inputs.count is None or inputs.count.replicas > 0:
        return False
    return inputs.scaled.reason == ScalingReason.OVER_BUDGET.value


def doubts(inputs: StatusInputs) -> str:
    """Return why the first ready replica gets no requests, after a `;`; empty if routers report no reason."""
    return f"{_why_not(inputs.routers)}{_kept(inputs)}" if inputs.routers else ""


def _through_gateway(_: StatusInputs, routers: RouterSummary, __: ReplicaTally) -> UntimedCondition | None:
    if routers.refused is None or (routers.meanwhile and routers.ready):
        return None
    return _no(ConditionType.ROUTABLE, routers.refused, routers.problem)


def _no_router_ready(_: StatusInputs, routers: RouterSummary, __: ReplicaTally) -> UntimedCondition | None:
    if routers.ready:
        return None
    why = f"; {routers.problem}" if routers.problem else ""
    whose = f" of gateway {routers.gateway}" if routers.gateway else ""
    words = f"0 of {counted(routers.wanted, 'router')}{whose} {verb(routers.wanted, 'is')} ready{why}"
    return _no(ConditionType.ROUTABLE, Why.ROUTERS_NOT_READY, words)


def _nothing_ready(inputs: StatusInputs, __: RouterSummary, count: ReplicaTally) -> UntimedCondition | None:
    if count.ready:
        return None
    if count.wanted == 0:
        return _yes(ConditionType.ROUTABLE, Why.SCALED_TO_ZERO, _at_zero(inputs))
    return _no(
        ConditionType.ROUTABLE,
        Why.NONE_READY,
        "no replica is ready; routers hold requests until one is; see the condition Available",
    )


def _silent(_: StatusInputs, routers: RouterSummary, __: ReplicaTally) -> UntimedCondition | None:
    if routers.reporting:
        return None
    ready = f"{counted(routers.ready, 'router')} {verb(routers.ready, 'is')} ready"
    words = f"{ready} but {verb(routers.ready, 'does')} not report the endpoints; kubectl logs of the router shows more"
    return UntimedCondition(type=ConditionType.ROUTABLE, holds=None, reason=Why.ROUTERS_SILENT, message=words)


def _at_zero(inputs: StatusInputs) -> str:
    """Return what happens to requests while no replicas are desired."""
    if wakes(inputs):
        return "no replicas are desired; routers hold requests, and the first one makes the autoscaler start a replica"
    if inputs.review.deployment is not None and isinstance(inputs.review.deployment.replicas, ReplicaBounds):
        cause = "no autoscaler decides now: ScalingActive says why"
        if _pays_for_none(inputs):
            cause = "the policy's budget pays for none: raise budget.maxCostPerHour"
    else:
        cause = "spec.replicas is 0: raise it"
    hold = "hold.maxTime of the gateway" if inputs.routers and inputs.routers.gateway else "spec.router.hold"
    return f"no replicas are desired, and no request starts one; requests wait for {hold}, then get 503; {cause}"


def _counted(inputs: StatusInputs, routers: RouterSummary, count: ReplicaTally) -> UntimedCondition:
    gets = verb_of_part(count.routable, count.ready, "gets")
    some = f"{count.routable} of {counted(count.ready, 'ready replica')}"
    words = f"{some} {gets} requests{_why_not(routers)}{_kept(inputs)}{_until(routers)}"
    if count.routable:
        return _yes(ConditionType.ROUTABLE, Why.ROUTABLE, words)
    return _no(ConditionType.ROUTABLE, Why.NO_TOKENS if routers.reasons else Why.PROBING, words)


_ROUTES: Final = (_through_gateway, _no_router_ready, _nothing_ready, _silent, _counted)
"""The first that returns a condition wins; the last always returns one."""


def _until(routers: RouterSummary) -> str:
    """Return who serves until the gateway's routers do, if these do not yet."""
    if not routers.meanwhile:
        return ""
    why = f": {routers.problem}" if routers.problem else ""
    return f"; {routers.meanwhile} until those of gateway {routers.gateway} do{why}"


def _why_not(routers: RouterSummary) -> str:
    reasons = sorted((routers.reasons or {}).items())
    return f"; {reasons[0][0]}: {reasons[0][1]}" if reasons else ""


def _kept(inputs: StatusInputs) -> str:
    """Return why a replica that hangs is not replaced, if a person should know."""
    return f"; {inputs.hung.because}" if inputs.hung is not None and inputs.hung.reason in hung_status.REPORTED else ""


def _yes(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=True, reason=reason, message=message)


def _no(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=False, reason=reason, message=message)
