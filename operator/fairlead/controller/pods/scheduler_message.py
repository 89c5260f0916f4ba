"""What the scheduler's message says: whether the pod's own fields keep it off every node, however free they are."""

import re
from typing import Final

_REASON: Final = re.compile(r"(?P<nodes>\d+) (?P<what>node\(s\) .+?)(?=, \d+ |\.(?:\s|$)|$)")
_OF_ALL: Final = re.compile(r"\A0/(?P<nodes>\d+) nodes are available: ")
_BY_FIELDS: Final = ("node(s) didn't match Pod's node affinity/selector", "node(s) had untolerated taint")
_PASSING: Final = ("{node.kubernetes.io/", "{node.cloudprovider.kubernetes.io/", "{ToBeDeletedByClusterAutoscaler")
"""Taints that come and go with the node's own state."""


def is_by_fields(message: str) -> bool:
    """Whether labels and taints keep the pod off each node; False if a node is full or closed, or it is unclear."""
    start = _OF_ALL.match(message)
    if start is None:
        return False
    found = list(_REASON.finditer(message.partition(" preemption: ")[0], start.end()))
    nodes = sum(int(one["nodes"]) for one in found)
    return nodes == int(start["nodes"]) > 0 and all(_is_by_a_field(one["what"]) for one in found)


def _is_by_a_field(what: str) -> bool:
    return what.startswith(_BY_FIELDS) and not any(taint in what for taint in _PASSING)
