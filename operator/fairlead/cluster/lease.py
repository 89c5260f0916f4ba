"""Leader election: one process at a time acts, and it stops by itself before another one may start.

Time is our own monotonic clock since we last saw the Lease change; wall-clock times that others wrote into it are never
compared. Knows the holder of the Lease and until when we may write. Never decides what a leader does.
"""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from fairlead.cluster import own_deployment
from fairlead.cluster.api_server import ApiError, ApiServer, Conflict
from fairlead.cluster.kinds import LEASE, Manifest
from fairlead.cluster.own_deployment import OwnerLookup, no_owner

log = logging.getLogger(__name__)


class OtherRelease(Exception):
    """The Lease belongs to another release in our namespace: whichever leads would leave the other's objects alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseDurations:
    """How long a Lease is valid. The deadline is before its end, so that two processes never write at once."""

    duration_s: float = 15.0
    """How long others wait after the last renewal they saw."""
    deadline_s: float = 10.0
    """How long after our last successful renewal we may still write."""
    retry_s: float = 2.0
    """The pause between two tries to renew or to take it; drawn up to a fifth longer."""

    @classmethod
    def lasting(cls, seconds: float) -> "LeaseDurations":
        """Return durations in the proportions of Kubernetes' own controllers."""
        return cls(duration_s=seconds, deadline_s=seconds * 2 / 3, retry_s=seconds * 2 / 15)


LEASE_DURATIONS: Final = LeaseDurations()

CONTROLLER: Final = "fairlead-controller"
"""The Lease that the operator's processes share."""

GIVE_BACK_S: Final = 2.0
"""The time limit of a release: a process that ends has little time."""
JITTER: Final = 1.2
"""A pause between two tries is drawn up to so many times longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """Which Lease it is, and our identity in it."""

    namespace: str
    name: str
    identity: str
    """Unique to the process: pod name and a random part."""
    owner: OwnerLookup = no_owner
    """A Lease that this process creates gets this owner, and is deleted with it."""
    deployment: str = ""
    """The Deployment that runs this process, if that is certain; a Lease of another one is not taken."""

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseObservation:
    """The Lease as last seen, and since when on our own clock."""

    version: str
    holder: str
    duration_s: float
    at: float

    def free(self, identity: str, now: float) -> bool:
        """Whether we may take it: released, ours already, or not renewed for the duration that its holder wrote."""
        return self.holder in ("", identity) or now - self.at >= self.duration_s


def observation(
    lease: Manifest, before: LeaseObservation | None, now: float, durations: LeaseDurations
) -> LeaseObservation:
    """Return the observation from one read; its clock restarts when the Lease changed."""
    version, spec = str(lease["metadata"]["resourceVersion"]), lease.get("spec") or {}
    if before is not None and before.version == version:
        return before
    duration = float(spec.get("leaseDurationSeconds") or durations.duration_s)
    return LeaseObservation(version=version, holder=spec.get("holderIdentity") or "", duration_s=duration, at=now)


def held_by(lease: Manifest, place: LeaseSettings, wall: datetime, durations: LeaseDurations) -> Manifest:
    """Return the Lease as we write it to take or renew it."""
    before: Mapping[str, Any] = lease.get("spec") or {}
    moment = wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    ours = before.get("holderIdentity") == place.identity
    return lease | {
        "spec": {
            "holderIdentity": place.identity,
            "leaseDurationSeconds": max(1, round(durations.duration_s)),
            "acquireTime": before.get("acquireTime", moment) if ours else moment,
            "renewTime": moment,
            "leaseTransitions": int(before.get("leaseTransitions") or 0) + (not ours and bool(before)),
        }
    }


class Leadership:
    """One process's claim to one Lease."""

    def __init__(
        self,
        api: ApiServer,
        lease: LeaseSettings,
        rng: random.Random,
        durations: LeaseDurations = LEASE_DURATIONS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.lost = asyncio.Event()
        """Set when another process may lead: this one must end, since its state in memory may be out of date."""
        self._api = api
        self._place = lease
        self._rng = rng
        self._durations = durations
        self._clock = clock
        self._sighting: LeaseObservation | None = None
        self._lease: Manifest | None = None
        self._renewed = float("-inf")
        self._complaint = ""
        self._awaited = ""
        """The holder for which this process logged that it stands by."""
        self._released = False
        """Whether the previous holder released the Lease."""
        self._other_owner = ""
        """The Deployment of another release, if the Lease belongs to it."""

    def may_write(self) -> bool:
        """Whether no other process can lead yet: checked before every write."""
        return not self.lost.is_set() and self._clock() < self._renewed + self._durations.deadline_s

    async def acquire(self) -> None:
        """Wait until the Lease is ours; raises `OtherRelease` if it belongs to another release."""
        while not await self._tried():
            if self._other_owner:
                lease, owner = self._place, self._other_owner
                raise OtherRelease(
                    f"the Lease {lease} belongs to Deployment {owner}, not to {lease.deployment}: a namespace holds "
                    "one release of Fairlead; install this one into a namespace of its own"
                )
            await self._pause()
        log.info("%s now holds the Lease %s%s: it leads", self._place.identity, self._place, self._after())

    async def keep(self) -> None:
        """Renew until the Lease is lost or the deadline passes."""
        while True:
            await self._pause()
            left = self._renewed + self._durations.deadline_s - self._clock()
            try:
                async with asyncio.timeout(max(0.0, left)):
                    kept = await self._tried()
            except TimeoutError:
                kept = False
            if not self.may_write() or (not kept and self._another_holds()):
                self.lost.set()
                log.error(
                    "%s lost the Lease %s: %s; this process ends, and the kubelet restarts it",
                    self._place.identity,
                    self._place,
                    self._why_lost(),
                )
                return

    async def release(self) -> None:
        """Release the Lease, so that a standby need not wait for its end; best effort, nothing depends on it."""
        if not self.may_write():
            return
        self._renewed = float("-inf")
        try:
            async with asyncio.timeout(GIVE_BACK_S):
                while not await self._given_back():
                    pass
        except (ApiError, TimeoutError) as problem:
            log.warning(
                "the Lease %s could not be released, another process leads %d s from now: %r",
                self._place,
                ceil(self._durations.duration_s),
                problem,
            )
        else:
            log.info("%s released the Lease %s: a standby leads within seconds", self._place.identity, self._place)

    async def _given_back(self) -> bool:
        """Try once, after a fresh read: a cancelled renewal may still have been carried out."""
        lease = await self._api.read(LEASE, self._place.namespace, self._place.name)
        if lease is None or lease["spec"].get("holderIdentity") != self._place.identity:
            return True
        emptied = lease | {"spec": lease["spec"] | {"holderIdentity": "", "leaseDurationSeconds": 1}}
        try:
            await self._api.replace(emptied)
        except Conflict:
            return False
        return True

    async def _tried(self) -> bool:
        """Try once to take or renew it; return whether it is ours. Read the clock first: the answer may be slow."""
        started = self._clock()
        try:
            lease = self._lease or await self._free_lease()
            if lease is None:
                return False
            written = held_by(lease, self._place, datetime.now(UTC), self._durations)
            create = not lease["metadata"].get("resourceVersion")
            self._lease = await (self._api.create(written) if create else self._api.replace(written))
        except Conflict:
            self._lease = None
            return False
        except ApiError as problem:
            self._complain(str(problem))
            return False
        self._complaint = ""
        self._released = self._sighting is not None and not self._sighting.holder
        self._renewed, self._sighting = started, None
        return True

    async def _free_lease(self) -> Manifest | None:
        """Return the Lease, if it may be taken; a new one if there is none."""
        place = self._place
        lease = await self._api.read(LEASE, place.namespace, place.name)
        if lease is None:
            named: Manifest = {"name": place.name, "namespace": place.namespace}
            owner = await place.owner()
            named |= {"ownerReferences": [owner]} if owner else {}
            return {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": named}
        self._sighting = observation(lease, self._sighting, self._clock(), self._durations)
        self._other_owner = own_deployment.other(lease, place.deployment)
        if self._other_owner:
            return None
        if self._sighting.free(place.identity, self._clock()):
            return lease
        self._stand_by(self._sighting)
        return None

    def _stand_by(self, now: LeaseObservation) -> None:
        """Log once for each holder; a leader that sees another holder has lost the Lease, which is logged elsewhere."""
        if now.holder == self._awaited or self._renewed > float("-inf"):
            return
        self._awaited = now.holder
        log.info(
            "%s stands by: %s holds the Lease %s; if its renewals stop, this process takes over within %d s",
            self._place.identity,
            now.holder,
            self._place,
            ceil(now.duration_s + self._durations.retry_s * JITTER),
        )

    def _after(self) -> str:
        """Name the previous holder for the log, if this process waited for one."""
        if not self._awaited:
            return ""
        return f", which {self._awaited} {'released' if self._released else 'no longer renewed'}"

    def _why_lost(self) -> str:
        if self._sighting is not None and self._another_holds():
            return f"{self._sighting.holder or 'another process'} holds it"
        words = f"it could not be renewed for {self._durations.deadline_s:g} s"
        return f"{words} ({self._complaint})" if self._complaint else words

    def _another_holds(self) -> bool:
        return self._sighting is not None and self._lease is None and self._sighting.holder != self._place.identity

    def _complain(self, problem: str) -> None:
        """Log once for each problem: a standby tries every two seconds."""
        if problem != self._complaint:
            log.warning("the Lease %s can be neither taken nor renewed: %s; trying again", self._place, problem)
            self._complaint = problem

    async def _pause(self) -> None:
        await asyncio.sleep(self._durations.retry_s * self._rng.uniform(1.0, JITTER))


@asynccontextmanager
async def hold(leadership: Leadership) -> AsyncIterator[Leadership]:
    """Lead for as long as the block runs; the block's code must also wait for `lost`, and end then."""
    await leadership.acquire()
    keeping = asyncio.create_task(leadership.keep(), name="lease")
    try:
        yield leadership
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await leadership.release()
