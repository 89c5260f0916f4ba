"""Carries out a decision: applies every child that differs, deletes what is retired, writes nothing at rest.

Reads the live object before changing one that it did not create; objects of other owners are left alone.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest
from fairlead.controller import snapshot
from fairlead.controller.children import admitted_fields, foreign_changes, obstacles, orphans
from fairlead.controller.children.admitted_fields import AdmittedFields
from fairlead.controller.children.change_reports import OnForeignChange
from fairlead.controller.children.obstacles import ApplyBlocked, ChildTerminating, StillTerminating
from fairlead.controller.children.other_releases import OtherReleases
from fairlead.controller.desired_state import DesiredState
from fairlead.controller.interfaces import ControllerApiClient, ControllerClusterState
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.controller.status.status_inputs import Obstacle
from fairlead.objects import applied_hash, drift, engine_deployment, labels
from fairlead.objects.drift import DriftPath
from fairlead.objects.owner import Owner

DELETION_COST: Final = "controller.kubernetes.io/pod-deletion-cost"
NOTES: Final = (DELETION_COST, labels.ASLEEP)
"""All annotations that are ever written on a pod."""
KEPT_DELETION_COST: Final = 2**31 - 1
"""The highest deletion cost that Kubernetes accepts."""


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
"""Kinds of children that are pruned; the Deployments of revisions are not, since they are retired one by one."""


class Applier:
    """The only writer of workloads."""

    def __init__(self, client: ControllerApiClient, cluster: ControllerClusterState) -> None:
        self._client = client
        self._cluster = cluster
        self._seen: dict[str, tuple[str, str]] = {}
        """By UID, the resourceVersion and the intent's hash that were last compared without a difference."""
        self._releases = OtherReleases()
        self._admitted = AdmittedFields()

    def forget(self, uid: str) -> None:
        """Drop a deleted child."""
        self._seen.pop(uid, None)
        self._releases.forget(uid)
        self._admitted.forget(uid)

    async def carry_out(
        self, observed: DeploymentSnapshot, decision: DesiredState, busy: Mapping[str, int], report: OnForeignChange
    ) -> Obstacle | None:
        """Apply engines first, since people wait for their start, but after their pods' accounts.

        Returns what blocked the decision or is not gone yet, if anything. If a name is taken, nothing starts or stops:
        without all its children, no request would reach an engine.
        """
        leaving = None
        with obstacles.caught(observed.owner) as met:
            taken = await self._taken((*decision.engines, *decision.static), observed.owner)
            if taken is not None:
                return taken
            if decision.shrinks is not None:
                await self._weigh(observed.pods.get(decision.shrinks, ()), busy, decision.sleep.sleepers)
            leaving = await self._ensure_all(_in_order(decision), observed.owner, report, observed.deleted)
            await self._check(observed, decision, report)
            if decision.retired is not None:
                await self._remove(decision.retired)
            if decision.prunes:
                kept = {_place(one) for one in (*decision.static, *decision.engines)} | decision.spared
                await self._prune(observed.owner, kept)
        return met.obstacle or leaving

    async def carry_out_all(
        self, children: Sequence[Manifest], owner: Owner, report: OnForeignChange, *, prunes: bool = True
    ) -> Obstacle | None:
        """Apply these children of an owner, exactly these if it prunes; return what blocked that, if anything."""
        leaving = None
        with obstacles.caught(owner) as met:
            taken = await self._taken(children, owner)
            if taken is not None:
                return taken
            leaving = await self._ensure_all(children, owner, report)
            if prunes:
                await self._prune(owner, {_place(one) for one in children})
        return met.obstacle or leaving

    async def _ensure_all(
        self,
        children: Iterable[Manifest],
        owner: Owner,
        report: OnForeignChange,
        deleted: Collection[tuple[str, str]] = (),
    ) -> Obstacle | None:
        """Bring all to their intents; return what is still being removed, for which only a revision stops the rest."""
        leaving = None
        for child in children:
            try:
                made = await self.ensure(child, owner, report)
            except ChildTerminating as wait:
                if snapshot.revision_of(child):
                    raise ApplyBlocked(wait.obstacle) from wait
                leaving = leaving or replace(wait.obstacle, passes=True)
                continue
            if made and _place(child) in deleted:
                report(kinds.of(child), foreign_changes.recreation_note(child))
        return leaving

    async def _taken(self, children: Iterable[Manifest], owner: Owner) -> Obstacle | None:
        """Check whether an object of another or a deleted owner has a child's name; only unstored ones are read."""
        not_stored = [one for one in children if self._stored(one) is None]
        found = await asyncio.gather(*(self._client.read(kinds.of(one), *_name(one)) for one in not_stored))
        stored = [live for one in children if (live := self._stored(one)) is not None]
        there = [live for live in (*stored, *found) if live]
        met = (check(live, owner) for check in (obstacles.not_ours, obstacles.garbage) for live in there)
        return next((one for one in met if one is not None), None)

    def _stored(self, child: Manifest) -> Manifest | None:
        return self._cluster.of(kinds.of(child)).find(*_name(child))

    async def ensure(self, intent: Manifest, owner: Owner, report: OnForeignChange) -> bool:
        """Bring a child to its intent, with a request only if it differs; return whether it was created."""
        metadata = intent["metadata"]
        resource, note = kinds.of(intent), ""
        live = self._cluster.of(resource).find(metadata["namespace"], metadata["name"])
        if live is None:
            live = await self._client.read(resource, metadata["namespace"], metadata["name"])
            if live is not None and engine_deployment.belongs(live, owner) and not _lost_its_labels(live):
                self._store_late(live)
        if live is not None:
            if snapshot.owned(live, owner) and _lost_its_labels(live):
                await self.relabel(live, owner, report)
                raise StillTerminating(f"Deployment {metadata['name']} is found by its labels again")
            obstacles.must_be_ours(live, owner)
            due = await self._due(intent, live, report)
            if due is None:
                return False
            intent, note = due
        written = await self._client.apply(intent)
        self._cluster.note(written)
        self._releases.wrote(written)
        if note:
            report(resource, note)
        return live is None

    async def _due(self, intent: Manifest, live: Manifest, report: OnForeignChange) -> tuple[Manifest, str] | None:
        """Return what to send for a child that is there, with the note on another client's change; None if nothing."""
        resource, metadata = kinds.of(intent), intent["metadata"]
        stands, changed = self._compared(intent, live)
        if stands:
            return None
        full = await self._confirm(live)
        note = self._releases.note(intent, live)
        if changed is not None:
            full = full or await self._client.read(resource, metadata["namespace"], metadata["name"]) or live
            if self._admitted.stand(intent, full, lambda found: report(resource, found, restored=False)):
                self._note_equal(full, metadata["annotations"][applied_hash.APPLIED])
                return None
            changed = admitted_fields.changed_otherwise(intent, full) or changed
            manager = foreign_changes.last_manager(full, changed)
            note = foreign_changes.change_note(live, drift.spelt(changed), manager)
        if full is not None and snapshot.revision_of(full):
            intent = admitted_fields.with_admitted_template(intent, full)
        return intent | {"metadata": metadata | {"uid": live["metadata"]["uid"]}}, note

    async def relabel(self, live: Manifest, owner: Owner, report: OnForeignChange) -> None:
        """Put the labels back on a revision's Deployment; its count, recorded facts and admitted template stay."""
        metadata = live["metadata"]
        full = await self._client.read(kinds.DEPLOYMENT, metadata["namespace"], metadata["name"]) or live
        intent = admitted_fields.with_admitted_template(orphans.as_it_stood(full, owner), full)
        only = {"metadata": intent["metadata"] | {"uid": metadata["uid"]}}
        self._cluster.note(await self._client.apply(intent | only))
        note = foreign_changes.change_note(live, "metadata.labels", foreign_changes.last_manager(full))
        report(kinds.DEPLOYMENT, note)

    def _store_late(self, live: Manifest) -> None:
        """Store an object taken for absent: a new decision is needed, or its replica count would be reset."""
        self._cluster.note(live)
        if snapshot.revision_of(live):
            raise StillTerminating(
                f"{live['kind']} {live['metadata']['name']} exists, and its watch has not brought it yet"
            )

    async def _confirm(self, live: Manifest) -> Manifest | None:
        """Read a revision, whose count changes only if the store has its latest: a lagging watch shows older steps."""
        metadata = live["metadata"]
        if not snapshot.revision_of(live):
            return None
        fresh = await self._client.read(kinds.of(live), metadata["namespace"], metadata["name"])
        if fresh is not None and snapshot.requested_replicas(fresh) != snapshot.requested_replicas(live):
            raise StillTerminating(
                f"{live['kind']} {metadata['name']} was changed, and its watch has not brought that yet"
            )
        return fresh

    def _compared(self, intent: Manifest, live: Manifest) -> tuple[bool, DriftPath | None]:
        """Whether nothing is to be sent, else the field that another client changed since we applied it."""
        metadata, mark = live["metadata"], intent["metadata"]["annotations"][applied_hash.APPLIED]
        if self._seen.get(metadata["uid"]) == (metadata["resourceVersion"], mark):
            return True, None
        if (metadata.get("annotations") or {}).get(applied_hash.APPLIED) != mark:
            return False, None
        changed = drift.differs(intent, live)
        if changed is None:
            self._note_equal(live, mark)
        return changed is None, changed

    def _note_equal(self, live: Manifest, mark: str) -> None:
        self._seen[live["metadata"]["uid"]] = (live["metadata"]["resourceVersion"], mark)

    async def _remove(self, retired: Manifest) -> None:
        """Delete a retired Deployment only if its UID is unchanged and it still requests no replicas."""
        metadata = retired["metadata"]
        live = await self._client.read(kinds.DEPLOYMENT, metadata["namespace"], metadata["name"])
        if live is None or live["metadata"]["uid"] != metadata["uid"] or snapshot.requested_replicas(live):
            return
        now = live["metadata"]
        await self._client.remove(live, uid=now["uid"], resource_version=now["resourceVersion"])
        self._cluster.gone(live)

    async def _check(self, observed: DeploymentSnapshot, decision: DesiredState, report: OnForeignChange) -> None:
        """Create the preflight that the rollout waits for, and remove finished ones; an existing one never changes."""
        name = decision.check["metadata"]["name"] if decision.check else None
        for live in observed.checks if decision.target else ():
            if live["metadata"]["name"] != name and "deletionTimestamp" not in live["metadata"]:
                await self._client.remove(live, uid=live["metadata"]["uid"])
                self._cluster.gone(live)
        if decision.check is not None and all(one["metadata"]["name"] != name for one in observed.checks):
            await self.ensure(decision.check, observed.owner, report)

    async def _prune(self, owner: Owner, kept: Collection[tuple[str, str]]) -> None:
        """Remove children that neither the spec nor the step needs, such as those of an earlier release."""
        for resource in PRUNED:
            store = self._cluster.of(resource)
            children = store.of_gateway if owner.is_gateway else store.of_deployment
            for live in children(owner.namespace, owner.name):
                metadata = live["metadata"]
                if (resource.kind, metadata["name"]) in kept or snapshot.revision_of(live):
                    continue
                if snapshot.owned(live, owner) and "deletionTimestamp" not in metadata:
                    await self._client.remove(live, uid=metadata["uid"])
                    self._cluster.gone(live)

    async def _weigh(self, pods: tuple[Manifest, ...], busy: Mapping[str, int], kept: Collection[str]) -> None:
        """Set pod deletion costs: first a replica that no router reports, then the one with the fewest requests.

        Replicas that should sleep serve no requests but are kept all the same.
        """
        for pod in pods:
            name = pod["metadata"]["name"]
            cost = str(KEPT_DELETION_COST if name in kept else busy.get(name, -1))
            if (pod["metadata"].get("annotations") or {}).get(DELETION_COST, "0") != cost:
                await self.note(pod, DELETION_COST, cost)

    async def note(self, pod: Manifest, name: str, value: str | None) -> None:
        """Set or remove one of our annotations on a pod; the others are sent too, or the apply would remove them."""
        metadata = pod["metadata"]
        live = self._cluster.of(kinds.POD).find(metadata["namespace"], metadata["name"]) or pod
        found = live["metadata"].get("annotations") or {}
        notes = {one: found[one] for one in NOTES if one in found} | {name: value}
        head = {one: metadata[one] for one in ("name", "namespace", "uid")}
        written = {one: text for one, text in notes.items() if text is not None}
        noted = {"apiVersion": "v1", "kind": "Pod", "metadata": head | {"annotations": written}}
        self._cluster.note(await self._client.apply(noted))


def _in_order(decision: DesiredState) -> tuple[Manifest, ...]:
    """Put accounts first: Kubernetes retries pods without their account with growing delays."""
    accounts = {one["spec"]["template"]["spec"].get("serviceAccountName") for one in decision.engines}
    first = [one for one in decision.static if _place(one) in {("ServiceAccount", name) for name in accounts}]
    return (*first, *decision.engines, *(one for one in decision.static if one not in first))


def _lost_its_labels(live: Manifest) -> bool:
    return bool(snapshot.revision_of(live)) and orphans.is_unmarked(live)


def _place(child: Manifest) -> tuple[str, str]:
    return child["kind"], child["metadata"]["name"]


def _name(child: Manifest) -> tuple[str, str]:
    return child["metadata"]["namespace"], child["metadata"]["name"]
