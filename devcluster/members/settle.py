"""What turns a fresh API server into a cluster: rights of the members, GPUs of the nodes."""

import json
from typing import Final

from devcluster import gpus
from devcluster.plan import Node

DNS_USER: Final = "system:coredns"

RIGHTS: Final = {
    "apiVersion": "v1",
    "kind": "List",
    "items": [
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": DNS_USER},
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["endpoints", "services", "pods", "namespaces"],
                    "verbs": ["list", "watch"],
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["list", "watch"],
                },
            ],
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": DNS_USER},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": DNS_USER,
            },
            "subjects": [{"kind": "User", "name": DNS_USER}],
        },
    ],
}
"""CoreDNS reads names; the other members' rights are built into Kubernetes."""


def labels(node: Node) -> str:
    """The merge patch that labels a node with its GPUs."""
    return json.dumps({"metadata": {"labels": node.gpus.labels() if node.gpus else {}}})


def capacity(node: Node) -> str:
    """The merge patch of a node's status with its GPUs; the kubelet keeps what it did not report."""
    count = str(node.gpus.count) if node.gpus else "0"
    counted = {gpus.RESOURCE: count}
    return json.dumps({"status": {"capacity": counted, "allocatable": counted}})


def has_gpus(node: Node, seen: dict[str, object]) -> bool:
    """Whether the node object offers the planned GPUs."""
    if node.gpus is None:
        return True
    status = seen.get("status")
    allocatable = status.get("allocatable", {}) if isinstance(status, dict) else {}
    return bool(allocatable.get(gpus.RESOURCE) == str(node.gpus.count))


def is_ready(seen: dict[str, object]) -> bool:
    """Whether a node accepts pods: Ready, and without the taint of new nodes."""
    status, spec = seen.get("status"), seen.get("spec")
    if not isinstance(status, dict) or not isinstance(spec, dict):
        return False
    ready = any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ()))
    tainted = any(taint["key"] == "node.kubernetes.io/not-ready" for taint in spec.get("taints", ()))
    return ready and not tainted
