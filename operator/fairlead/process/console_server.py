"""The console's port: every request is authenticated and authorized by Kubernetes, and nothing can be changed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from aiohttp import web

from fairlead.cluster import kinds, package_data
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.kinds import Resource
from fairlead.cluster.token_reviews import ReviewClient, TokenHolder
from fairlead.console import deployment_page, fleet_page, fleet_row, gateway_page, refusals
from fairlead.console.document import POLICY, PageFrame
from fairlead.console.facts import DeploymentFacts, Remedies
from fairlead.console.fleet_page import FleetQuery
from fairlead.console.refusals import ConsoleRefusal
from fairlead.process import ports
from fairlead.process.console_access import ConsoleAccess, RecentAnswers
from fairlead.process.console_source import ConsoleSource, LeaderFacts
from fairlead.process.lifecycle import ProcessSettings
from fairlead.review import remedies
from fairlead.scaling.explain import what_if
from fairlead.scaling.explain.decision_record import DecisionRecord
from fairlead.scaling.explain.what_if import TurningPoint

FORWARDED: Final = "Fairlead-Authorization"
"""The API server takes Authorization away from what it passes on to a pod, so `fairlead console` sends this."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TYPES: Final[Mapping[str, str]] = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
NO_READER: Final = "nobody"

log = logging.getLogger("fairlead.console")


class _NotShown(Exception):
    """A page is not shown, for this reason."""

    def __init__(self, reason: ConsoleRefusal) -> None:
        self.reason = reason
        super().__init__(reason.value)


class SearchedDecision(NamedTuple):
    """A decision, and what would change that one."""

    record: DecisionRecord
    changes: Sequence[TurningPoint]


View = Callable[[web.Request, TokenHolder, PageFrame], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServer:
    """All pages."""

    source: ConsoleSource
    access: ConsoleAccess
    remedies: Remedies
    assets: Mapping[str, str]
    """Files of style, script and icon by name: the same for everybody."""
    searches: RecentAnswers[SearchedDecision]
    """What would change a decision is searched for once in some seconds, however many readers follow the page."""
    searching: asyncio.Semaphore
    """And one at a time: the leader has other work to do."""

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Pages are read; no other method is answered."""
        return (
            web.get("/", self._page(self._fleet, 0)),
            web.get("/gateways", self._page(self._gateways, 0)),
            web.get("/gateways/{namespace}/{name}", self._page(self._gateway, 2)),
            web.get("/deployments/{namespace}/{name}", self._page(self._deployment, 2)),
            web.get("/deployments/{namespace}/{name}/changes", self._page(self._changes, 3)),
            web.get("/assets/{file}", self._asset),
            web.get("/{other:.*}", self._page(_nothing, 0)),
        )

    def _page(self, view: View, depth: int) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def shown(request: web.Request) -> web.Response:
            frame = PageFrame(reader=NO_READER, at=self.source.now(), depth=depth)
            try:
                who = await self._reader(request)
                frame = replace(frame, reader=who.username)
                return _answer(await view(request, who, frame))
            except _NotShown as refused:
                return _refusal(refused.reason, frame)
            except ApiError as problem:
                log.warning("a reader of the console could not be reviewed: %s", problem)
                return _refusal(ConsoleRefusal.NO_ANSWER, frame)

        return shown

    async def _reader(self, request: web.Request) -> TokenHolder:
        written = request.headers.get(FORWARDED) or request.headers.get("Authorization") or ""
        scheme, _, token = written.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _NotShown(ConsoleRefusal.NO_TOKEN)
        who = await self.access.holder(token.strip())
        if who is None:
            raise _NotShown(ConsoleRefusal.UNKNOWN_TOKEN)
        if not self.source.leads():
            raise _NotShown(ConsoleRefusal.NOT_LEADING)
        return who

    async def _fleet(self, request: web.Request, who: TokenHolder, frame: PageFrame) -> str:
        found = self.source.deployments()
        allowed = await self.access.readable(who, kinds.INFERENCE_DEPLOYMENT, (one.namespace for one in found))
        if allowed is not None and not allowed:
            raise _NotShown(ConsoleRefusal.DENIED)
        seen = [one for one in found if allowed is None or one.namespace in allowed]
        return fleet_page.page(fleet_row.rows(seen, self.remedies), _query(request), frame)

    async def _deployment(self, request: web.Request, who: TokenHolder, frame: PageFrame) -> str:
        return deployment_page.page(await self._facts(request, who), self.remedies, frame)

    async def _changes(self, request: web.Request, who: TokenHolder, frame: PageFrame) -> str:
        facts = await self._facts(request, who)
        if facts.record is not None:
            searched = await self._searched(facts.record)
            facts = replace(facts, record=searched.record, changes=searched.changes)
        return deployment_page.page(facts, self.remedies, frame)

    async def _searched(self, record: DecisionRecord) -> SearchedDecision:
        async def search() -> SearchedDecision:
            async with self.searching:
                return SearchedDecision(record, await asyncio.to_thread(what_if.turning_points, record))

        return await self.searches.get((record.namespace, record.name), search)

    async def _facts(self, request: web.Request, who: TokenHolder) -> DeploymentFacts:
        namespace, name = await self._named(request, who, kinds.INFERENCE_DEPLOYMENT)
        found = self.source.deployment(namespace, name)
        if found is None:
            raise _NotShown(ConsoleRefusal.NOT_FOUND)
        return found

    async def _gateways(self, _: web.Request, who: TokenHolder, frame: PageFrame) -> str:
        found = self.source.gateways()
        allowed = await self.access.readable(
            who, kinds.INFERENCE_GATEWAY, (one["metadata"]["namespace"] for one in found)
        )
        seen = [one for one in found if allowed is None or one["metadata"]["namespace"] in allowed]
        if found and not seen:
            raise _NotShown(ConsoleRefusal.DENIED)
        return gateway_page.table_page(seen, self.remedies, frame)

    async def _gateway(self, request: web.Request, who: TokenHolder, frame: PageFrame) -> str:
        found = self.source.gateway(*await self._named(request, who, kinds.INFERENCE_GATEWAY))
        if found is None:
            raise _NotShown(ConsoleRefusal.NOT_FOUND)
        return gateway_page.page(found, self.remedies, frame)

    async def _named(self, request: web.Request, who: TokenHolder, resource: Resource) -> tuple[str, str]:
        """Rights first: who may not read a namespace does not learn which names are in it."""
        namespace, name = request.match_info["namespace"], request.match_info["name"]
        if not await self.access.may_read(who, resource, namespace):
            raise _NotShown(ConsoleRefusal.DENIED)
        return namespace, name

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in self.assets:
            return _refusal(ConsoleRefusal.NOT_FOUND, PageFrame(reader=NO_READER, at=self.source.now(), depth=1))
        return web.Response(text=self.assets[name], content_type=TYPES[name], headers=HEADERS)


async def _nothing(_: web.Request, __: TokenHolder, ___: PageFrame) -> str:
    raise _NotShown(ConsoleRefusal.NOT_FOUND)


def _query(request: web.Request) -> FleetQuery:
    page = request.query.get("page", "")
    number = int(page) if page.isascii() and page.isdigit() and len(page) < 7 else 1
    return FleetQuery(words=request.query.get("words", "")[:100].strip(), page=number)


def _answer(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=HEADERS)


def _refusal(reason: ConsoleRefusal, frame: PageFrame) -> web.Response:
    answer = _answer(refusals.page(reason, frame), refusals.PAGES[reason].status)
    if answer.status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="fairlead"'
    return answer


@asynccontextmanager
async def serve(
    settings: ProcessSettings, port: int, leader: LeaderFacts, reviews: ReviewClient
) -> AsyncIterator[None]:
    """Serve the console on a port of its own while the block runs."""
    source = ConsoleSource(leader)
    following = asyncio.create_task(source.follow(), name="console")
    try:
        async with ports.serve(settings.host, port, of(source, ConsoleAccess(reviews)).routes()):
            yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def of(source: ConsoleSource, access: ConsoleAccess) -> ConsoleServer:
    """The console of this release, with its packaged files."""
    return ConsoleServer(
        source=source,
        access=access,
        remedies=remedies.read(package_data.remedies()),
        assets={name: package_data.console_asset(name) for name in TYPES},
        searches=RecentAnswers(time.monotonic),
        searching=asyncio.Semaphore(1),
    )
