"""The console's data: what the leader watches and decides, gathered anew for each page."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from fairlead.cluster import gpu_nodes, kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.console import history
from fairlead.console.facts import DeploymentFacts
from fairlead.console.history import History
from fairlead.scaling.explain.decision_record import DecisionRecord

FRESH_S: Final = 120.0
"""A decision is recorded each second; one that is older than this is no longer current."""

log = logging.getLogger("fairlead.console")


class LeaderFacts(Protocol):
    """The part of the leader that the console reads."""

    def world(self) -> ClusterState | None:
        """Return what is watched; None while this process does not lead, or has not listed the cluster."""

    def records(self) -> Iterable[DecisionRecord]:
        """Return the last decision of every deployment; empty if another process takes them."""


class ConsoleSource:
    """Facts for pages; keeps the points of timelines while this process leads."""

    def __init__(self, leader: LeaderFacts, clock: Callable[[], float] = time.time) -> None:
        self._leader = leader
        self._clock = clock
        self._history = History()

    def now(self) -> float:
        """The time that pages show."""
        return self._clock()

    def leads(self) -> bool:
        """Whether there are facts."""
        return self._leader.world() is not None

    def deployments(self) -> Sequence[DeploymentFacts]:
        """Return every deployment, without what only its own page shows."""
        cluster = self._leader.world()
        if cluster is None:
            return ()
        found = cluster.of(kinds.INFERENCE_DEPLOYMENT).each()
        return [DeploymentFacts(document=one, accelerators=_accelerators(cluster, one)) for one in found]

    def deployment(self, namespace: str, name: str) -> DeploymentFacts | None:
        """Return all facts of one deployment."""
        cluster = self._leader.world()
        found = None if cluster is None else cluster.of(kinds.INFERENCE_DEPLOYMENT).find(namespace, name)
        if cluster is None or found is None:
            return None
        return DeploymentFacts(
            document=found,
            accelerators=_accelerators(cluster, found),
            record=self._records().get((namespace, name)),
            points=self._history.of(namespace, name),
        )

    def namespaces(self) -> frozenset[str]:
        """Return the namespaces of all that a page can show."""
        cluster = self._leader.world()
        if cluster is None:
            return frozenset()
        stores = map(cluster.of, (kinds.INFERENCE_DEPLOYMENT, kinds.INFERENCE_GATEWAY, kinds.ADAPTER))
        return frozenset(str(one["metadata"]["namespace"]) for store in stores for one in store.each())

    def adapters(self) -> Sequence[Manifest]:
        """Return every Adapter, by namespace and name."""
        cluster = self._leader.world()
        return () if cluster is None else cluster.of(kinds.ADAPTER).all()

    def gateways(self) -> Sequence[Manifest]:
        """Return every gateway, by namespace and name."""
        cluster = self._leader.world()
        return () if cluster is None else cluster.of(kinds.INFERENCE_GATEWAY).all()

    def gateway(self, namespace: str, name: str) -> Manifest | None:
        """Return one gateway."""
        cluster = self._leader.world()
        return None if cluster is None else cluster.of(kinds.INFERENCE_GATEWAY).find(namespace, name)

    async def follow(self) -> None:
        """Keep a point of every deployment every few seconds, until cancelled."""
        while True:
            try:
                self.observe()
            except Exception:
                log.exception(
                    "an internal error of Fairlead: a point of the console's timelines is missing; please report it"
                )
            await asyncio.sleep(history.EACH_S)

    def observe(self) -> None:
        """Record one point of every deployment; none while another process leads."""
        cluster, records, now = self._leader.world(), self._records(), self._clock()
        if cluster is None:
            self._history = History()
            return
        documents = cluster.of(kinds.INFERENCE_DEPLOYMENT).each()
        keyed = (((one["metadata"]["namespace"], one["metadata"]["name"]), one) for one in documents)
        self._history.add((key, history.point(one, records.get(key), now)) for key, one in keyed)

    def _records(self) -> dict[tuple[str, str], DecisionRecord]:
        now = self._clock()
        return {(one.namespace, one.name): one for one in self._leader.records() if now - one.now <= FRESH_S}


def _accelerators(cluster: ClusterState, document: Manifest) -> int:
    about = document["metadata"]
    pods = cluster.of(kinds.POD).of_deployment(about["namespace"], about["name"])
    return sum(gpu_nodes.held_accelerators(one) for one in pods)
