"""Shares the deployments among several autoscaler processes: each has a Lease of its own and lists those of the others.

Two members never decide the same deployment. A new member, or one that was silent for too long, waits until every other
has either seen it or stopped; a member that cannot list the Leases stops before the others take over from it. So a
deployment whose process died is not decided for one Lease duration, and never decided by two.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

from fairlead.autoscaler import members
from fairlead.autoscaler.members import Heartbeat
from fairlead.cluster import member_leases
from fairlead.cluster.api_errors import ApiError, Conflict
from fairlead.cluster.api_server import ObjectList
from fairlead.cluster.kinds import LEASE, Manifest, Resource
from fairlead.cluster.lease import LeaseDurations, LeaseSettings
from fairlead.fleet.plurals import count

REMOVED_AFTER: Final = 20.0
"""Lease durations after which any member removes the Lease of a dead one."""

log = logging.getLogger("fairlead.autoscaler")


class LeaseClient(Protocol):
    """The API server methods that a member uses."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one Lease."""

    async def listing(self, resource: Resource, namespace: str | None = None, selector: str = "") -> ObjectList:
        """List the Leases of all members."""

    async def create(self, manifest: Manifest) -> Manifest:
        """Create a Lease."""

    async def replace(self, manifest: Manifest) -> Manifest:
        """Renew a Lease, unless another process has changed it meanwhile."""

    async def remove(self, manifest: Manifest, *, uid: str, resource_version: str | None = None) -> bool:
        """Delete this very Lease."""


class Membership:
    """This process as one of the members."""

    def __init__(
        self,
        client: LeaseClient,
        lease: LeaseSettings,
        durations: LeaseDurations,
        rng: random.Random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._place = lease
        self._durations = durations
        self._rng = rng
        self._clock = clock
        self._lease: Manifest | None = None
        self._renewed = float("-inf")
        self._listed_at = float("-inf")
        self._joined: float | None = None
        """When this membership began; None before that, or after a silence that was too long."""
        self._signs: dict[str, Heartbeat] = {}
        self._logged_members: frozenset[str] = frozenset()
        self._leaving = False
        self._complaint = ""

    @property
    def count(self) -> int:
        """Members that are alive as of the last listing, including this one."""
        return len(self._members())

    def may_write(self) -> bool:
        """Return whether this process may write at all; checked before every write."""
        return not self._leaving and self._is_settled(self._clock())

    def mine(self, uid: str) -> bool:
        """Return whether this process decides that deployment now."""
        return self.may_write() and members.owner(uid, self._members()) == self._place.name

    async def run(self) -> None:
        """Renew our Lease and list the others, until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(self._durations.retry_s * self._rng.uniform(1.0, 1.2))

    async def beat(self) -> None:
        """Renew once and list once."""
        began = self._clock()
        try:
            async with asyncio.timeout(self._durations.deadline_s):
                await self._renew(began)
                await self._list_members()
        except (ApiError, TimeoutError) as problem:
            words = str(problem) or "the API server does not answer"
            if words != self._complaint:
                log.warning("the Leases of the other autoscalers cannot be listed: %s", words)
            self._complaint = words
            return
        self._complaint = ""

    async def leave(self) -> None:
        """Stop deciding, then remove our Lease, so that the others take over at once."""
        self._leaving = True
        if self._lease is None:
            return
        try:
            async with asyncio.timeout(2.0):
                await self._client.remove(self._lease, uid=self._lease["metadata"]["uid"])
        except (ApiError, TimeoutError) as problem:
            log.warning("the Lease %s could not be removed, it expires on its own: %r", self._place, problem)

    def _members(self) -> frozenset[str]:
        return members.alive(self._signs, self._listed_at, self._clock()) | {self._place.name}

    def _is_settled(self, now: float) -> bool:
        """Return whether all others know this member: it joined a Lease duration ago, and renewed and listed in time
        since."""
        joined, deadline = self._joined, self._durations.deadline_s
        fresh = now - self._renewed < deadline and now - self._listed_at < deadline
        return fresh and joined is not None and now - joined >= self._durations.duration_s

    async def _renew(self, began: float) -> None:
        if began - self._renewed >= self._durations.deadline_s:
            self._joined = None
        try:
            written = _written(self._lease or await self._found(), self._durations)
            create = not written["metadata"].get("resourceVersion")
            self._lease = await (self._client.create(written) if create else self._client.replace(written))
        except Conflict:  # removed or changed by another process: start again from the stored Lease
            self._lease = None
            return
        self._renewed = began
        if self._joined is None:
            self._joined = self._clock()
            log.info("joined as %s; deciding begins in %.0f s", self._place.name, self._durations.duration_s)

    async def _found(self) -> Manifest:
        lease = self._place
        found = await self._client.read(LEASE, lease.namespace, lease.name)
        if found is not None:
            return found
        owner = await lease.owner()
        named: Manifest = {"name": lease.name, "namespace": lease.namespace, "labels": dict(member_leases.MARK)}
        named |= {"ownerReferences": [owner]} if owner else {}
        return {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": named}

    async def _list_members(self) -> None:
        began = self._clock()
        listed = await self._client.listing(LEASE, self._place.namespace, member_leases.SELECTOR)
        seen = {one["metadata"]["name"]: _sign(one, self._durations) for one in listed.items}
        self._signs = members.heartbeats_after(self._signs, seen, self._clock(), self._listed_at)
        self._listed_at = began
        if self._members() != self._logged_members:
            self._logged_members = self._members()
            processes = count(len(self._logged_members), "autoscaler process")
            log.info("the deployments are shared by %s: %s", processes, ", ".join(sorted(self._logged_members)))
        await self._bury(listed.items)

    async def _bury(self, listed: Sequence[Manifest]) -> None:
        """Remove the Leases of members that ended without removing theirs."""
        now = self._clock()
        for one in listed:
            sign = self._signs[one["metadata"]["name"]]
            if now - sign.at > REMOVED_AFTER * sign.lasts:
                await self._client.remove(
                    one, uid=one["metadata"]["uid"], resource_version=one["metadata"]["resourceVersion"]
                )


def _written(lease: Manifest, durations: LeaseDurations) -> Manifest:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    spec = {
        "holderIdentity": lease["metadata"]["name"],
        "leaseDurationSeconds": max(1, round(durations.duration_s)),
        "renewTime": moment,
    }
    return lease | {"spec": spec}


def _sign(lease: Manifest, durations: LeaseDurations) -> tuple[str, float]:
    promised = (lease.get("spec") or {}).get("leaseDurationSeconds")
    return str(lease["metadata"]["resourceVersion"]), float(promised or durations.duration_s)
