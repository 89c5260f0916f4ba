"""Collects the facts of one decision from the informers and the last samples. Sends no requests and decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeGuard

from fairlead.autoscaler import deployment_pods
from fairlead.autoscaler.samples import phases, pod_figures
from fairlead.autoscaler.samples.sample_source import SampleSource
from fairlead.autoscaler.scaling_spec import ScalingSpec
from fairlead.cluster import pod_starts
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.fleet.policies import ScalingPolicy
from fairlead.fleet.rollouts import NodeRoom
from fairlead.process import node_room
from fairlead.process.node_room import NodeRequirement, NodeRooms
from fairlead.scaling.facts import EnginePod, EnginePodPhase, RouterPod, ScalingFacts

UNSCRAPED_PHASES: Final = frozenset(
    {
        EnginePodPhase.PENDING,
        EnginePodPhase.PULLING,
        EnginePodPhase.UNPLACEABLE,
        EnginePodPhase.DEAD,
        EnginePodPhase.ASLEEP,
    }
)
"""Phases in which a pod need not answer a scrape, so a missing sample is no problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingCase:
    """One deployment whose replicas are to be decided."""

    document: Manifest
    subject: ScalingSpec
    policy: ScalingPolicy
    ours: int | None = None
    """Our last recommendation if the policy is active: used instead of status, which another writer may have
    changed."""

    @property
    def namespace(self) -> str:
        """The deployment's namespace."""
        return str(self.document["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """The deployment's name."""
        return str(self.document["metadata"]["name"])

    @property
    def uid(self) -> str:
        """The deployment's uid."""
        return str(self.document["metadata"]["uid"])


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSnapshot:
    """Facts that all deployments of one round share."""

    cluster: ClusterState
    now: float
    nodes_grow: bool = False
    rooms: NodeRooms = field(default_factory=NodeRooms)
    lost_nodes: frozenset[str]
    _rooms: dict[NodeRequirement | None, NodeRoom] = field(default_factory=dict)

    def room(self, place: NodeRequirement | None) -> NodeRoom:
        """Return how many more replicas of a kind the nodes could take, counted once a round for each kind of GPU."""
        if place not in self._rooms:
            self._rooms[place] = self.rooms.of(self.cluster, place, nodes_grow=self.nodes_grow)
        return self._rooms[place]


@dataclass(slots=True)
class FactCollector:
    """Collects facts, and remembers when a pod was first ready: its condition has only the last transition."""

    _first_ready: dict[str, float] = field(default_factory=dict)
    _starting: set[str] = field(default_factory=set)
    """Pods that were seen before they were ready; of others, the first readiness is unknown."""

    def facts(self, case: ScalingCase, source: SampleSource, snapshot: RoundSnapshot) -> ScalingFacts:
        """Return all facts of one decision."""
        subject, family = case.subject, deployment_pods.of(snapshot.cluster, case.document)
        own = NamespacedName(case.namespace, case.name)
        room = snapshot.room(node_room.as_admitted(snapshot.cluster, subject.place, own))
        return ScalingFacts(
            revision=deployment_pods.wanted_revision(snapshot.cluster, case.document) or subject.revision,
            bounds=subject.bounds,
            policy=case.policy,
            wanted=wanted_replicas(case, family.engines, snapshot),
            pods=self._pods(case, family, source, snapshot),
            routers=tuple(_router(one, case, source, snapshot.now) for one in family.routers),
            room=room.replicas,
            room_because=room.because,
            price_per_hour=subject.price_per_hour,
            assumed=subject.speed,
            speculates=subject.speculates,
            draft_lookup=subject.drafting.lookup,
            draft_pass_seconds=subject.drafting.pass_s,
            sleeps=subject.sleeps,
            options=subject.options,
        )

    def keep(self, uids: Iterable[str]) -> None:
        """Forget pods that were deleted."""
        there = set(uids)
        for uid in self._first_ready.keys() - there:
            del self._first_ready[uid]
        self._starting &= there

    def _pods(
        self, case: ScalingCase, family: deployment_pods.DeploymentPods, source: SampleSource, snapshot: RoundSnapshot
    ) -> tuple[EnginePod, ...]:
        uids = [deployment_pods.sample_uid(one, case.document) for one in family.routers]
        router_samples = [source.router(uid) for uid in uids]
        found = []
        for manifest in family.engines:
            name, uid = manifest["metadata"]["name"], manifest["metadata"]["uid"]
            phase = phases.phase(manifest, snapshot.lost_nodes, snapshot.now)
            if phase is EnginePodPhase.READY and pod_figures.taken_out(router_samples, name):
                phase = EnginePodPhase.HUNG
            revision = deployment_pods.revision_of(manifest)
            sample = pod_figures.sized(source.engine(uid), case.subject, revision)
            figures, problem = pod_figures.pod(
                sample,
                case.policy,
                snapshot.now,
                pod_figures.busy(router_samples, name),
                rests=pod_figures.at_rest(router_samples, name),
            )
            because = pod_figures.because(sample, problem)
            made = EnginePod(
                name=name,
                revision=revision,
                phase=phase,
                since=phases.begun_at(manifest),
                ready_at=self._ready(uid, manifest),
                start_seen=uid in self._starting,
                image_wait=pod_starts.image_wait(manifest),
            )
            found.append(
                made if phase in UNSCRAPED_PHASES else replace(made, figures=figures, problem=problem, because=because)
            )
        return tuple(found)

    def _ready(self, uid: str, manifest: Manifest) -> float | None:
        """Return the first readiness, which alone ends a cold start; later transitions do not."""
        if uid in self._first_ready:
            return self._first_ready[uid]
        if pod_starts.is_first(manifest):
            self._starting.add(uid)
        if (since := phases.ready_at(manifest)) is not None:
            self._first_ready[uid] = since
        return self._first_ready.get(uid)


def wanted_replicas(case: ScalingCase, engines: Sequence[Manifest], snapshot: RoundSnapshot) -> int:
    """Return the current count: our own recommendation if it is followed, else the controller's, else the existing
    pods."""
    status = case.document.get("status") or {}
    stored = (status.get("scaling") or {}).get("recommended")
    followed = (case.ours, stored) if case.policy.active else ()
    for count in (*followed, status.get("desiredReplicas")):
        if _is_count(count):
            return max(0, count)
    gone = {EnginePodPhase.DRAINING, EnginePodPhase.DEAD}
    return sum(phases.phase(one, snapshot.lost_nodes, snapshot.now) not in gone for one in engines)


def has_count(document: Manifest, cluster: ClusterState) -> bool:
    """Whether a count or a pod exists. In a deployment's first second none does, which is no wish for 0 replicas."""
    status = document.get("status") or {}
    recommended = (status.get("scaling") or {}).get("recommended")
    counted = _is_count(recommended) or _is_count(status.get("desiredReplicas"))
    return counted or bool(deployment_pods.of(cluster, document).engines)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _router(manifest: Manifest, case: ScalingCase, source: SampleSource, now: float) -> RouterPod:
    sample = source.router(deployment_pods.sample_uid(manifest, case.document))
    figures, problem = pod_figures.router(sample, case.policy, now)
    name = manifest["metadata"]["name"]
    return RouterPod(name=name, figures=figures, problem=problem, because=pod_figures.because(sample, problem))
