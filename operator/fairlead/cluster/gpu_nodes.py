"""GPUs of nodes, from manifests: how many a node has, and how many our pods hold or will hold. Pure.

Counts only GPUs of our own pods; other pods are not watched, and if they hold GPUs that seem free here, the scheduler
reports it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil

from fairlead.cluster import pod_requests, pods, taints
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.desired_state import NO_RESOURCE, DesiredRevision, Toleration
from fairlead.fleet.nodes import Node
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
    def of(cls, wanted: DesiredRevision) -> "GpuRequirement | None":
        """Return what a replica of this revision needs; None if it takes no GPU."""
        if wanted.resource == NO_RESOURCE:
            return None
        selector = tuple(sorted(engine_placement.node_selector(wanted).items()))
        return cls(
            resource=wanted.resource,
            gpus=wanted.gpus_per_replica,
            selector=selector,
            tolerations=engine_placement.tolerations(wanted),
            priority_class=wanted.placement.priority_class,
        )

    @property
    def product(self) -> str | None:
        """The GPU's product, if one is named."""
        return dict(self.selector).get(engine_placement.PRODUCT)

    @property
    def others(self) -> tuple[tuple[str, str], ...]:
        """The labels other than the product's."""
        return tuple(one for one in self.selector if one[0] != engine_placement.PRODUCT)


def pending_replicas(some: Iterable[Manifest], place: GpuRequirement) -> int:
    """Return how many replicas' GPUs pods will soon hold: pods that exist and are not placed yet."""
    return ceil(pending_gpus(some, place.resource, place.product) / place.gpus)


def pending_gpus(some: Iterable[Manifest], resource: str, product: str | None) -> int:
    """Count GPUs that pods will soon hold: pods that exist, are not placed yet, and are not unschedulable."""
    return sum(
        held_gpus(pod, resource)
        for pod in some
        if not node_of(pod) and pods.unplaced(pod) is None and is_of_product(pod, product)
    )


def nodes_with(nodes: Iterable[Manifest], some: Iterable[Manifest], place: GpuRequirement) -> tuple[Node, ...]:
    """Return every node with this resource, and how much of it our pods hold; pods without a node yet hold none."""
    used, memory = Counter[str](), Counter[str]()
    for pod in some:
        used[node_of(pod)] += held_gpus(pod, place.resource)
        memory[node_of(pod)] += int(pod_requests.requested(pod)[1]) if place.memory_bytes else 0
    return tuple(_with_memory(_node(one, used, place), one, memory, place.memory_bytes) for one in nodes)


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


def _with_memory(node: Node, manifest: Manifest, used: Counter[str], each: int) -> Node:
    """Add for how many replicas its main memory suffices."""
    whole = int(pod_requests.amount((manifest.get("status", {}).get("allocatable") or {}).get(pod_requests.MEMORY)))
    if not each or not whole:
        return node
    free = max(0, whole - used[manifest["metadata"]["name"]])
    return replace(node, memory_for=free // each, memory_for_most=whole // each)


def _node(manifest: Manifest, used: Counter[str], place: GpuRequirement) -> Node:
    name, status = manifest["metadata"]["name"], manifest.get("status", {})
    labels = manifest["metadata"].get("labels") or {}
    return Node(
        product=labels.get(engine_placement.PRODUCT, ""),
        gpus=_count((status.get("allocatable") or {}).get(place.resource, "0")),
        used=used[name],
        schedulable=is_schedulable(manifest),
        taint=taints.untolerated(manifest, place.tolerations),
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
