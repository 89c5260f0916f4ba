"""How many more replicas of one kind the nodes could take, if the process may read nodes. Pure."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from fairlead.cluster import cpu_nodes, gpu_nodes, kinds, pod_priorities, taints
from fairlead.cluster.cpu_nodes import CpuRequirement
from fairlead.cluster.gpu_nodes import GpuRequirement, PodHolding
from fairlead.cluster.interfaces import ClusterState
from fairlead.cluster.kinds import Manifest
from fairlead.cluster.store import NamespacedName
from fairlead.engines import catalogue as engines
from fairlead.engines.engine_setup import EngineSetup
from fairlead.fleet.desired_state import WITHOUT_GPU, DesiredRevision
from fairlead.fleet.findings import SpecRefusal
from fairlead.fleet.nodes import GpuResources
from fairlead.fleet.priorities import PodPriority
from fairlead.fleet.rollouts import NodeRoom
from fairlead.objects import engine_deployment, engine_placement, labels
from fairlead.planning import cpu_room, preemption
from fairlead.planning import room as rooms

NodeRequirement: TypeAlias = GpuRequirement | CpuRequirement
"""What one replica needs of its node."""


def requirement(revision: DesiredRevision) -> NodeRequirement | None:
    """Return what a replica of this revision needs; None if any node will do."""
    if revision.cpu is None:
        found = GpuRequirement.of(revision)
        return None if found is None else replace(found, memory_bytes=_requested_memory(revision))
    return CpuRequirement(
        resources=revision.cpu,
        selector=tuple(sorted(engine_placement.node_selector(revision).items())),
        tolerations=revision.placement.tolerations,
        priority_class=revision.placement.priority_class,
    )


def _requested_memory(revision: DesiredRevision) -> int:
    """Return the main memory that a replica beside GPUs requests: as the spec states it, else for its KV blocks.

    Weights left there are not among it: how many there are is decided by the fit, which is not known here.
    """
    amounts = (revision.resources.requests.memory_bytes, revision.resources.limits.memory_bytes)
    stated = next((size for size in amounts if size is not None), None)
    engine = engines.describe(revision.engine.kind)
    if stated is not None or revision.engine.kind in WITHOUT_GPU or isinstance(engine, SpecRefusal):
        return stated or 0
    return engine.memory_settings(EngineSetup(revision=revision)).host_cache.replica_bytes


def as_admitted(cluster: ClusterState, place: NodeRequirement | None, own: NamespacedName) -> NodeRequirement | None:
    """Return the requirement with what admission lets the deployment's replicas tolerate beyond their spec.

    A webhook, the namespace's defaults or a queue that gave it to them gives it to the next one too; their Deployments
    keep it while there is none.
    """
    if place is None:
        return None
    engines = [one for one in cluster.of(kinds.DEPLOYMENT).of_deployment(*own) if _revision(one)]
    kept = [one for each in engines for one in engine_deployment.tolerated(each)]
    templates = {_revision(one): one.get("spec", {}).get("template") or {} for one in engines}
    more = taints.added(filter(_revision, cluster.of(kinds.POD).of_deployment(*own)), templates)
    return replace(place, tolerations=tuple(dict.fromkeys((*place.tolerations, *more, *kept))))


def _revision(one: Manifest) -> str:
    """Return the revision of an engine or its Deployment; empty for routers and checks."""
    found = one["metadata"].get("labels") or {}
    return str(found.get(labels.REVISION) or "") if found.get(labels.ROLE) == labels.ChildRole.ENGINE else ""


class NodeRooms:
    """The room of each requirement, counted again only after a pod, a node or a priority class changed.

    A store replaces manifests and never changes one, so what was read of a manifest is true of it for ever.
    """

    def __init__(self) -> None:
        self._holdings: dict[int, PodHolding] = {}
        """By the pod's identity, which is its own as long as it is kept here."""
        self._counted = CountedRooms(nodes=(), classes=(), some=[])
        self._as_of: tuple[int, ...] = ()
        """The changes of the stores that were counted, and the identities of the unwatched pods, which are kept."""

    def of(
        self,
        cluster: ClusterState,
        place: NodeRequirement | None,
        *,
        nodes_grow: bool,
        unwatched: Iterable[Manifest] = (),
        own: NamespacedName | None = None,
    ) -> NodeRoom:
        """Return the room by stored and `unwatched` pods; unlimited if nothing is needed of a node, or nodes are added.

        Pods of a lower priority count as room, except those of the deployment `own`.
        """
        if place is None or nodes_grow or not cluster.has_listed(kinds.NODE):
            return NodeRoom(of_cpu=isinstance(place, CpuRequirement))
        nodes, classes, pods = (cluster.of(one) for one in (kinds.NODE, kinds.PRIORITY_CLASS, kinds.POD))
        more = tuple(unwatched)
        as_of = (nodes.changes, classes.changes, pods.changes, *map(id, more))
        if as_of != self._as_of:
            some = self._read((*pods.each(), *more))
            self._counted = CountedRooms(nodes=nodes.all(), classes=tuple(classes.each()), some=some)
            self._as_of = as_of
        return self._counted.room(place, own)

    def _read(self, some: Sequence[Manifest]) -> list[PodHolding]:
        """Return what each pod holds; forget those that are gone."""
        before = self._holdings
        found = [before.get(id(pod)) or gpu_nodes.holding(pod) for pod in some]
        if len(found) != len(before) or any(id(one.pod) not in before for one in found):
            self._holdings = {id(one.pod): one for one in found}
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedRooms:
    """The rooms beside these pods, on these nodes."""

    nodes: Sequence[Manifest]
    classes: Sequence[Manifest]
    some: Sequence[PodHolding]
    _rooms: dict[tuple[NodeRequirement, NamespacedName | None], NodeRoom] = field(default_factory=dict)
    _lower: dict[PodPriority | None, Sequence[PodHolding]] = field(default_factory=dict)

    def room(self, place: NodeRequirement, own: NamespacedName | None) -> NodeRoom:
        """Return the room; of the deployments that need the same, only one with pods of a lower priority differs."""
        to = pod_priorities.of_class(self.classes, place.priority_class)
        if to not in self._lower:
            self._lower[to] = [one for one in self.some if preemption.gives_way(one.rank, to)]
        lower = self._lower[to]
        kept = own if any(pod_priorities.owner(one.pod) == own for one in lower) else None
        if (place, kept) not in self._rooms:
            leaving = {id(one) for one in lower if kept is None or pod_priorities.owner(one.pod) != kept}
            self._rooms[place, kept] = self._counted(place, leaving)
        return self._rooms[place, kept]

    def _counted(self, place: NodeRequirement, leaving: Collection[int]) -> NodeRoom:
        free = _room(self.nodes, self.some, place)
        if not leaving:
            return free
        staying = [one for one in self.some if id(one) not in leaving]
        return preemption.with_preemption(free, _room(self.nodes, staying, place))


def _room(nodes: Sequence[Manifest], some: Sequence[PodHolding], place: NodeRequirement) -> NodeRoom:
    unplaced = [one.pod for one in some if not one.node]
    if isinstance(place, CpuRequirement):
        hosts = cpu_nodes.host_nodes(nodes, some, place.tolerations)
        return cpu_room.room(hosts, place.resources, place.selector, cpu_nodes.pending_replicas(unplaced, place))
    return rooms.room(
        gpu_nodes.nodes_with(nodes, some, place),
        place.product,
        GpuResources(gpus=place.gpus, memory_bytes=place.memory_bytes),
        place.others,
        gpu_nodes.pending(unplaced, place),
    )
