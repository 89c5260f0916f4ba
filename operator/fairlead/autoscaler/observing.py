"""The facts of one decision, gathered from what was last heard and last scraped. Asks nobody, decides nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from fairlead.autoscaler import children, phases, reading
from fairlead.autoscaler.source import Source
from fairlead.autoscaler.subject import Subject
from fairlead.cluster import gpu_places, kinds, pod_starts
from fairlead.cluster.doors import World
from fairlead.cluster.gpu_places import Place
from fairlead.cluster.kinds import Manifest
from fairlead.fleet.policies import Policy
from fairlead.fleet.rollouts import Room
from fairlead.planning import room as rooms
from fairlead.scaling.facts import Facts, Phase, Pod, Router

UNBOUNDED: Final = Room()
SILENT: Final = frozenset({Phase.PENDING, Phase.PULLING, Phase.UNPLACEABLE, Phase.DEAD, Phase.ASLEEP})
"""Phases in which nobody answers, which is no doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One deployment that wants to be decided."""

    document: Manifest
    subject: Subject
    policy: Policy
    ours: int | None = None
    """What we recommended last, since we decide it: whoever wrote something else there does not lead us astray."""

    @property
    def namespace(self) -> str:
        """Where it is."""
        return str(self.document["metadata"]["namespace"])

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.document["metadata"]["name"])

    @property
    def uid(self) -> str:
        """Which one it is."""
        return str(self.document["metadata"]["uid"])


@dataclass(frozen=True, slots=True)
class Look:
    """What is the same for all deployments of one round."""

    world: World
    now: float
    nodes_grow: bool = False
    lost_nodes: frozenset[str] = field(init=False)
    _rooms: dict[Place, Room] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nodes are many and change seldom: once a round is often enough."""
        object.__setattr__(self, "lost_nodes", phases.lost(self.world.of(kinds.NODE).each()))

    def room(self, place: Place | None) -> Room:
        """How many more replicas of a kind the nodes could take; counted once a round for each kind of GPU."""
        if place is None or self.nodes_grow or not self.world.knows(kinds.NODE):
            return UNBOUNDED
        if place not in self._rooms:
            everyone = tuple(self.world.of(kinds.POD).each())
            nodes = gpu_places.seen(self.world.of(kinds.NODE).all(), everyone, place.resource)
            coming = gpu_places.coming(everyone, place)
            self._rooms[place] = rooms.room(nodes, place.product, place.gpus, place.others, coming)
        return self._rooms[place]


@dataclass(slots=True)
class Observer:
    """Gathers facts, and remembers when a pod was first ready: its condition tells only of the last time."""

    _first_ready: dict[str, float] = field(default_factory=dict)

    def facts(self, case: Case, source: Source, look: Look) -> Facts:
        """All that one decision looks at."""
        subject, family = case.subject, children.of(look.world, case.document)
        room = look.room(subject.place)
        return Facts(
            revision=children.wanted_revision(look.world, case.document) or subject.revision,
            bounds=subject.bounds,
            policy=case.policy,
            wanted=wanted(case, family.engines, look),
            pods=self._pods(case, family, source, look),
            routers=tuple(_router(one, source, case.policy, look.now) for one in family.routers),
            room=room.replicas,
            room_because=room.because,
            price_per_hour=subject.price_per_hour,
            assumed=subject.assumed,
            speculates=subject.speculates,
            sleeps=subject.sleeps,
            options=subject.options,
        )

    def keep(self, uids: Iterable[str]) -> None:
        """Forget pods that are gone."""
        for uid in self._first_ready.keys() - set(uids):
            del self._first_ready[uid]

    def _pods(self, case: Case, family: children.Family, source: Source, look: Look) -> tuple[Pod, ...]:
        says = [source.router(one["metadata"]["uid"]) for one in family.routers]
        found = []
        for manifest in family.engines:
            name, uid = manifest["metadata"]["name"], manifest["metadata"]["uid"]
            phase = phases.phase(manifest, look.lost_nodes, look.now)
            if phase is Phase.READY and reading.taken_out(says, name):
                phase = Phase.STUCK
            told = source.engine(uid)
            figures, doubt = reading.pod(told, case.policy, look.now, reading.busy(says, name))
            because = reading.because(told, doubt)
            made = Pod(
                name=name,
                revision=children.revision_of(manifest),
                phase=phase,
                since=phases.begun_at(manifest),
                ready_at=self._ready(uid, manifest),
                image_wait=pod_starts.image_wait(manifest),
            )
            found.append(made if phase in SILENT else replace(made, figures=figures, doubt=doubt, because=because))
        return tuple(found)

    def _ready(self, uid: str, manifest: Manifest) -> float | None:
        """Later falls and rises of readiness are no new start."""
        if uid not in self._first_ready and (since := phases.ready_at(manifest)) is not None:
            self._first_ready[uid] = since
        return self._first_ready.get(uid)


def wanted(case: Case, engines: Sequence[Manifest], look: Look) -> int:
    """Replicas asked for so far: our own word where it is followed, else the controller's, else what there is."""
    status = case.document.get("status") or {}
    stored = (status.get("scaling") or {}).get("recommended")
    followed = (case.ours, stored) if case.policy.active else ()
    for said in (*followed, status.get("desiredReplicas")):
        if isinstance(said, int) and not isinstance(said, bool):
            return max(0, said)
    gone = {Phase.DRAINING, Phase.DEAD}
    return sum(phases.phase(one, look.lost_nodes, look.now) not in gone for one in engines)


def _router(manifest: Manifest, source: Source, policy: Policy, now: float) -> Router:
    metadata = manifest["metadata"]
    told = source.router(metadata["uid"])
    figures, doubt = reading.router(told, policy, now)
    return Router(name=metadata["name"], figures=figures, doubt=doubt, because=reading.because(told, doubt))
