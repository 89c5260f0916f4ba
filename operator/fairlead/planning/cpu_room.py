"""How many more replicas the nodes' cores and memory could take, estimated from what is allocatable.

Only our own pods are counted, so other programs' requests are missing; the scheduler knows them all and decides. It
counts resource requests, which for replicas on CPU are also limits.
"""

from collections.abc import Sequence

from fairlead.fleet.accelerators import CpuResources, gib
from fairlead.fleet.nodes import HostNode, NodeSelector
from fairlead.fleet.plurals import count, verb
from fairlead.fleet.rollouts import MissingCapacity, NodeRoom
from fairlead.planning import sentences


def room(nodes: Sequence[HostNode], need: CpuResources, selector: NodeSelector = (), coming: int = 0) -> NodeRoom:
    """Return the room for replicas on CPU, each on one node. The `coming` replicas have pods without a node."""
    selected = [node for node in nodes if set(selector) <= set(node.labels)]
    if not selected:
        return _none(_not_selected(len(nodes), selector), MissingCapacity.SELECTOR)
    open_nodes = [node for node in selected if node.schedulable]
    lack = None if any(_whole(node, need) for node in selected) else MissingCapacity.CORES
    if not open_nodes:
        have = f"{count(len(selected), 'node')} {verb(len(selected), 'is')} cordoned, not ready or tainted"
        return _none(f"CPU: no node takes pods now; {have}", lack)
    closed = len(selected) - len(open_nodes)
    return NodeRoom(
        replicas=max(0, sum(_fitting(node, need) for node in open_nodes) - coming),
        most=sum(_whole(node, need) for node in open_nodes),
        because=_counted(open_nodes, need) + sentences.closed(closed),
        missing=lack,
        of_cpu=True,
    )


def _none(because: str, missing: MissingCapacity | None) -> NodeRoom:
    return NodeRoom(replicas=0, most=0, because=because, missing=missing, of_cpu=True)


def _fitting(node: HostNode, need: CpuResources) -> int:
    """Never negative, since a node may shrink under its pods."""
    cores, memory = node.cores - node.used_cores, node.memory_bytes - node.used_bytes
    return max(0, int(min(cores // need.cores, memory // need.memory_bytes)))


def _whole(node: HostNode, need: CpuResources) -> int:
    """The room of an empty node."""
    return int(min(node.cores // need.cores, node.memory_bytes // need.memory_bytes))


def _counted(nodes: Sequence[HostNode], need: CpuResources) -> str:
    free = sum(max(0.0, node.cores - node.used_cores) for node in nodes)
    memory = sum(max(0, node.memory_bytes - node.used_bytes) for node in nodes)
    total = f"{count(sum(node.cores for node in nodes), 'core')} and {gib(sum(node.memory_bytes for node in nodes))}"
    words = f"CPU: {total} on {count(len(nodes), 'node')}, {count(round(free, 3), 'core')} and {gib(memory)} free"
    takes = f"a replica takes {need.words}"
    if not any(_whole(node, need) for node in nodes):
        return f"{words}; {takes} on one node, and no node has that many"
    return f"{words} beside our own pods; {takes} on one node"


def _not_selected(nodes: int, selector: NodeSelector) -> str:
    if not nodes:
        return "CPU: this cluster has no node"
    return f"CPU: none of {count(nodes, 'node')} has {sentences.labels(selector)}"
