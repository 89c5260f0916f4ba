"""The loop: each second, observe and decide every deployment of ours, publish what changed, and record it.

One task for all of them. A decision that raises is counted and logged, and stops no other; writes run beside the loop,
one at a time for each deployment.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from fairlead.autoscaler import deployment_pods
from fairlead.autoscaler.decision_facts import FactCollector, RoundSnapshot, ScalingCase, wanted_replicas
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop_state import DeploymentLoopState
from fairlead.autoscaler.policies import BUILT_IN, NoPolicy, PolicyCache
from fairlead.autoscaler.samples.source_registry import SourceRegistry
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster import kinds
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import ScalingReason
from fairlead.fleet.router_keys import RouterKeys
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.recommender import recommend
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

SETTLE_ROUNDS: Final = 3.0
"""A deployment that is new to this process is decided after so many rounds, when its pods were scraped once and had
time to answer."""

READING_S: Final = 0.2
"""Seconds of a round for reading new specs: a thousand of them at a start are read over several rounds."""

log = logging.getLogger("fairlead.autoscaler")


@dataclass(frozen=True, kw_only=True)
class LoopEnvironment:
    """Everything that the loop reads from and writes to."""

    world: ClusterState
    sources: SourceRegistry
    understanding: SpecReader
    writer: AutoscalerWriter
    ledger: Ledger
    metrics: AutoscalerMetrics
    mine: Callable[[str], bool] = lambda _: True
    """Whether this process decides the deployment of that uid now."""
    clock: Callable[[], float] = time.time
    router_keys: RouterKeys = field(default_factory=RouterKeys)


class ScalingLoop:
    """Decides all deployments of one process."""

    def __init__(self, doors: LoopEnvironment, settings: LoopSettings) -> None:
        self.standings: dict[str, DeploymentLoopState] = {}
        self._doors = doors
        self._settings = settings
        self._observer = FactCollector()
        self._policies = PolicyCache()

    async def run(self) -> None:
        """Run rounds until cancelled; what was learnt is saved at the end."""
        clock = asyncio.get_running_loop().time
        due = clock()
        try:
            while True:
                began = clock()
                await self.round()
                self._doors.metrics.went_round(max(0.0, began - due), clock() - began)
                due = max(due + self._settings.every_seconds, clock())
                await asyncio.sleep(due - clock())
        finally:
            await asyncio.shield(self._end())

    async def round(self) -> None:
        """Decide every deployment once."""
        doors, keys = self._doors, self._doors.router_keys
        look = RoundSnapshot(doors.world, doors.clock(), self._settings.nodes_grow)
        ours = list(self._ours(look))
        doors.sources.follow(
            (
                case,
                deployment_pods.targets(
                    deployment_pods.of(look.world, case.document), case.document, case.subject.kind, keys
                ),
            )
            for case, _ in ours
        )
        for case, standing in ours:
            self._decide_safely(case, standing, look)
            await asyncio.sleep(0)  # let the controller and the scrapes run, which share this event loop

    def records(self) -> Iterator[DecisionRecord]:
        """The last decision of each deployment."""
        return (one.record for one in self.standings.values() if one.record is not None)

    def _ours(self, look: RoundSnapshot) -> Iterator[tuple[ScalingCase, DeploymentLoopState]]:
        """The deployments that this process decides; those that are deleted, or that other processes decide, are
        dropped."""
        seen, began = set(), time.perf_counter()
        for document in look.world.of(kinds.INFERENCE_DEPLOYMENT).each():
            metadata = document["metadata"]
            if "deletionTimestamp" in metadata or not self._doors.mine(metadata["uid"]):
                continue
            seen.add(metadata["uid"])
            standing = self.standings.setdefault(
                metadata["uid"], DeploymentLoopState(uid=metadata["uid"], since=look.now)
            )
            case = self._case(document, standing, look, began)
            if case is not None:
                yield case, standing
        for uid in self.standings.keys() - seen:
            del self.standings[uid]
        self._forget(look)

    def _case(
        self, document: Manifest, standing: DeploymentLoopState, look: RoundSnapshot, began: float
    ) -> ScalingCase | None:
        """The case to decide; None without spec.scaling (our old recommendation is then withdrawn), or without a usable
        policy."""
        if "scaling" not in document.get("spec", {}):
            standing.subject, standing.record, standing.generation = None, None, -1
            self._doors.writer.withdraw(document, standing, look.now)
            return None
        if standing.generation != document["metadata"]["generation"]:
            if time.perf_counter() - began > READING_S:
                return None
            standing.subject = self._doors.understanding(document)
            standing.generation = document["metadata"]["generation"]
        subject = standing.subject
        if subject is None:
            return None
        namespace = document["metadata"]["namespace"]
        policy = self._policies.of(look.world, namespace, subject.bounds.policy)
        if isinstance(policy, NoPolicy):
            self._hold(ScalingCase(document=document, subject=subject, policy=BUILT_IN), policy, standing, look)
            return None
        return ScalingCase(document=document, subject=subject, policy=policy, ours=standing.recommended)

    def _hold(self, case: ScalingCase, why: NoPolicy, standing: DeploymentLoopState, look: RoundSnapshot) -> None:
        """Publish the current count with the reason why no policy decides."""
        count = wanted_replicas(case, deployment_pods.of(look.world, case.document).engines, look)
        said = Recommendation(replicas=count, reason=ScalingReason.NO_POLICY, message=f"held: {why.because}")
        standing.record = None
        self._doors.writer.publish(case, said, standing, look.now)

    def _decide_safely(self, case: ScalingCase, standing: DeploymentLoopState, look: RoundSnapshot) -> None:
        """Decide one deployment; the only place that catches unexpected exceptions."""
        try:
            self._decide(case, standing, look)
            standing.bugs = 0
        except Exception:  # a bug must cost only this deployment's decision, not those of the others
            standing.bugs += 1
            self._doors.metrics.failed()
            if standing.bugs & (standing.bugs - 1) == 0:  # log number 1, 2, 4, ... in a row: one a second fills a disk
                log.exception("internal error; keeping current replicas; please report it", extra=_about(case))

    def _decide(self, case: ScalingCase, standing: DeploymentLoopState, look: RoundSnapshot) -> None:
        doors = self._doors
        if standing.memory is None:
            doors.writer.recall(case, standing, doors.sources, look.now)
            return
        if look.now - standing.since < SETTLE_ROUNDS * self._settings.every_seconds:
            return
        facts = self._observer.facts(case, doors.sources.of(case), look)
        began = time.perf_counter()
        said, after = recommend(facts, standing.memory, look.now)
        doors.metrics.decided(said.reason.value, said.replicas - facts.wanted, time.perf_counter() - began)
        record = DecisionRecord(
            namespace=case.namespace,
            name=case.name,
            now=look.now,
            facts=facts,
            memory=standing.memory,
            recommendation=said,
            version=self._settings.version,
        )
        standing.record, standing.memory = record, after
        doors.ledger.note(case.uid, record)
        doors.writer.publish(case, said, standing, look.now)
        doors.writer.keep_learnt(case.document, standing, look.now)

    def _forget(self, look: RoundSnapshot) -> None:
        """Drop what is kept of objects that were deleted."""
        self._policies.keep(look.world)
        self._observer.keep(one["metadata"]["uid"] for one in look.world.of(kinds.POD).each())
        self._doors.ledger.keep(frozenset(self.standings))

    async def _end(self) -> None:
        """Wait for writes to end, and save what was learnt since the last time."""
        world = self._doors.world.of(kinds.INFERENCE_DEPLOYMENT)
        there = {one["metadata"]["uid"]: one for one in world.each()}
        await self._doors.writer.end([(there[uid], one) for uid, one in self.standings.items() if uid in there])


def _about(case: ScalingCase) -> dict[str, object]:
    return {"namespace": case.namespace, "name_of_object": case.name, "uid": case.uid}
