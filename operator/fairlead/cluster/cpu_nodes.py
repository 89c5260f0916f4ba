"""Cores and memory of nodes, from manifests: what a node has, and how much our pods request. Pure.

Counts only our own pods, engines and routers; what others request on a node is known to the scheduler.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fairlead.cluster import gpu_nodes, pods, taints
from fairlead.cluster.gpu_nodes import PodHolding
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_requests import CORES, MEMORY, amount, requested
from fairlead.fleet.accelerators import CpuResources
from fairlead.fleet.desired_state import Toleration
from fairlead.fleet.nodes import HostNode


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuRequirement:
    """What one replica on CPU needs of its node."""

    resources: CpuResources
    selector: tuple[tuple[str, str], ...] = ()
    """Node labels."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints of nodes that it may still run on."""
    priority_class: str | None = None
    """The PriorityClass of its pods; None: the cluster's default."""


def host_nodes(
    nodes: Iterable[Manifest], some: Iterable[PodHolding], tolerations: Sequence[Toleration] = ()
) -> tuple[HostNode, ...]:
    """Return every node, and how much of it our pods request; pods without a node yet hold none.

    Any node has cores, those of the control plane and of GPUs too; their taints keep replicas away.
    """
    cores, memory = Counter[str](), Counter[str]()
    for held in some:
        cores[held.node] += held.millicores
        memory[held.node] += held.memory_bytes
    return tuple(
        _node(one, (cores, memory), open_=gpu_nodes.is_schedulable(one) and not taints.untolerated(one, tolerations))
        for one in nodes
    )


def pending_replicas(some: Iterable[Manifest], place: CpuRequirement) -> int:
    """Return how many replicas' cores and memory pods will soon hold: pods that exist, are not placed and may be.

    Rounded down: a router that is not placed yet requests a fraction of a core, and holds no replica back.
    """
    held = [requested(pod) for pod in some if not gpu_nodes.node_of(pod) and pods.unplaced(pod) is None]
    cores, memory = sum(one[0] for one in held), sum(one[1] for one in held)
    return int(max(cores / place.resources.cores, memory / place.resources.memory_bytes))


def _node(manifest: Manifest, used: tuple[Counter[str], Counter[str]], *, open_: bool) -> HostNode:
    name, (cores, memory) = manifest["metadata"]["name"], used
    allocatable = manifest.get("status", {}).get("allocatable") or {}
    return HostNode(
        cores=float(amount(allocatable.get(CORES))),
        memory_bytes=int(amount(allocatable.get(MEMORY))),
        used_cores=cores[name] / 1000,
        used_bytes=memory[name],
        schedulable=open_,
        labels=gpu_nodes.labels_of(manifest),
    )
