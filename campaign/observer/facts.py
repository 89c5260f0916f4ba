"""The facts, as Kubernetes and the routers show them, with a plain property for every question."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

Manifest = dict[str, Any]
LONGEST_WORDS: Final = 240

OF: Final = "fairlead.dev/deployment"
ROLE: Final = "fairlead.dev/role"
ASLEEP: Final = "fairlead.dev/asleep"
PRODUCT: Final = "nvidia.com/gpu.product"
GPU: Final = "nvidia.com/gpu"
SHORTAGES: Final = frozenset({"node.kubernetes.io/disk-pressure", "node.kubernetes.io/pid-pressure"})
"""Taints of nodes that run out of something; that of memory is tolerated by all pods that request some."""
ENDED: Final = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, kw_only=True)
class Facts:
    """One deployment and everything around it, at one moment."""

    document: Manifest
    pods: tuple[Manifest, ...]
    """Every pod of its namespace."""
    deployments: tuple[Manifest, ...]
    """Every Deployment of its namespace."""
    nodes: tuple[Manifest, ...]
    pages: Mapping[str, Manifest | None]
    """What each ready router reports of engines, by the router's pod; None if it does not answer."""
    present: frozenset[str]
    """Existing objects that a spec may name: `Secret/keys`, `AutoscalingPolicy/queue`."""
    unsure: frozenset[str] = frozenset()
    """Those deleted after they were found: Secrets are read one by one, and again only within minutes."""
    ended: frozenset[str] = frozenset()
    """Pods of which a container ever ended by itself, deleted pods included."""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.document["metadata"]["name"])

    @property
    def spec(self) -> Manifest:
        """As stored, with the API server's defaults."""
        return dict(self.document["spec"])

    @property
    def status(self) -> Manifest:
        """The status; empty before it is first written."""
        return dict(self.document.get("status") or {})

    @cached_property
    def conditions(self) -> dict[str, Manifest]:
        """Conditions by type."""
        return {str(one["type"]): one for one in self.status.get("conditions") or ()}

    @cached_property
    def engines(self) -> tuple[Manifest, ...]:
        """Engine pods that are not terminating."""
        return tuple(one for one in self.pods if self._is(one, "engine") and not leaves(one) and not ended(one))

    @cached_property
    def leaving(self) -> tuple[Manifest, ...]:
        """Engine pods that are terminating and still hold their GPUs."""
        return tuple(one for one in self.pods if self._is(one, "engine") and leaves(one) and not ended(one))

    @cached_property
    def awake(self) -> tuple[Manifest, ...]:
        """Engine pods that do not sleep."""
        return tuple(one for one in self.engines if ASLEEP not in (one["metadata"].get("annotations") or {}))

    @cached_property
    def ready(self) -> tuple[Manifest, ...]:
        """Awake engine pods that the kubelet reports ready."""
        return tuple(one for one in self.awake if is_ready(one))

    @cached_property
    def routers(self) -> tuple[Manifest, ...]:
        """Router pods that are ready and not terminating."""
        return tuple(one for one in self.pods if self._is(one, "router") and not leaves(one) and is_ready(one))

    @cached_property
    def routable(self) -> tuple[Manifest, ...]:
        """Ready engines that at least one router sends to."""
        used = {
            str(one["pod"])
            for page in self.pages.values()
            for one in (page or {}).get("endpoints", ())
            if one["state"] == "routable"
        }
        return tuple(one for one in self.ready if one["metadata"]["name"] in used)

    @cached_property
    def ejected(self) -> tuple[Manifest, ...]:
        """Ready engines that routers have ejected."""
        doubted = {
            str(one["pod"])
            for page in self.pages.values()
            for one in (page or {}).get("endpoints", ())
            if one["state"] == "ejected"
        }
        return tuple(one for one in self.ready if one["metadata"]["name"] in doubted)

    @cached_property
    def carriers(self) -> tuple[Manifest, ...]:
        """The Deployments of engines."""
        return tuple(one for one in self.deployments if self._is(one, "engine"))

    @property
    def wanted(self) -> int | None:
        """The replicas that users or the autoscaler want; None if that cannot be told from outside."""
        scaling = self.spec.get("scaling")
        if not scaling:
            return int(self.spec.get("replicas", 1))
        answer = (self.status.get("scaling") or {}).get("recommended")
        if not isinstance(answer, int):
            return None
        return max(int(scaling.get("minReplicas", 1)), min(answer, int(scaling["maxReplicas"])))

    @property
    def gpus(self) -> int:
        """Of one replica."""
        parallel = self.spec.get("parallelism") or {}
        return int(parallel.get("tensor", 1)) * int(parallel.get("pipeline", 1))

    @property
    def too_wide(self) -> bool:
        """Whether a replica needs more GPUs than any eligible node has."""
        return bool(self.hosts) and self.gpus > max(map(gpus_of, self.hosts))

    @cached_property
    def hosts(self) -> tuple[Manifest, ...]:
        """Nodes with the requested GPU and labels, schedulable or not."""
        wanted = dict((self.spec.get("placement") or {}).get("nodeSelector") or {})
        if product := (self.spec.get("accelerator") or {}).get("product"):
            wanted[PRODUCT] = product
        return tuple(one for one in self.nodes if wanted.items() <= (one["metadata"].get("labels") or {}).items())

    @cached_property
    def lost_gpus(self) -> bool:
        """Whether replicas hold GPUs that disappear once they leave: the node has fewer, or takes no new pods."""
        held = Counter(one["spec"].get("nodeName") for one in self.engines)
        holding = [one for one in self.hosts if held[one["metadata"].get("name")]]
        return any(gpus_of(one) < held[one["metadata"]["name"]] * self.gpus or not takes_pods(one) for one in holding)

    @property
    def missing(self) -> tuple[str, ...]:
        """Deployments that lack replicas, and pods that are not ready, each with its cause if known."""
        lacking = [one for one in self.deployments if _ready_of(one) < int(one["spec"].get("replicas", 1))]
        unready = [one for one in self.pods if self._is_ours(one) and not is_ready(one)]
        return tuple(_in_words(one) for one in (*lacking, *unready))

    def _is_ours(self, pod: Manifest) -> bool:
        return bool((pod["metadata"].get("labels") or {}).get(OF) == self.name)

    def _is(self, one: Manifest, role: str) -> bool:
        answer = one["metadata"].get("labels") or {}
        return answer.get(OF) == self.name and answer.get(ROLE) == role


def _ready_of(deployment: Manifest) -> int:
    return int((deployment.get("status") or {}).get("readyReplicas", 0))


def _in_words(one: Manifest) -> str:
    """A Deployment or a pod by name, with the conditions that show a problem."""
    status = one.get("status") or {}
    against = [
        f"{each['type']}={each['status']} {each.get('reason', '')} {each.get('message', '')}".rstrip()
        for each in status.get("conditions") or ()
        if each["status"] != "True" or each["type"] == "ReplicaFailure"
    ]
    place = one["spec"].get("nodeName", "no node")
    state = f"{status['phase']} on {place}" if "phase" in status else f"{_ready_of(one)} ready"
    return f"{one['metadata']['name']}: {state}, {', '.join(against) or 'no condition'}"[:LONGEST_WORDS]


def takes_pods(node: Manifest) -> bool:
    """Whether it is neither cordoned, nor lost, nor out of disk or processes."""
    spec = node.get("spec") or {}
    is_short = any(one["key"] in SHORTAGES for one in spec.get("taints") or ())
    return not (spec.get("unschedulable") or is_short) and condition(node, "Ready").get("status") == "True"


def leaves(pod: Manifest) -> bool:
    """Whether it is terminating."""
    return "deletionTimestamp" in pod["metadata"]


def ended(pod: Manifest) -> bool:
    """Whether all its containers have ended."""
    return (pod.get("status") or {}).get("phase") in ENDED


def is_ready(pod: Manifest) -> bool:
    """Whether the kubelet reports it ready."""
    return condition(pod, "Ready").get("status") == "True"


def unplaced(pod: Manifest) -> bool:
    """Whether the scheduler found no node for it."""
    return condition(pod, "PodScheduled").get("reason") == "Unschedulable" and not pod["spec"].get("nodeName")


def condition(one: Manifest, kind: str) -> Manifest:
    """One of an object's conditions."""
    found = (one.get("status") or {}).get("conditions") or ()
    return next((each for each in found if each["type"] == kind), {})


def containers(pod: Manifest) -> Iterator[Manifest]:
    """The statuses of its containers."""
    yield from (pod.get("status") or {}).get("containerStatuses") or ()


def crashed(pod: Manifest) -> bool:
    """Whether its container failed by itself and does not serve again."""
    for one in containers(pod):
        waiting = (one.get("state") or {}).get("waiting") or {}
        if not one.get("ready") and waiting.get("reason") == "CrashLoopBackOff":
            return True
    return False


def hangs(pod: Manifest) -> bool:
    """Whether its container runs, was ready, and answers no probe now."""
    return not is_ready(pod) and any(
        one.get("started") and "running" in one.get("state", {}) for one in containers(pod)
    )


def unpulled(pod: Manifest) -> bool:
    """Whether the kubelet cannot pull its image."""
    reasons = {((one.get("state") or {}).get("waiting") or {}).get("reason") for one in containers(pod)}
    return bool(reasons & {"ImagePullBackOff", "ErrImagePull"})


def gpus_of(node: Manifest) -> int:
    """All GPUs of a node."""
    return int(((node.get("status") or {}).get("allocatable") or {}).get(GPU, 0))
