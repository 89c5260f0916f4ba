"""Carrying out a decision: every child applied where it differs, what is retired removed, and nothing at rest.

Looks at the live object before it touches one that it did not make; what belongs to somebody else is left alone.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import Refused
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.controller import meddling, observing
from fairlead.controller.deciding import Decision
from fairlead.controller.observing import Observed
from fairlead.controller.situation import Obstacle
from fairlead.controller.world import Server, World
from fairlead.fleet.conditions import ConditionReason
from fairlead.objects import drift, labels, stamps
from fairlead.objects.owner import Owner

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
NOTES: Final = (DELETION_COST, labels.ASLEEP)
"""All that is ever written on a pod."""
KEPT: Final = 2**31 - 1
"""The highest cost there is."""


PRUNED: Final = (
    kinds.DEPLOYMENT,
    kinds.SERVICE,
    kinds.CONFIG_MAP,
    kinds.SERVICE_ACCOUNT,
    kinds.ROLE,
    kinds.ROLE_BINDING,
    kinds.DISRUPTION_BUDGET,
    kinds.NETWORK_POLICY,
)
"""Kinds of children; revisions are no concern of pruning, they are retired one by one."""


Meddled = Callable[[Resource, str], None]
"""Told that somebody else changed a child of ours."""


class Obstructed(Exception):
    """A child could not be made as decided, and why."""

    def __init__(self, obstacle: Obstacle) -> None:
        super().__init__(obstacle.message)
        self.obstacle = obstacle


class StillLeaving(Exception):
    """What has the name of a child, or its namespace, is on its way out; that is nobody's problem and soon over."""


class Hands:
    """The only writer of workloads."""

    def __init__(self, server: Server, world: World) -> None:
        self._server = server
        self._world = world
        self._seen: dict[str, tuple[str, str]] = {}
        """By uid, the version of an object that was compared, and with which intent: no need to compare it again."""

    def forget(self, uid: str) -> None:
        """A child is gone."""
        self._seen.pop(uid, None)

    async def carry_out(
        self, observed: Observed, decision: Decision, busy: Mapping[str, int], meddled: Meddled
    ) -> Obstacle | None:
        """Engines first, since their start is what people wait for; answers what stood in the way."""
        try:
            if decision.shrinks is not None:
                await self._weigh(observed.pods.get(decision.shrinks, ()), busy, decision.beds.sleepers)
            for child in (*decision.engines, *decision.standing):
                await self.ensure(child, observed.owner, meddled)
            await self._check(observed, decision, meddled)
            if decision.retired is not None:
                await self._remove(decision.retired)
            if decision.prunes:
                await self._prune(observed, decision)
        except Obstructed as problem:
            return problem.obstacle
        except Refused as problem:
            if problem.namespace_ends:
                raise StillLeaving(f"namespace {observed.owner.namespace} is being removed") from problem
            return _obstacle(problem)
        return None

    async def ensure(self, intent: Manifest, owner: Owner, meddled: Meddled) -> None:
        """Have a child stand as intended; a request only where it does not."""
        metadata = intent["metadata"]
        resource = kinds.of(intent)
        live = self._world.of(resource).find(metadata["namespace"], metadata["name"])
        if live is None:
            live = await self._server.read(resource, metadata["namespace"], metadata["name"])
            if live is not None and observing.owned(live, owner):
                self._heard_late(live)
        if live is not None:
            _must_be_ours(live, owner)
            stands, changed = self._compared(intent, live)
            if stands:
                return
            await self._confirm(live)
            if changed is not None:
                full = await self._server.read(resource, metadata["namespace"], metadata["name"]) or live
                meddled(resource, meddling.note(live, changed, meddling.who(full)))
            intent = intent | {"metadata": metadata | {"uid": live["metadata"]["uid"]}}
        self._world.note(await self._server.apply(intent))

    def _heard_late(self, live: Manifest) -> None:
        """It was decided as if it were not there. A revision's count would be set to where it began: decide anew."""
        self._world.note(live)
        if observing.revision_of(live):
            raise StillLeaving(f"{live['kind']} {live['metadata']['name']} is there and we have not heard of it yet")

    async def _confirm(self, live: Manifest) -> None:
        """A revision's count is changed only if it was heard of last: one that lags tells of steps long done."""
        metadata = live["metadata"]
        if not observing.revision_of(live):
            return
        fresh = await self._server.read(kinds.of(live), metadata["namespace"], metadata["name"])
        if fresh is not None and observing.asked(fresh) != observing.asked(live):
            raise StillLeaving(f"{live['kind']} {metadata['name']} was changed and we have not heard of it yet")

    def _compared(self, intent: Manifest, live: Manifest) -> tuple[bool, str | None]:
        """Whether nothing is to be sent; else, where somebody changed what our mark says we applied just so."""
        metadata, mark = live["metadata"], intent["metadata"]["annotations"][stamps.APPLIED]
        version = (metadata["resourceVersion"], mark)
        if self._seen.get(metadata["uid"]) == version:
            return True, None
        if (metadata.get("annotations") or {}).get(stamps.APPLIED) != mark:
            return False, None
        changed = drift.differs(intent, live)
        if changed is None:
            self._seen[metadata["uid"]] = version
        return changed is None, changed

    async def _remove(self, retired: Manifest) -> None:
        """Only if it is still the one that was looked at, and still asks for nothing."""
        metadata = retired["metadata"]
        live = await self._server.read(kinds.DEPLOYMENT, metadata["namespace"], metadata["name"])
        if live is None or live["metadata"]["uid"] != metadata["uid"] or observing.asked(live):
            return
        now = live["metadata"]
        await self._server.remove(live, uid=now["uid"], resource_version=now["resourceVersion"])
        self._world.gone(live)

    async def _check(self, observed: Observed, decision: Decision, meddled: Meddled) -> None:
        """Make the check that is waited for, and remove those that are over; one that is there is never changed."""
        name = decision.check["metadata"]["name"] if decision.check else None
        for live in observed.checks if decision.target else ():
            if live["metadata"]["name"] != name and "deletionTimestamp" not in live["metadata"]:
                await self._server.remove(live, uid=live["metadata"]["uid"])
                self._world.gone(live)
        if decision.check is not None and all(one["metadata"]["name"] != name for one in observed.checks):
            await self.ensure(decision.check, observed.owner, meddled)

    async def _prune(self, observed: Observed, decision: Decision) -> None:
        """Remove children of an earlier spec: routers of its own, for instance, after it joined a gateway."""
        owner = observed.owner
        kept = {(one["kind"], one["metadata"]["name"]) for one in (*decision.standing, *decision.engines)}
        for resource in PRUNED:
            for live in self._world.of(resource).of_deployment(owner.namespace, owner.name):
                metadata = live["metadata"]
                if (resource.kind, metadata["name"]) in kept or observing.revision_of(live):
                    continue
                if observing.owned(live, owner) and "deletionTimestamp" not in metadata:
                    await self._server.remove(live, uid=metadata["uid"])
                    self._world.gone(live)

    async def _weigh(self, pods: tuple[Manifest, ...], busy: Mapping[str, int], kept: Collection[str]) -> None:
        """Tell Kubernetes which replica is missed least: the one with the fewest requests, one nobody uses first.

        Those that are to sleep serve nobody and are wanted all the same.
        """
        for pod in pods:
            name = pod["metadata"]["name"]
            cost = str(KEPT if name in kept else busy.get(name, -1))
            if (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0") != cost:
                await self.note(pod, DELETION_COST, cost)

    async def note(self, pod: Manifest, name: str, value: str | None) -> None:
        """Write one of our notes on a pod, or take it away; an apply without one of them would take that away too."""
        metadata = pod["metadata"]
        live = self._world.of(kinds.POD).find(metadata["namespace"], metadata["name"]) or pod
        found = live["metadata"].get("annotations") or {}
        notes = {one: found[one] for one in NOTES if one in found} | {name: value}
        head = {one: metadata[one] for one in ("name", "namespace", "uid")}
        written = {one: said for one, said in notes.items() if said is not None}
        noted = {"apiVersion": "v1", "kind": "Pod", "metadata": head | {"annotations": written}}
        self._world.note(await self._server.apply(noted))


def _must_be_ours(live: Manifest, owner: Owner) -> None:
    """Its controller is this very object, or it is ours and was orphaned on purpose."""
    if "deletionTimestamp" in live["metadata"]:
        raise StillLeaving(f"{live['kind']} {live['metadata']['name']} is being removed")
    controller = observing.controller_of(live)
    if controller.get("uid") == owner.uid:
        return
    if not controller and (live["metadata"].get("labels") or {}).get(labels.DEPLOYMENT) == owner.name:
        return
    if (controller.get("kind"), controller.get("name")) == (kinds.INFERENCE_DEPLOYMENT.kind, owner.name):
        raise StillLeaving(f"{live['kind']} {live['metadata']['name']} belonged to an earlier {owner.name}")
    whose = f"{controller.get('kind')} {controller.get('name')}" if controller else "somebody else"
    raise Obstructed(
        Obstacle(
            reason=ConditionReason.NAME_TAKEN,
            message=f"metadata.name: {owner.name}: {live['kind']} {live['metadata']['name']} is there already and "
            f"belongs to {whose}; it is left alone: rename or remove it, or rename this object",
        )
    )


def _obstacle(problem: Refused) -> Obstacle:
    """What a person can do about it."""
    what = f"{problem.verb} {problem.resource.title} {problem.name or ''}".strip()
    if problem.lacks_right:
        words = f"Fairlead may not {what}: {problem.message}; install the roles of the chart anew"
        return Obstacle(reason=ConditionReason.NO_RIGHT, message=words)
    words = f"the API server refuses to {what}: {problem.message}"
    return Obstacle(reason=ConditionReason.CLUSTER_REFUSES, message=words)
