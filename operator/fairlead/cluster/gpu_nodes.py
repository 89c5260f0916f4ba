"""GPUs of nodes, from manifests: how many a node has, and how many our pods hold or will hold. Pure.

Counts only GPUs of our own pods; other pods are not watched, and if they hold GPUs that seem free here, the scheduler
reports it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fairlead.cluster import pod_priorities, pod_requests, pods, taints
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import NO_RESOURCE, DesiredRevision, Toleration
from fairlead.fleet.nodes import GpuResources, Node
from fairlead.fleet.priorities import RankedPod
from fairlead.objects import engine_placement


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuRequirement:
    """What one replica needs of its node."""

    resource: str
    gpus: int
    memory_bytes: int = 0
    """Main memory that it requests; 0: none."""
    selector: tuple[tuple[str, str], ...] = ()
    """Node labels, the product's among them if one is named."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that it may still run on, that of GPU nodes among them."""
    priority_class: str | None = None
    """The PriorityClass of its pods; None: the cluster's default."""

    @classmethod
    def of(cls, revision: DesiredRevision) -> "GpuRequirement | None":
        """Return what a replica of this revision needs; None if it takes no GPU."""
        if revision.resource == NO_RESOURCE:
            return None
        selector = tuple(sorted(engine_placement.node_selector(revision).items()))
        return cls(
            resource=revision.resource,
            gpus=revision.gpus_per_replica,
            selector=selector,
            tolerations=engine_placement.tolerations(revision),
            priority_class=revision.placement.priority_class,
        )

    @property
    def product(self) -> str | None:
        """The GPU's product, if one is named."""
        return dict(self.selector).get(engine_placement.PRODUCT)

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        """The labels other than the product's."""
        return tuple(one for one in self.selector if one[0] != engine_placement.PRODUCT)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PodHolding:
    """What one of our pods holds of its node, or will hold once it is placed."""

    pod: Manifest
    node: str
    """Empty if it has none yet."""
    gpus: Mapping[str, int]
    """By the resource's name."""
    millicores: int
    memory_bytes: int
    """As it requests them."""
    rank: RankedPod


def holding(pod: Manifest) -> PodHolding:
    """Read what a pod holds."""
    cores, memory = pod_requests.requested(pod)
    containers: Sequence[Manifest] = pod.get("spec", {}).get("containers") or ()
    limited = {name for one in containers for name in one.get("resources", {}).get("limits") or {}}
    return PodHolding(
        pod=pod,
        node=node_of(pod),
        gpus={name: held for name in limited if (held := held_gpus(pod, name))},
        millicores=int(cores * 1000),
        memory_bytes=int(memory),
        rank=pod_priorities.ranked(pod),
    )


def pending(some: Iterable[Manifest], requirement: GpuRequirement) -> GpuResources:
    """Return what pods with such GPUs will soon hold: pods that exist, are not placed yet, and are not unschedulable.

    A router that is not placed yet has no GPU, and holds no replica back.
    """
    gpus, memory = 0, 0
    for pod in some:
        if node_of(pod) or pods.unplaced(pod) is not None or not is_of_product(pod, requirement.product):
            continue
        if held := held_gpus(pod, requirement.resource):
            gpus += held
            memory += int(pod_requests.requested(pod)[1])
    return GpuResources(gpus=gpus, memory_bytes=memory)


def nodes_with(nodes: Iterable[Manifest], some: Iterable[PodHolding], requirement: GpuRequirement) -> tuple[Node, ...]:
    """Return every node with this resource, and how much of it our pods hold; pods without a node yet hold none."""
    used, memory = Counter[str](), Counter[str]()
    for one in some:
        used[one.node] += one.gpus.get(requirement.resource, 0)
        memory[one.node] += one.memory_bytes
    return tuple(_node(each, used, memory, requirement) for each in nodes)


def held_gpus(pod: Manifest, resource: str) -> int:
    """Count GPUs that a pod holds until it has ended; a terminating pod still holds its own."""
    if pod.get("status", {}).get("phase") in pods.ENDED:
        return 0
    containers: Sequence[Manifest] = pod.get("spec", {}).get("containers") or ()
    limits = (one.get("resources", {}).get("limits", {}).get(resource, "0") for one in containers)
    return sum(_count(limit) for limit in limits)


def held_accelerators(pod: Manifest) -> int:
    """Count accelerators of any kind that a pod holds on its node: of every extended resource of its containers."""
    containers: Sequence[Manifest] = pod.get("spec", {}).get("containers") or ()
    names = {name for one in containers for name in one.get("resources", {}).get("limits") or {} if _is_extended(name)}
    return sum(held_gpus(pod, name) for name in names) if node_of(pod) else 0


def _is_extended(resource: str) -> bool:
    return "/" in resource and not resource.partition("/")[0].endswith("kubernetes.io")


def _node(manifest: Manifest, used: Counter[str], memory: Counter[str], requirement: GpuRequirement) -> Node:
    name, allocatable = manifest["metadata"]["name"], manifest.get("status", {}).get("allocatable") or {}
    labels = manifest["metadata"].get("labels") or {}
    return Node(
        product=labels.get(engine_placement.PRODUCT, ""),
        gpus=_count(allocatable.get(requirement.resource, "0")),
        used=used[name],
        schedulable=is_schedulable(manifest),
        taint=taints.untolerated(manifest, requirement.tolerations),
        memory_bytes=(int(pod_requests.amount(allocatable.get(pod_requests.MEMORY))) or None)
        if requirement.memory_bytes
        else None,
        used_bytes=memory[name] if requirement.memory_bytes else 0,
        labels=labels_of(manifest),
    )


def is_schedulable(manifest: Manifest) -> bool:
    """Whether a node takes pods: not cordoned, and ready. A lost one is Unknown; a new one has no condition yet."""
    cordoned = bool(manifest.get("spec", {}).get("unschedulable"))
    return not cordoned and pods.condition(manifest, "Ready").get("status", "True") == "True"


def labels_of(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Return a node's labels, sorted."""
    return tuple(sorted((manifest["metadata"].get("labels") or {}).items()))


def node_of(pod: Manifest) -> str:
    """Return the node's name; empty if the pod has none yet."""
    return str(pod.get("spec", {}).get("nodeName") or "")


def _count(text: object) -> int:
    return int(text) if isinstance(text, str | int) and str(text).isdigit() else 0


def is_of_product(pod: Manifest, product: str | None) -> bool:
    """Whether a pod selects nodes with this GPU, or names none."""
    found = (pod.get("spec", {}).get("nodeSelector") or {}).get(engine_placement.PRODUCT)
    return not isinstance(found, str) or found == product
