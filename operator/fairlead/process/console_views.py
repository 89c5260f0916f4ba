"""The console's views: what a reader may see of what the leader knows, as pages."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from aiohttp import web

from fairlead.cluster import kinds
from fairlead.cluster.kinds import Manifest, Resource
from fairlead.cluster.token_reviews import TokenHolder
from fairlead.console import deployment_page, fleet_page, fleet_row, gateway_page, playground_page, reports_page
from fairlead.console.document import PageFrame
from fairlead.console.facts import DeploymentFacts, Remedies
from fairlead.console.fleet_page import FleetQuery
from fairlead.console.refusals import ConsoleRefusal
from fairlead.process.console_access import ConsoleAccess, RecentAnswers
from fairlead.process.console_reports import ConsoleReports
from fairlead.process.console_source import ConsoleSource
from fairlead.scaling.explain import what_if
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint

FORWARDED: Final = "Fairlead-Authorization"
"""The API server removes Authorization from what it passes on to a pod, so `fairlead console` sends this."""

_DENIED: Final[Mapping[Resource, ConsoleRefusal]] = {
    kinds.CONFIG_MAP: ConsoleRefusal.REPORT_DENIED,
    kinds.INFERENCE_GATEWAY: ConsoleRefusal.GATEWAY_DENIED,
}


class NotShown(Exception):
    """A page is not shown, for this reason."""

    def __init__(self, reason: ConsoleRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


class SearchedDecision(NamedTuple):
    """A decision, and what would change it."""

    record: DecisionRecord
    changes: Sequence[TurningPoint]


class StoredPage(NamedTuple):
    """A page from elsewhere, and its Content-Security-Policy."""

    text: str
    policy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleViews:
    """Each view; raises `NotShown` if the reader may not see it, or if there is nothing."""

    source: ConsoleSource
    access: ConsoleAccess
    remedies: Remedies
    reports: ConsoleReports
    searches: RecentAnswers[SearchedDecision]
    """What would change a decision is searched for once in some seconds, however many readers follow the page."""
    searching: asyncio.Semaphore
    """And one at a time: the leader has other work to do."""

    async def fleet(self, request: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show all deployments."""
        found = self.source.deployments()
        allowed = await self.access.readable(holder, kinds.INFERENCE_DEPLOYMENT, (one.namespace for one in found))
        seen = [one for one in found if allowed is None or one.namespace in allowed]
        if not seen:
            await self._must_be_a_reader(holder, kinds.INFERENCE_DEPLOYMENT)
        return fleet_page.page(fleet_row.rows(seen, self.remedies), _query(request.query), frame)

    async def deployment(self, request: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show one deployment."""
        return deployment_page.page(await self._facts(request, holder), self.remedies, frame)

    async def changes(self, request: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show the same with what would change its decision."""
        facts = await self._facts(request, holder)
        if facts.record is not None:
            searched = await self._searched(facts.record)
            facts = replace(facts, record=searched.record, changes=searched.changes)
        return deployment_page.page(facts, self.remedies, frame)

    async def gateways(self, _: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show all gateways."""
        found = self.source.gateways()
        seen = await self._seen(holder, kinds.INFERENCE_GATEWAY, found)
        if not seen:
            await self._must_be_a_reader(holder, kinds.INFERENCE_GATEWAY)
        return gateway_page.table_page(seen, self.remedies, frame)

    async def gateway(self, request: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show one gateway."""
        found = self.source.gateway(*await self._named(request, holder, kinds.INFERENCE_GATEWAY))
        if found is None:
            raise NotShown(ConsoleRefusal.NOT_FOUND)
        return gateway_page.page(found, self.remedies, frame)

    async def playground(self, request: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show the form, with every model that the reader may see."""
        gateways = await self._seen(holder, kinds.INFERENCE_GATEWAY, self.source.gateways())
        found = self.source.deployments()
        allowed = await self.access.readable(holder, kinds.INFERENCE_DEPLOYMENT, (one.namespace for one in found))
        seen = [one for one in found if allowed is None or one.namespace in allowed]
        adapters = await self._seen(holder, kinds.ADAPTER, self.source.adapters())
        of_deployments = (*playground_page.of_deployments(seen), *playground_page.of_adapters(adapters, seen))
        models = [*playground_page.of_gateways(gateways), *of_deployments]
        return playground_page.page(models, frame, playable=FORWARDED in request.headers)

    async def back_tests(self, _: web.Request, holder: TokenHolder, frame: PageFrame) -> str:
        """Show all published reports."""
        found = await self.reports.every()
        allowed = await self.access.readable(holder, kinds.CONFIG_MAP, (one.namespace for one in found))
        return reports_page.page([one for one in found if allowed is None or one.namespace in allowed], frame)

    async def back_test(self, request: web.Request, holder: TokenHolder, _: PageFrame) -> StoredPage:
        """Show one report."""
        page = await self.reports.html(*await self._named(request, holder, kinds.CONFIG_MAP))
        if page is None:
            raise NotShown(ConsoleRefusal.NOT_FOUND)
        return StoredPage(page, reports_page.POLICY)

    async def _seen(self, holder: TokenHolder, kind: Resource, found: Sequence[Manifest]) -> Sequence[Manifest]:
        """Return those that the reader may see."""
        allowed = await self.access.readable(holder, kind, (one["metadata"]["namespace"] for one in found))
        return [one for one in found if allowed is None or one["metadata"]["namespace"] in allowed]

    async def _must_be_a_reader(self, holder: TokenHolder, kind: Resource) -> None:
        """Refuse an empty list to a holder who may read the kind in no namespace that has an object of ours."""
        namespaces = self.source.namespaces()
        if namespaces and await self.access.readable(holder, kind, namespaces) == frozenset():
            raise NotShown(_DENIED.get(kind, ConsoleRefusal.DENIED))

    async def _searched(self, record: DecisionRecord) -> SearchedDecision:
        async def search() -> SearchedDecision:
            async with self.searching:
                return SearchedDecision(record, await asyncio.to_thread(what_if.turning_points, record))

        return await self.searches.get((record.namespace, record.name), search)

    async def _facts(self, request: web.Request, holder: TokenHolder) -> DeploymentFacts:
        namespace, name = await self._named(request, holder, kinds.INFERENCE_DEPLOYMENT)
        found = self.source.deployment(namespace, name)
        if found is None:
            raise NotShown(ConsoleRefusal.NOT_FOUND)
        return found

    async def _named(self, request: web.Request, holder: TokenHolder, resource: Resource) -> tuple[str, str]:
        """Check rights first: a reader without them must not learn which names a namespace has."""
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        if not await self.access.may_read(holder, resource, namespace):
            raise NotShown(_DENIED.get(resource, ConsoleRefusal.DENIED))
        return namespace, name


def _query(query: Mapping[str, str]) -> FleetQuery:
    page = query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return FleetQuery(words=query.get("words", "")[:100].strip(), page=number)
