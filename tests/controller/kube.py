"""A small model of what Kubernetes does by itself: ReplicaSets, scheduler, kubelet, garbage collector.

One call is one round. A pod is created, placed where GPUs are free, started, and ready; a deleted one holds its GPUs
until it has drained.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from fairlead.cluster import cpu_nodes, gpu_nodes, kinds, pod_requests
from tests.cluster.fake_objects import Objects
from tests.controller import kube_priorities, kube_scheduling

Manifest = dict[str, Any]

DRAINS_IN: Final = 2
"""Rounds that a terminating pod takes; it holds its GPUs for this long."""
RESOURCE: Final = "nvidia.com/gpu"
QUEUE: Final = "kueue.x-k8s.io/queue-name"
HASH: Final = "pod-template-hash"
TEMPLATE_HASH: Final = "7d9f8b6c5d"


Program = Callable[[Manifest], tuple[int | None, str]]
"""From a pod to its exit code, None while it runs, and its output; where it fails, that is its message."""


@dataclass(slots=True, kw_only=True)
class Kube:
    """The controllers and nodes of a fake cluster."""

    objects: Objects
    broken: dict[str, Manifest] = field(default_factory=dict)
    """By revision: the container status of pods that never become ready."""
    refused: dict[str, Manifest] = field(default_factory=dict)
    """By revision: the container status of the pod that checks it without a GPU."""
    template_hash: str = TEMPLATE_HASH
    """The template hash of a Deployment's pods; a Deployment created while the name is still taken gets another."""
    quota: str = ""
    """The message with which pods are refused; empty: none are."""
    full_queue: str = "none"
    """The queue of Kueue that admits no pod."""
    makes_pods: bool = True
    """Whether the controller manager works."""
    programs: dict[str, Program] = field(default_factory=dict)
    """What an evaluation's pods do, by the end of their name; a pod that is not here runs forever."""
    printed: dict[str, str] = field(default_factory=dict)
    """Their output, by name."""
    template_hashes: dict[str, str] = field(default_factory=dict)
    """By the UID of each Deployment."""
    rounds_to_drain: dict[str, int] = field(default_factory=dict)
    pods_made: int = 0

    def take_over(self, other: "Kube") -> None:
        """Continue all that is in flight in the other one."""
        self.broken, self.refused, self.quota = dict(other.broken), dict(other.refused), other.quota
        self.template_hash, self.template_hashes = other.template_hash, dict(other.template_hashes)
        self.rounds_to_drain, self.pods_made = dict(other.rounds_to_drain), other.pods_made

    def of(self, resource: kinds.Resource, selector: str = "") -> list[Manifest]:
        """Objects of a kind."""
        return self.objects.listed(resource.title, None, selector)

    def round(self, now: datetime) -> None:
        """All that happens before the next reconcile."""
        self.objects.moment = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        self._collect()
        for pod in self.of(kinds.POD):
            self._end(pod)
        for deployment in self.of(kinds.DEPLOYMENT):
            self._scale(deployment)
        for pod in sorted(self.of(kinds.POD), key=kube_priorities.priority, reverse=True):
            self._start(pod, now)

    def add_node(self, name: str, product: str, gpus: int) -> None:
        """Add a ready node with GPUs."""
        labels = {"nvidia.com/gpu.product": product}
        self._add(name, labels, {RESOURCE: str(gpus)})

    def add_host(self, name: str, cores: str, memory: str) -> None:
        """Add a ready node without GPUs."""
        self._add(name, {}, {pod_requests.CORES: cores, pod_requests.MEMORY: memory})

    def _add(self, name: str, labels: dict[str, str], allocatable: dict[str, str]) -> None:
        status = {"allocatable": allocatable, "conditions": [{"type": "Ready", "status": "True"}]}
        self.objects.put(kinds.NODE, {"metadata": {"name": name, "labels": labels}, "status": status})

    def delete(self, resource: kinds.Resource, namespace: str, name: str) -> None:
        """Delete as kubectl delete does: a pod begins to terminate, everything else is gone at once."""
        live = self.objects.found((resource.title, namespace, name))
        if resource is kinds.POD:
            self._let_go(live)
        else:
            self.objects.remove((resource.title, namespace, name), {})

    def _collect(self) -> None:
        """Delete children whose owners are gone."""
        uids = {one["metadata"]["uid"] for one in self.objects.held.values()}
        for where, one in list(self.objects.held.items()):
            owners = one["metadata"].get("ownerReferences") or ()
            if owners and not any(owner["uid"] in uids for owner in owners) and where in self.objects.held:
                if where[0] == kinds.POD.title:
                    self._let_go(one)
                elif not one["metadata"].get("finalizers"):
                    self.objects.remove(where, {})

    def _scale(self, deployment: Manifest) -> None:
        metadata, spec = deployment["metadata"], deployment["spec"]
        self._claim(deployment)
        mine = [one for one in self.of(kinds.POD) if _owner(one) == metadata["uid"]]
        live = [one for one in mine if "deletionTimestamp" not in one["metadata"]]
        missing = spec["replicas"] - len(live)
        if missing > 0 and not self.makes_pods:
            return
        for _ in range(0 if self.quota else missing):
            self.pods_made += 1
            self._make(deployment, f"{self.pods_made:05d}")
        for pod in sorted(live, key=_cheapest_first)[: max(0, -missing)]:
            self._let_go(pod)
        refused = {"type": "ReplicaFailure", "status": "True", "message": self.quota}
        texts = [refused] if self.quota and missing > 0 else []
        there = len(live) if texts else spec["replicas"]
        status = {"conditions": texts, "replicas": there, "updatedReplicas": there}
        if (deployment.get("status") or {}) != status:
            self.objects.put(kinds.DEPLOYMENT, deployment | {"status": status})

    def _claim(self, deployment: Manifest) -> None:
        """Have the ReplicaSet release pods that it no longer selects, and adopt those without an owner."""
        for pod in self.of(kinds.POD):
            metadata = pod["metadata"]
            carried = metadata.get("labels") or {}
            wanted = deployment["spec"]["selector"]["matchLabels"] | {HASH: self._hash_of(deployment)}
            selected, owned = wanted.items() <= carried.items(), _owner(pod) == deployment["metadata"]["uid"]
            if owned and not selected:
                self.objects.put(kinds.POD, pod | {"metadata": metadata | {"ownerReferences": []}})
            elif selected and not _owner(pod) and "deletionTimestamp" not in metadata:
                self.objects.put(
                    kinds.POD, pod | {"metadata": metadata | {"ownerReferences": [self._replica_set(deployment)]}}
                )

    def _make(self, deployment: Manifest, name: str) -> None:
        template, metadata = deployment["spec"]["template"], deployment["metadata"]
        owner = self._replica_set(deployment)
        carried = template["metadata"]["labels"] | {HASH: self._hash_of(deployment)}
        head = {"name": f"{owner['name']}-{name}", "generateName": f"{owner['name']}-", "labels": carried}
        head |= {"namespace": metadata["namespace"], "ownerReferences": [owner]}
        spec = template["spec"] | kube_priorities.admitted(template["spec"], self.of(kinds.PRIORITY_CLASS))
        self.objects.put(kinds.POD, {"metadata": head, "spec": spec, "status": {"phase": "Pending"}})

    def _hash_of(self, deployment: Manifest) -> str:
        return self.template_hashes.setdefault(deployment["metadata"]["uid"], self.template_hash)

    def _replica_set(self, deployment: Manifest) -> Manifest:
        """The ReplicaSet of a Deployment, under the Deployment's own uid, which saves a kind of object."""
        metadata = deployment["metadata"]
        name = f"{metadata['name']}-{self._hash_of(deployment)}"
        return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": metadata["uid"], "controller": True}

    def _start(self, pod: Manifest, now: datetime) -> None:
        """Place a pod in one round, make it ready in the next."""
        if "deletionTimestamp" in pod["metadata"]:
            return
        if not pod["spec"].get("nodeName"):
            self._place(pod)
            return
        revision = pod["metadata"]["labels"].get("fairlead.dev/revision", "")
        if pod["metadata"]["labels"].get("fairlead.dev/role") == "check":
            self._check(pod, revision)
            return
        if pod["metadata"]["labels"].get("fairlead.dev/role") == "evaluation":
            self._carry_out(pod)
            return
        if (broken := self.broken.get(revision)) is not None:
            status = {"phase": "Pending", "conditions": [kube_scheduling.placed()], "containerStatuses": [broken]}
        elif _is_ready(pod):
            return
        else:
            since = now.strftime("%Y-%m-%dT%H:%M:%SZ")
            ready = {"type": "Ready", "status": "True", "lastTransitionTime": since}
            status = {"phase": "Running", "podIP": "198.18.0.9", "conditions": [kube_scheduling.placed(), ready]}
        self.objects.put(kinds.POD, pod | {"status": status})

    def _check(self, pod: Manifest, revision: str) -> None:
        """End a check in its first round: well, unless its revision passes no check."""
        if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"}:
            return
        status: Manifest = {"phase": "Succeeded", "conditions": [kube_scheduling.placed()]}
        if (found := self.refused.get(revision)) is not None:
            phase = "Failed" if "terminated" in found["state"] else "Pending"
            status = {"phase": phase, "conditions": [kube_scheduling.placed()], "containerStatuses": [found]}
        if pod.get("status") != status:
            self.objects.put(kinds.POD, pod | {"status": status})

    def _carry_out(self, pod: Manifest) -> None:
        """Run a pod in its first round, end it in its second."""
        phase, name = (pod.get("status") or {}).get("phase"), pod["metadata"]["name"]
        program = next((one for end, one in self.programs.items() if name.endswith(end)), None)
        if phase != "Running":
            if phase not in {"Succeeded", "Failed"}:
                self.printed.pop(name, None)
                self.objects.put(
                    kinds.POD, pod | {"status": {"phase": "Running", "conditions": [kube_scheduling.placed()]}}
                )
            return
        if program is None:
            return
        code, text = program(pod)
        self.printed[name] = text
        if code is None:
            return
        ended = {"exitCode": code} | ({"message": text} if code else {})
        state = {"name": "evaluation", "state": {"terminated": ended}}
        status = {
            "phase": "Failed" if code else "Succeeded",
            "conditions": [kube_scheduling.placed()],
            "containerStatuses": [state],
        }
        self.objects.put(kinds.POD, pod | {"status": status})

    def _place(self, pod: Manifest) -> None:
        if pod["metadata"]["labels"].get(QUEUE) == self.full_queue:
            self.objects.put(kinds.POD, kube_scheduling.gated(pod))
            return
        wants = gpu_nodes.held_gpus(pod, RESOURCE)
        used: Counter[str] = Counter()
        for one in self.of(kinds.POD):
            used[one["spec"].get("nodeName", "")] += gpu_nodes.held_gpus(one, RESOURCE)
        selector = pod["spec"].get("nodeSelector") or {}
        for node in self.of(kinds.NODE):
            labels, name = node["metadata"]["labels"], node["metadata"]["name"]
            free = int(node["status"]["allocatable"].get(RESOURCE, "0")) - used[name]
            if kube_scheduling.tainted(node, pod):
                continue
            if selector.items() <= labels.items() and wants <= free and self._has_cores(node, pod):
                self.objects.put(kinds.POD, pod | {"spec": pod["spec"] | {"nodeName": name}})
                return
        nodes = self.of(kinds.NODE)
        refused = (
            ""
            if not nodes or not all(kube_scheduling.tainted(one, pod) for one in nodes)
            else kube_scheduling.tainted(nodes[0], pod)
        )
        words = f"0/{len(nodes)} nodes are available: {len(nodes)} {refused}. preemption: none helps."
        texts = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
        texts["message"] = words if refused else "0/1 nodes fit"
        kept = self._preempt(pod) or (pod.get("status") or {}).get("nominatedNodeName")
        status = {"phase": "Pending", "conditions": [texts]} | ({"nominatedNodeName": kept} if kept else {})
        self.objects.put(kinds.POD, pod | {"status": status})

    def _preempt(self, pod: Manifest) -> str:
        """End pods of a lower priority where that makes room, and return the node."""
        open_ = [one for one in self.of(kinds.NODE) if not kube_scheduling.tainted(one, pod)]
        node, chosen = kube_priorities.victims(pod, open_, self.of(kinds.POD), RESOURCE)
        for one in chosen:
            self._let_go(self.objects.put(kinds.POD, kube_priorities.ended(one)))
        return node

    def _has_cores(self, node: Manifest, pod: Manifest) -> bool:
        """Checked for engines on CPU only: routers find a core anywhere, and engines on GPUs request none."""
        cores, memory = pod_requests.requested(pod)
        if pod["metadata"]["labels"].get("fairlead.dev/role") != "engine" or not cores:
            return True
        (host,) = cpu_nodes.host_nodes([node], map(gpu_nodes.holding, self.of(kinds.POD)))
        return cores <= host.cores - host.used_cores and memory <= host.memory_bytes - host.used_bytes

    def _let_go(self, pod: Manifest) -> None:
        if "deletionTimestamp" in pod["metadata"]:
            return
        metadata = pod["metadata"] | {"deletionTimestamp": self.objects.moment}
        self.rounds_to_drain[metadata["uid"]] = DRAINS_IN
        self.objects.put(kinds.POD, pod | {"metadata": metadata})

    def _end(self, pod: Manifest) -> None:
        metadata = pod["metadata"]
        if "deletionTimestamp" not in metadata:
            return
        left = self.rounds_to_drain[metadata["uid"]] = self.rounds_to_drain.get(metadata["uid"], DRAINS_IN) - 1
        if left <= 0 or not pod["spec"].get("nodeName"):
            self.objects.remove((kinds.POD.title, metadata["namespace"], metadata["name"]), {})


def _owner(pod: Manifest) -> str:
    """The UID of its owner; empty where that is a Deployment itself, whose pods no ReplicaSet counts or releases."""
    owner = (pod["metadata"].get("ownerReferences") or [{}])[0]
    return "" if owner.get("kind") == "Deployment" else str(owner.get("uid", ""))


def _is_ready(pod: Manifest) -> bool:
    found = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found)


def _cheapest_first(pod: Manifest) -> tuple[bool, bool, int, str]:
    """The ReplicaSet's order of victims: not placed, not ready, then by the cost of deleting."""
    notes = pod["metadata"].get("annotations") or {}
    cost = int(notes.get("controller.kubernetes.io/pod-deletion-cost", "0"))
    return bool(pod["spec"].get("nodeName")), _is_ready(pod), cost, pod["metadata"]["name"]
