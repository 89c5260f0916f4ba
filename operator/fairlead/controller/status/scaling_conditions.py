"""The condition ScalingActive: what decides the replica count, and whether that works. Pure."""

from fairlead.controller.snapshot import AutoscalerReport
from fairlead.controller.status.status_inputs import StatusInputs
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.plurals import count as counted
from fairlead.fleet.policies import ReplicaBounds, ScalingReason
from fairlead.planning.replica_count import CountReason, ReplicaCount


def scaling_active(inputs: StatusInputs) -> UntimedCondition:
    """Return what decides the replica count, and whether that works."""
    deployment = inputs.review.deployment
    if deployment is None or inputs.count is None:
        return _condition(
            None, inputs.review.accepted.reason, "the count stays as it is while the spec is not accepted"
        )
    if not isinstance(deployment.replicas, ReplicaBounds):
        return _condition(False, Why.FIXED, "spec.replicas decides; set it by hand, by kubectl scale or by an HPA")
    lost = [one.key.name for one in inputs.review.lost if one.key.kind == "AutoscalingPolicy"]
    if lost:
        where = deployment.revision.namespace
        words = f"spec.scaling.policy.name: {lost[0]}: there is no such AutoscalingPolicy in namespace {where}"
        return _condition(False, Why.POLICY_NOT_FOUND, f"{words}; create it; until then {inputs.count.because}")
    if inputs.autoscaler_is_silent:
        stays = counted(inputs.count.replicas, "replica")
        words = f"no autoscaler has renewed its Lease for a minute, so nothing decides; the count stays at {stays}"
        return _condition(None, Why.NO_AUTOSCALER, f"{words}; look at the Deployment of the autoscalers")
    return _decided(inputs.count, inputs.scaled)


def _decided(count: ReplicaCount, scaled: AutoscalerReport | None) -> UntimedCondition:
    """Return the condition if the autoscaler decides, from its part of the status."""
    if scaled is not None and scaled.advised is not None:
        advised, stays = counted(scaled.advised, "replica"), counted(count.replicas, "replica")
        would = f"the policy's mode is Recommend: it recommends {advised}: {scaled.message}"
        return _condition(False, Why.ADVISES_ONLY, f"{would}; the count stays at {stays}")
    if scaled is not None and scaled.reason == ScalingReason.NO_POLICY.value:
        return _condition(False, Why.POLICY_UNUSABLE, scaled.message)
    if scaled is not None and scaled.reason == ScalingReason.INTERNAL_ERROR.value:
        return _condition(False, Why.INTERNAL_ERROR, scaled.message)
    if scaled is not None and scaled.reason == Why.FIGURES_MISSING.value:
        return _condition(None, Why.FIGURES_MISSING, scaled.message)
    if count.reason is CountReason.NO_RECOMMENDATION:
        return _condition(None, Why.NO_RECOMMENDATION, count.because)
    return _condition(True, Why.RECOMMENDED, count.because)


def _condition(holds: bool | None, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=ConditionType.SCALING_ACTIVE, holds=holds, reason=reason, message=message)
