"""The loop: each second, observes and decides each of its deployments, publishes changes, and records them.

One task for all of them. A decision that raises is counted and logged, and stops no other; writes run beside the loop,
one at a time per deployment.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final, TypeVar

from fairlead.autoscaler import decision_facts, deployment_pods, scaled_deployments, scaling_status
from fairlead.autoscaler.decision_facts import FactCollector, RoundSnapshot, ScalingCase, wanted_replicas
from fairlead.autoscaler.ledger import Ledger
from fairlead.autoscaler.loop_state import DeploymentLoopState
from fairlead.autoscaler.policies import BUILT_IN, NoPolicy, PolicyCache
from fairlead.autoscaler.samples import phases
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.autoscaler.samples.source_registry import SourceRegistry
from fairlead.autoscaler.scaling_spec import SpecReader
from fairlead.autoscaler.scaling_status import ScalingFields
from fairlead.autoscaler.settings import LoopSettings
from fairlead.autoscaler.writer import AutoscalerWriter
from fairlead.cluster import kinds
from fairlead.cluster.derived_values import DerivedValue
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.router_keys import RouterKeys
from fairlead.process.node_room import NodeRooms
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.recommender import recommend
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.telemetry.autoscaler_metrics import AutoscalerMetrics

SETTLE_ROUNDS: Final = 3.0
"""Rounds before a deployment new to this process is decided: its pods were scraped once and had time to answer."""

READING_S: Final = 0.2
"""Seconds of a round for reading new specs: a thousand of them at start-up are spread over several rounds."""

FAILED_ROUNDS: Final = 3
"""Decisions in a row that raise until the status says so."""

log = logging.getLogger("fairlead.autoscaler")
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class LoopEnvironment:
    """Everything that the loop reads from and writes to."""

    cluster: ClusterState
    sources: SourceRegistry
    understanding: SpecReader
    writer: AutoscalerWriter
    ledger: Ledger
    metrics: AutoscalerMetrics
    mine: Callable[[str], bool] = lambda _: True
    """Whether this process decides the deployment of that uid now."""
    clock: Callable[[], float] = time.time
    time_zones: frozenset[str] | None = None
    """Names of all time zones; None if they are unknown, so that none is refused."""
    router_keys: RouterKeys = field(default_factory=RouterKeys)


class ScalingLoop:
    """Decides all deployments of one process."""

    def __init__(self, environment: LoopEnvironment, settings: LoopSettings) -> None:
        self.states: dict[str, DeploymentLoopState] = {}
        self._environment = environment
        self._settings = settings
        self._observer = FactCollector()
        self._rooms = NodeRooms()
        self._policies = PolicyCache(environment.time_zones)
        self._scaled = DerivedValue(scaled_deployments.among)
        self._lost_nodes = DerivedValue(phases.lost)
        self._pod_uids = DerivedValue(lambda pods: frozenset(one["metadata"]["uid"] for one in pods))

    async def run(self) -> None:
        """Run rounds until cancelled, then save the estimates."""
        clock = asyncio.get_running_loop().time
        due = clock()
        try:
            while True:
                began = clock()
                await self.round()
                self._environment.metrics.went_round(max(0.0, began - due), clock() - began)
                due = max(due + self._settings.every_seconds, clock())
                await asyncio.sleep(due - clock())
        finally:
            await asyncio.shield(self._end())

    async def round(self) -> None:
        """Decide every deployment once."""
        environment = self._environment
        snapshot = RoundSnapshot(
            cluster=environment.cluster,
            now=environment.clock(),
            nodes_grow=self._settings.nodes_grow,
            rooms=self._rooms,
            lost_nodes=self._lost_nodes.of(environment.cluster.of(kinds.NODE)),
        )
        ours = list(self._ours(snapshot))
        environment.sources.follow(self._followed(snapshot))
        for case, state in ours:
            self._decide_safely(case, state, snapshot)
            await asyncio.sleep(0)  # let the controller and the scrapes run, which share this event loop

    def records(self) -> Iterator[DecisionRecord]:
        """Yield the last decision of each deployment."""
        return (one.record for one in self.states.values() if one.record is not None)

    def _ours(self, snapshot: RoundSnapshot) -> Iterator[tuple[ScalingCase, DeploymentLoopState]]:
        """Yield the deployments that this process decides; drop the state of all others."""
        seen, began = set(), time.perf_counter()
        for document in self._scaled.of(snapshot.cluster.of(kinds.INFERENCE_DEPLOYMENT)):
            metadata = document["metadata"]
            if "deletionTimestamp" in metadata or not self._environment.mine(metadata["uid"]):
                continue
            seen.add(uid := metadata["uid"])
            state = self.states.get(uid)
            if state is None:
                state = self.states[uid] = DeploymentLoopState(uid=uid, since=snapshot.now)
            state.follow_clock(snapshot.now)
            case = self._safely(partial(self._case, document, state, snapshot, began), metadata, state)
            state.followed = case or (state.followed and replace(state.followed, document=document))
            if case is not None:
                yield case, state
        for uid in self.states.keys() - seen:
            del self.states[uid]
        self._forget(snapshot)

    def _followed(self, snapshot: RoundSnapshot) -> Iterator[tuple[ScalingCase, Iterator[ScrapeTarget]]]:
        """Yield all pods to scrape: also of deployments that this round leaves out, whose samples would be lost."""
        for case in (one.followed for one in self.states.values() if one.followed is not None):
            family = deployment_pods.of(snapshot.cluster, case.document)
            keys = self._environment.router_keys
            yield case, deployment_pods.targets(family, case.document, case.subject.kind, keys)

    def _case(
        self, document: Manifest, state: DeploymentLoopState, snapshot: RoundSnapshot, began: float
    ) -> ScalingCase | None:
        """Return the case to decide; None without spec.scaling (our recommendation is then withdrawn) or a usable
        policy."""
        if not scaled_deployments.is_scaled(document):
            state.subject, state.record, state.followed, state.generation = None, None, None, -1
            self._environment.writer.withdraw(document, state, snapshot.now)
            return None
        if state.generation != document["metadata"]["generation"]:
            if time.perf_counter() - began > READING_S:
                return None
            state.subject, state.generation = None, document["metadata"]["generation"]
            state.subject = self._environment.understanding(document)
        subject = state.subject
        if subject is None or not decision_facts.has_count(document, snapshot.cluster):
            return None
        namespace = document["metadata"]["namespace"]
        policy = self._policies.of(snapshot.cluster, namespace, subject.bounds.policy)
        if isinstance(policy, NoPolicy):
            held = ScalingCase(document=document, subject=subject, policy=BUILT_IN)
            self._hold(held, partial(scaling_status.held, because=policy.because), state, snapshot)
            return None
        return ScalingCase(document=document, subject=subject, policy=policy, ours=state.recommended)

    def _hold(
        self,
        case: ScalingCase,
        held: Callable[[ScalingFields, int], Recommendation],
        state: DeploymentLoopState,
        snapshot: RoundSnapshot,
    ) -> None:
        """Publish the current count with the reason why nothing is decided."""
        count = wanted_replicas(case, deployment_pods.of(snapshot.cluster, case.document).engines, snapshot)
        recommendation = held(state.before(case.document), count)
        state.record = None
        self._environment.writer.publish(case, recommendation, state, snapshot.now)

    def _decide_safely(self, case: ScalingCase, state: DeploymentLoopState, snapshot: RoundSnapshot) -> None:
        before, metadata = state.bugs, case.document["metadata"]
        self._safely(partial(self._decide, case, state, snapshot), metadata, state)
        if state.bugs == before:
            state.bugs = 0
        elif state.bugs >= FAILED_ROUNDS:
            self._safely(partial(self._hold, case, scaling_status.failing, state, snapshot), metadata, state)

    def _safely(self, act: Callable[[], Result], metadata: Manifest, state: DeploymentLoopState) -> Result | None:
        """The only place that catches unexpected exceptions: a bug must cost one deployment's decision, not others'."""
        try:
            return act()
        except Exception:
            state.bugs += 1
            self._environment.metrics.failed()
            if state.bugs & (state.bugs - 1) == 0:  # log number 1, 2, 4, ... in a row: one a second fills a disk
                about = {"namespace": metadata["namespace"], "name_of_object": metadata["name"], "uid": metadata["uid"]}
                log.exception("internal error; keeping current replicas; please report it", extra=about)
            return None

    def _decide(self, case: ScalingCase, state: DeploymentLoopState, snapshot: RoundSnapshot) -> None:
        environment = self._environment
        if state.memory is None:
            environment.writer.restore(case, state, environment.sources, snapshot.now)
            return
        if snapshot.now - state.since < SETTLE_ROUNDS * self._settings.every_seconds:
            return
        facts = self._observer.facts(case, environment.sources.of(case), snapshot)
        began = time.perf_counter()
        recommendation, after = recommend(facts, state.memory, snapshot.now)
        environment.metrics.decided(
            recommendation.reason.value, recommendation.replicas - facts.wanted, time.perf_counter() - began
        )
        record = DecisionRecord(
            namespace=case.namespace,
            name=case.name,
            now=snapshot.now,
            facts=facts,
            memory=state.memory,
            recommendation=recommendation,
            version=self._settings.version,
        )
        state.record, state.memory = record, after
        environment.ledger.note(case.uid, record)
        environment.writer.publish(case, recommendation, state, snapshot.now)
        environment.writer.keep_learnt(case.document, state, snapshot.now)

    def _forget(self, snapshot: RoundSnapshot) -> None:
        """Drop what is kept of deleted objects."""
        self._policies.keep(snapshot.cluster)
        self._observer.keep(self._pod_uids.of(snapshot.cluster.of(kinds.POD)))
        self._environment.ledger.keep(frozenset(self.states))

    async def _end(self) -> None:
        """Wait for writes to end, and save what was learnt since the last save."""
        world = self._environment.cluster.of(kinds.INFERENCE_DEPLOYMENT)
        there = {one["metadata"]["uid"]: one for one in world.each()}
        await self._environment.writer.end([(there[uid], one) for uid, one in self.states.items() if uid in there])
