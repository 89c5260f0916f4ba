"""How many more replicas the nodes could take, estimated from their labels and GPUs; the scheduler decides.

Products are compared exactly, as pods select them: a shared (`-SHARED`) or sliced (`-MIG-1g.10gb`) GPU has another name
and size, so the message suggests it, but it is never counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil
from typing import Final

from fairlead.fleet import near_names
from fairlead.fleet.accelerators import gib
from fairlead.fleet.nodes import GpuResources, Node, NodeSelector
from fairlead.fleet.plurals import count, verb
from fairlead.fleet.rollouts import MissingCapacity, NodeRoom
from fairlead.planning import sentences

_LOOSE: Final = 0.4
"""Product names share their vendor and differ in a few letters; a lower similarity would match anything."""
_PARTS: Final = ("-SHARED", "-MIG-")
"""What follows a product's name on a node whose GPUs are shared or sliced."""
_STATES: Final = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")
"""Taints that Kubernetes sets while a node is in trouble or not set up yet, and removes: not to be tolerated."""
_NOTHING: Final = GpuResources(gpus=0)


def room(
    nodes: Sequence[Node] | None,
    product: str | None,
    each: GpuResources,
    selector: NodeSelector = (),
    coming: GpuResources = _NOTHING,
) -> NodeRoom:
    """Return the room for replicas that take `each` of one node; unlimited if the operator may not read nodes.

    Without a product any node with the resource counts: other vendors name the GPU by the resource. Pods that have no
    node yet, of any deployment, will take what is `coming`.
    """
    if nodes is None:
        return NodeRoom()
    of_product = [node for node in nodes if node.gpus > 0 and product in (None, node.product)]
    if not of_product:
        return _unequipped(nodes, product)
    selected = [node for node in of_product if set(selector) <= set(node.labels)]
    if not selected:
        return NodeRoom(
            replicas=0, most=0, because=_not_selected(of_product, product, selector), missing=MissingCapacity.SELECTOR
        )
    missing = _size(selected, each)
    if missing is MissingCapacity.MEMORY:
        return NodeRoom(replicas=0, most=0, because=_too_little_memory(selected, product, each), missing=missing)
    open_nodes = [node for node in selected if node.schedulable and not node.taint]
    if not open_nodes:
        return NodeRoom(replicas=0, most=0, because=_all_closed(selected, product), missing=missing)
    return NodeRoom(
        replicas=_left(open_nodes, each, coming),
        most=sum(_whole(node, each) for node in open_nodes),
        because=_counted(open_nodes, product, each)
        + sentences.closed(len(selected) - len(open_nodes))
        + (f" (taint {taint})" if (taint := _taint(selected)) else ""),
        missing=missing,
    )


def _size(nodes: Sequence[Node], each: GpuResources) -> MissingCapacity | None:
    """Return what no node has enough of for one replica; cordoned nodes count, since they come back."""
    if all(node.gpus < each.gpus for node in nodes):
        return MissingCapacity.GPUS
    return MissingCapacity.MEMORY if not any(_whole(node, each) for node in nodes) else None


def _left(nodes: Sequence[Node], each: GpuResources, coming: GpuResources) -> int:
    """The replicas that fit beside the coming pods, which may take GPUs that memory leaves idle."""
    by_gpus = sum(_free(node) // each.gpus for node in nodes) - ceil(coming.gpus / each.gpus)
    if not each.memory_bytes:
        return max(0, by_gpus)
    fitting = sum(_fitting(node, each) for node in nodes)
    return max(0, min(by_gpus, fitting - ceil(coming.memory_bytes / each.memory_bytes)))


def _fitting(node: Node, each: GpuResources) -> int:
    """The replicas for which a node has GPUs and main memory."""
    return _number(_free(node), _free_memory(node), each)


def _whole(node: Node, each: GpuResources) -> int:
    """The same of an empty node."""
    return _number(node.gpus, node.memory_bytes, each)


def _number(gpus: int, memory: int | None, each: GpuResources) -> int:
    by_gpus = gpus // each.gpus
    return by_gpus if memory is None or not each.memory_bytes else min(by_gpus, memory // each.memory_bytes)


def _unequipped(nodes: Sequence[Node], product: str | None) -> NodeRoom:
    """A labelled node without a GPU has lost its device plugin, usually only for a while."""
    labelled = sum(node.product == product for node in nodes)
    if not labelled:
        return NodeRoom(replicas=0, most=0, because=_absent(nodes, product), missing=MissingCapacity.PRODUCT)
    offer = f"{count(labelled, 'node')} {verb(labelled, 'has')} the label {product} and {verb(labelled, 'offers')}"
    return NodeRoom(replicas=0, most=0, because=f"{offer} no GPU now; check the node and its device plugin")


def products(nodes: Iterable[Node]) -> tuple[tuple[str, int], ...]:
    """Return every GPU label with its number of GPUs, the most frequent first."""
    counts: Counter[str] = Counter()
    for node in nodes:
        if node.product and node.gpus > 0:
            counts[node.product] += node.gpus
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _free(node: Node) -> int:
    """Never negative: if a device fails under its pod, more GPUs may be used than are allocatable."""
    return max(0, node.gpus - node.used)


def _free_memory(node: Node) -> int | None:
    """Never negative, since a node may shrink under its pods."""
    return None if node.memory_bytes is None else max(0, node.memory_bytes - node.used_bytes)


def _too_little_memory(nodes: Sequence[Node], product: str | None, each: GpuResources) -> str:
    """Not even an empty node has the memory of a replica; those with too few GPUs are left out."""
    memory, free = max((node.memory_bytes or 0, _free_memory(node) or 0) for node in nodes if node.gpus >= each.gpus)
    request = f"a replica requests {gib(each.memory_bytes)} of memory"
    return f"{_named(product)}: {request}, and the largest node has {gib(memory)} ({gib(free)} free)"


def _counted(nodes: Sequence[Node], product: str | None, each: GpuResources) -> str:
    total, free = sum(node.gpus for node in nodes), sum(_free(node) for node in nodes)
    on, used = count(len(nodes), "node"), sum(node.used for node in nodes)
    words = f"{_named(product)}: {total} on {on}, {used} in use, {free} free"
    largest = max(node.gpus for node in nodes)
    gpus = each.gpus
    if gpus > largest:
        return f"{words}; a replica takes {gpus} on one node, and no node has more than {largest}"
    freest = max(_free(node) for node in nodes)
    fitting = sum(_fitting(node, each) for node in nodes)
    if fitting < sum(_free(node) // gpus for node in nodes):
        memory = max(_free_memory(node) or 0 for node in nodes if _free(node) >= gpus)
        request = f"a replica requests {gib(each.memory_bytes)} of memory"
        return f"{_named(product)}: {free} of {total} GPUs free; {request}, and one node has at most {gib(memory)} free"
    scattered = f", at most {freest} on one node" if freest < gpus <= free else ""
    return f"{words}{scattered}; a replica takes {gpus}"


def _all_closed(closed: Sequence[Node], product: str | None) -> str:
    have = f"{count(len(closed), 'node')} that {verb(len(closed), 'has')} it {verb(len(closed), 'is')}"
    words = f"{_named(product)}: no node takes pods now; {have}"
    taint = _taint(closed)
    if taint.startswith(_STATES):
        return f"{words} cordoned, not ready or in trouble (taint {taint}): see `kubectl describe nodes`"
    if taint:
        return f"{words} cordoned, not ready or tainted; spec.placement.tolerations does not name the taint {taint}"
    return f"{words} cordoned or not ready"


def _taint(nodes: Sequence[Node]) -> str:
    """Return the first taint that alone keeps replicas off a node, one that a person set before one of Kubernetes.

    Cordoning a node taints it too.
    """
    found = [node.taint for node in nodes if node.schedulable and node.taint]
    return next((one for one in found if not one.startswith(_STATES)), found[0] if found else "")


def _absent(nodes: Sequence[Node], product: str | None) -> str:
    if product is None:
        return f"no node has {_named(product)}"
    there = products(nodes)
    if not there:
        return f"no node has {product}; this cluster has no labelled GPU"
    listed = ", ".join(f"{name} ({number})" for name, number in there)
    return f"no node has {product}; this cluster has {listed}{_meant(product, [name for name, _ in there])}"


def _meant(product: str, names: Sequence[str]) -> str:
    if parts := next((name for name in names if name.startswith(tuple(f"{product}{each}" for each in _PARTS))), None):
        return f"; {parts} is the same GPU in parts, which spec.placement.nodeSelector can select"
    near = near_names.near_names(product, names, alike=_LOOSE)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _not_selected(nodes: Sequence[Node], product: str | None, selector: NodeSelector) -> str:
    have = f"{count(len(nodes), 'node')} {verb(len(nodes), 'has')}"
    return f"{have} {_named(product)}, and none of them {sentences.labels(selector)}"


def _named(product: str | None) -> str:
    return product or "the GPU resource"
