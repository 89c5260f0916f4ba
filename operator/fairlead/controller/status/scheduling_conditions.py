"""The condition Scheduled: whether every requested pod has a node, and what keeps one from it. Pure."""

from typing import Final

from fairlead.controller.status import preemption_words
from fairlead.controller.status.status_inputs import StatusInputs
from fairlead.fleet.conditions import ConditionReason as Why
from fairlead.fleet.conditions import ConditionType, UntimedCondition
from fairlead.fleet.rollouts import MissingCapacity


def scheduled(now: StatusInputs) -> UntimedCondition:
    """Whether every requested pod has a node, and every desired replica was requested."""
    kind = ConditionType.SCHEDULED
    if now.pods_refused or (now.obstacle and now.obstacle.reason is Why.PODS_REFUSED):
        problem = now.pods_refused or (now.obstacle.message if now.obstacle else "")
        return _no(
            kind,
            Why.PODS_REFUSED,
            f"the cluster refuses the pods: {problem}; set what it demands in spec.resources or spec.podMetadata, "
            "raise the quota, or correct the policy",
        )
    if now.room.lack is not None:
        reason, field, remedy = _LACKS[now.room.lack]
        return _no(kind, reason, f"{field}: {now.room.because}; {remedy}")
    if words := preemption_words.preempted(now.preemption, waits=bool(now.unplaced)):
        return _no(kind, Why.PREEMPTED, words)
    if now.unplaced:
        words = f"the scheduler says: {now.unplaced}{preemption_words.beside_the_schedulers(now.preemption)}"
        return _no(kind, Why.UNSCHEDULABLE, words)
    if now.plan is not None and now.plan.short:
        return _no(kind, Why.NO_FREE_CPU if now.room.of_cpu else Why.NO_FREE_GPU, now.plan.short)
    return _created(now)


def _created(now: StatusInputs) -> UntimedCondition:
    """Whether there are pods at all, if nothing refuses or misses room."""
    kind = ConditionType.SCHEDULED
    if now.uncreated:
        words = f"{now.uncreated}; check that the cluster's kube-controller-manager runs"
        return _no(kind, Why.PODS_NOT_CREATED, words)
    if not any(state.requested for state in now.states):
        return _yes(kind, Why.NOTHING_TO_SCHEDULE, "no replicas are requested")
    return _yes(kind, Why.SCHEDULED, "every requested replica has a node")


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
