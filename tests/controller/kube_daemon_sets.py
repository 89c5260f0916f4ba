"""A small model of DaemonSets and of image pulls: one round starts a pull on each node, and the next one ends it."""

from dataclasses import dataclass, field
from typing import Any

from fairlead.cluster import kinds
from tests.controller import kube_scheduling
from tests.controller.pretend import Pretend

Manifest = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class DaemonSets:
    """The DaemonSets of a world, whose updates keep old pods until new ones are ready."""

    world: Pretend
    absent: set[str] = field(default_factory=set)
    """Images that no registry has."""
    refused: set[str] = field(default_factory=set)
    """Nodes for which admission refuses new pods: a quota, a policy or PodSecurity."""
    _held: dict[tuple[str, str], str] = field(default_factory=dict)
    """By the UID of the DaemonSet and node: the image of the oldest pod, once it is pulled."""
    _started: dict[tuple[str, str], str] = field(default_factory=dict)
    """The same of the newest pod, pulled or not."""

    def rounds(self, count: int = 1) -> None:
        """Run the world with its DaemonSets."""
        for _ in range(count):
            self._round()
            self.world.rounds()

    def settle(self) -> None:
        """Run until all pulls and the world are at rest."""
        self.rounds(3)
        self.world.settle()

    def _round(self) -> None:
        for one in self.world.kube.of(kinds.DAEMON_SET):
            status = self._status(one)
            if one.get("status") != status:
                self.world.objects.put(kinds.DAEMON_SET, one | {"status": status})

    def _status(self, one: Manifest) -> Manifest:
        pod = {"metadata": {"labels": {}}, "spec": one["spec"]["template"]["spec"]}
        image, uid = pod["spec"]["containers"][0]["image"], one["metadata"]["uid"]
        selector = pod["spec"].get("nodeSelector") or {}
        nodes = [
            node["metadata"]["name"]
            for node in self.world.kube.of(kinds.NODE)
            if selector.items() <= node["metadata"]["labels"].items() and not kube_scheduling.tainted(node, pod)
        ]
        for node in nodes:
            place = uid, node
            if node in self.refused:
                continue
            if self._started.get(place) == image and image not in self.absent:
                self._held[place] = image
            self._started[place] = image
        held = [self._held.get((uid, node)) for node in nodes if (uid, node) in self._started]
        return {
            "observedGeneration": one["metadata"]["generation"],
            "desiredNumberScheduled": len(nodes),
            "currentNumberScheduled": len(held),
            "numberReady": sum(each is not None for each in held),
            "updatedNumberScheduled": sum(each in (None, image) for each in held),
        }
