"""Requests to both sides of a canary, read from routers; each is read only once unless this process restarted.

What is kept here only saves work: a router has all of them, so a restarted operator comes to the same verdict.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.controller.snapshot import DeploymentSnapshot
from fairlead.fleet.request_samples import RequestSample
from fairlead.fleet.traffic_shares import TrafficShare

ALL_REVISIONS: Final = SamplesPage()
"""The page of a deployment's own router."""


class SampleAccess(Protocol):
    """HTTP requests to routers."""

    async def samples(self, router: Manifest, page: SamplesPage) -> ReportedSamples | None:
        """Return the requests by which a router compares two sides; None without an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampledRouter:
    """A router, and the page to read from it."""

    pod: Manifest
    page: SamplesPage = ALL_REVISIONS


@dataclass(frozen=True, slots=True)
class _Read:
    share: TrafficShare | None
    rows: tuple[RequestSample, ...]


def routers_of(observed: DeploymentSnapshot, adapter: str = "") -> list[SampledRouter]:
    """Return the ready routers of a deployment and of its gateways, which know it by name."""
    target = f"{observed.owner.namespace}/{observed.owner.name}"
    own, shared = SamplesPage(adapter=adapter), SamplesPage(adapter=adapter, target=target)
    gateways = (pod for some in observed.gateway_routers.values() for pod in some)
    return [
        *(SampledRouter(pod=one, page=own) for one in observed.routers),
        *(SampledRouter(pod=one, page=shared) for one in gateways),
    ]


class CanarySamples:
    """The samples of one process, by deployment or adapter, and router."""

    def __init__(self, access: SampleAccess) -> None:
        self._access = access
        self._read: dict[str, dict[str, _Read]] = {}

    async def read(self, uid: str, routers: Sequence[SampledRouter], revision: str) -> tuple[RequestSample, ...] | None:
        """Return all requests of this share, which is a revision's or a version's; None while no router answers."""
        before, uids = self._read.get(uid, {}), [one.pod["metadata"]["uid"] for one in routers]
        found = await asyncio.gather(
            *(self._follow(one, before.get(name)) for one, name in zip(routers, uids, strict=True))
        )
        read = {name: some for name, some in zip(uids, found, strict=True) if some is not None}
        self._read[uid] = read
        reported = [one for one in read.values() if one.share is not None and one.share.revision == revision]
        return tuple(row for one in reported for row in one.rows) if reported else None

    def forget(self, uid: str) -> None:
        """Drop a deleted object, or one without a canary now."""
        self._read.pop(uid, None)

    async def _follow(self, router: SampledRouter, before: _Read | None) -> _Read | None:
        """Read the new rows; all of them if another share began meanwhile."""
        had = before.rows if before else ()
        found = await self._access.samples(router.pod, replace(router.page, after=len(had)))
        if found is None:
            return before
        if before is not None and (found.share != before.share or found.count < len(had)):
            return await self._follow(router, None)
        return _Read(found.share, (*had, *found.rows))
