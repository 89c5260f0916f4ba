"""The condition Scheduled: whether every requested pod has a node, and what keeps one from it. Pure."""

from typing import Final

from fairlead.controller.status import preemption_words
from fairlead.controller.status.status_inputs import StatusInputs
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.rollouts import MissingCapacity


def scheduled(inputs: StatusInputs) -> UntimedCondition:
    """Whether every requested pod has a node, and every desired replica was requested."""
    kind = ConditionType.SCHEDULED
    if inputs.pods_refused or (inputs.obstacle and inputs.obstacle.reason is Why.PODS_REFUSED):
        problem = inputs.pods_refused or (inputs.obstacle.message if inputs.obstacle else "")
        return _no(
            kind,
            Why.PODS_REFUSED,
            f"the cluster refuses the pods: {problem}; set what it demands in spec.resources or spec.podMetadata, "
            "raise the quota, or correct the policy",
        )
    if inputs.room.missing is not None:
        reason, field, remedy = _LACKS[inputs.room.missing]
        return _no(kind, reason, f"{field}: {inputs.room.because}; {remedy}")
    if words := preemption_words.preempted(inputs.preemption, waits=bool(inputs.unplaced)):
        return _no(kind, Why.PREEMPTED, words)
    if inputs.unplaced:
        words = f"the scheduler says: {inputs.unplaced}{preemption_words.beside_the_schedulers(inputs.preemption)}"
        return _no(kind, Why.UNSCHEDULABLE, words)
    if inputs.plan is not None and inputs.plan.short:
        return _no(kind, Why.NO_FREE_CPU if inputs.room.of_cpu else Why.NO_FREE_GPU, inputs.plan.short)
    return _created(inputs)


def _created(inputs: StatusInputs) -> UntimedCondition:
    """Whether there are pods at all, if nothing refuses or misses room."""
    kind = ConditionType.SCHEDULED
    if inputs.uncreated:
        words = f"{inputs.uncreated}; check that the cluster's kube-controller-manager runs"
        return _no(kind, Why.PODS_NOT_CREATED, words)
    if not any(state.requested for state in inputs.states):
        return _yes(kind, Why.NOTHING_TO_SCHEDULE, "no replicas are desired")
    return _yes(kind, Why.SCHEDULED, "every desired replica has a node")


_LACKS: Final = {
    MissingCapacity.PRODUCT: (
        Why.PRODUCT_ABSENT,
        "spec.accelerator.product",
        "name a GPU that the cluster has, or add a node with this one",
    ),
    MissingCapacity.SELECTOR: (Why.NO_NODE_SELECTED, "spec.placement.nodeSelector", "correct it, or label a node"),
    MissingCapacity.GPUS: (
        Why.NODES_TOO_SMALL,
        "spec.parallelism",
        "lower it, choose a GPU whose nodes have enough, or add a larger node",
    ),
    MissingCapacity.MEMORY: (
        Why.NODES_TOO_SMALL,
        "spec.resources",
        "lower requests.memory, limits.memory, hostMemory or its flag in extraArgs, or add a larger node",
    ),
    MissingCapacity.CORES: (
        Why.NODES_TOO_SMALL,
        "spec.accelerator",
        "lower cores or memory, or add a larger node",
    ),
}
"""Lacks that only a person can resolve: the reason, the field to check, what to do."""


def _yes(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=True, reason=reason, message=message)


def _no(kind: ConditionType, reason: Why, message: str) -> UntimedCondition:
    return UntimedCondition(type=kind, holds=False, reason=reason, message=message)
