"""Pods of a deployment that the scheduler ends for others, and who holds what those without a node wait for. Pure."""

from collections import Counter
from collections.abc import Iterable

from fairlead.cluster import gpu_nodes, kinds, pod_priorities, pods
from fairlead.cluster.gpu_nodes import GpuRequirement
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.controller.interfaces import ControllerClusterState
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.conditions import ConditionReason, ConditionType
from fairlead.fleet.priorities import NO_PREEMPTION, HigherPods, Preemption
from fairlead.process import node_room
from fairlead.review.deployment_review import DeploymentReview


def of(cluster: ControllerClusterState, observed: DeploymentSnapshot, review: DeploymentReview) -> Preemption:
    """Return what priorities do to this deployment; nothing if it has no pod that ends or waits."""
    ours = [pod for revision in sorted(observed.pods) for pod in observed.pods[revision]]
    ended = [pod for pod in ours if pod_priorities.is_preempted(pod) and "deletionTimestamp" in pod["metadata"]]
    waiting = [pod for pod in ours if pods.unplaced(pod) is not None and "deletionTimestamp" not in pod["metadata"]]
    if not ended and not waiting:
        return NO_PREEMPTION
    least = min(pod_priorities.priority(pod) or 0 for pod in (*ended, *waiting))
    own = NamespacedName(observed.owner.namespace, observed.owner.name)
    higher = [
        one for one in cluster.of(kinds.POD).each() if _is_higher(one, least) and pod_priorities.owner(one) != own
    ]
    place = node_room.requirement(review.deployment.revision) if review.deployment else None
    left = {gpu_nodes.node_of(pod) for pod in ended}
    return Preemption(
        priority=least,
        ended=tuple(sorted(pod["metadata"]["name"] for pod in ended)),
        ended_for=_by_owner((one for one in higher if pod_priorities.kept_node(one) in left), place),
        held_by=_by_owner((one for one in higher if _holds(one, place)), place) if waiting else (),
        kept_node=next((name for pod in waiting if (name := pod_priorities.kept_node(pod))), ""),
        earlier=_was_preempted(observed),
    )


def _is_higher(pod: Manifest, least: int) -> bool:
    found = pod_priorities.priority(pod)
    return found is not None and found > least


def _holds(pod: Manifest, place: node_room.NodeRequirement | None) -> bool:
    """Whether a pod on a node holds GPUs of the kind that a replica needs."""
    if not isinstance(place, GpuRequirement) or not gpu_nodes.node_of(pod):
        return False
    return gpu_nodes.held_gpus(pod, place.resource) > 0 and gpu_nodes.is_of_product(pod, place.product)


def _by_owner(some: Iterable[Manifest], place: node_room.NodeRequirement | None) -> tuple[HigherPods, ...]:
    gpus = Counter[tuple[str, int]]()
    for pod in some:
        key = pod_priorities.owners_title(pod), pod_priorities.priority(pod) or 0
        gpus[key] += gpu_nodes.held_gpus(pod, place.resource) if isinstance(place, GpuRequirement) else 0
    found = [HigherPods(owner=owner, priority=priority, gpus=held) for (owner, priority), held in sorted(gpus.items())]
    return tuple(sorted(found, key=lambda one: -one.gpus))


def _was_preempted(observed: DeploymentSnapshot) -> bool:
    """Whether its stored status says that it was preempted."""
    found = pods.condition(observed.document, ConditionType.SCHEDULED.value)
    return found.get("reason") == ConditionReason.PREEMPTED
