"""Reports that `fairlead simulate --publish` wrote into the cluster, read anew every few seconds."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol

from fairlead.cluster import kinds
from fairlead.cluster.api_errors import RequestRefused
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.objects import published_report
from fairlead.objects.published_report import PublishedReport
from fairlead.process.console_access import RecentAnswers


class ReportClient(Protocol):
    """The API server operations that this needs."""

    async def read(self, resource: Resource, namespace: str | None, name: str) -> Manifest | None:
        """Read one object; None if there is none."""

    def metadata(
        self, resource: Resource, namespace: str | None = None, selector: str = ""
    ) -> AsyncGenerator[Manifest, None]:
        """Yield the metadata of all objects with these labels, in one namespace or all."""


class ConsoleReports:
    """The reports of the namespaces that the operator serves; raises an `ApiError` if they cannot be read."""

    def __init__(
        self, client: ReportClient, namespaces: Sequence[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._places = tuple(namespaces) or (None,)
        self._lists = RecentAnswers[tuple[PublishedReport, ...]](clock)

    async def every(self) -> tuple[PublishedReport, ...]:
        """Return list entries from all namespaces; the caller leaves out what a reader may not see."""
        return await self._lists.get("all", self._listed)

    async def html(self, namespace: str, name: str) -> str | None:
        """Return the page of one report; None if there is none of that name that can be read."""
        if None not in self._places and namespace not in self._places:
            return None
        try:
            found = await self._client.read(kinds.CONFIG_MAP, namespace, name)
        except RequestRefused as problem:
            if None in self._places or not problem.lacks_right:
                raise
            return None
        return published_report.html(found) if found is not None and published_report.is_report(found) else None

    async def _listed(self) -> tuple[PublishedReport, ...]:
        return tuple([one for place in self._places for one in await self._listed_in(place)])

    async def _listed_in(self, place: str | None) -> list[PublishedReport]:
        """Return list entries of one namespace; none of one that the operator may not read, as where it was deleted."""
        found = self._client.metadata(kinds.CONFIG_MAP, place, published_report.SELECTOR)
        try:
            return [published_report.heading(one) async for one in found]
        except RequestRefused as problem:
            if place is None or not problem.lacks_right:
                raise
            return []
