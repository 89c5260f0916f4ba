"""The console's port: every request is authenticated and authorized by Kubernetes, and nothing can be changed."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final, Protocol

from aiohttp import web

from fairlead.cluster import package_data
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.token_reviews import ReviewClient, TokenHolder
from fairlead.console import refusals
from fairlead.console.document import POLICY, PageFrame
from fairlead.console.refusals import ConsoleRefusal
from fairlead.process import ports
from fairlead.process.console_access import ConsoleAccess, RecentAnswers
from fairlead.process.console_reports import ConsoleReports, ReportClient
from fairlead.process.console_source import ConsoleSource, LeaderFacts
from fairlead.process.console_views import FORWARDED, ConsoleViews, NotShown, StoredPage
from fairlead.process.lifecycle import ProcessSettings
from fairlead.review import remedies

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
TYPES: Final[Mapping[str, str]] = {
    "console.css": "text/css",
    "console.js": "text/javascript",
    "playground.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
NO_READER: Final = "nobody"

log = logging.getLogger("fairlead.console")


class ConsoleClient(ReviewClient, ReportClient, Protocol):
    """The API server operations that the console uses."""


View = Callable[[web.Request, TokenHolder, PageFrame], Awaitable[str | StoredPage]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleServer:
    """All pages."""

    views: ConsoleViews
    assets: Mapping[str, str]
    """Files of style, script and icon by name: the same for everybody."""
    home: str
    """The operator's namespace."""

    def routes(self) -> tuple[web.RouteDef, ...]:
        """Return read-only routes; no other method is answered."""
        views = self.views
        return (
            web.get("/", self._page(views.fleet)),
            web.get("/gateways", self._page(views.gateways)),
            web.get("/gateways/{namespace}/{name}", self._page(views.gateway)),
            web.get("/deployments/{namespace}/{name}", self._page(views.deployment)),
            web.get("/deployments/{namespace}/{name}/changes", self._page(views.changes)),
            web.get("/playground", self._page(views.playground)),
            web.get("/reports", self._page(views.back_tests)),
            web.get("/reports/{namespace}/{name}", self._page(views.back_test)),
            web.get("/assets/{file}", self._asset),
            web.get("/{other:.*}", self._page(_nothing)),
        )

    def _page(self, view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def shown(request: web.Request) -> web.Response:
            frame = self._frame(request)
            try:
                holder = await self._reader(request)
                frame = replace(frame, reader=holder.username)
                return _answer(await view(request, holder, frame))
            except NotShown as refused:
                return _refusal(refused.reason, frame)
            except ApiError as problem:
                log.warning("a reader of the console could not be reviewed: %s", problem)
                return _refusal(ConsoleRefusal.NO_ANSWER, frame)

        return shown

    def _frame(self, request: web.Request) -> PageFrame:
        """Return the frame of a page at any path, also of one that does not exist: it links to those that do."""
        depth = request.rel_url.raw_path.count("/") - 1
        return PageFrame(reader=NO_READER, at=self.views.source.now(), depth=depth, home=self.home)

    async def _reader(self, request: web.Request) -> TokenHolder:
        written = request.headers.get(FORWARDED) or request.headers.get("Authorization") or ""
        scheme, _, token = written.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise NotShown(ConsoleRefusal.NO_TOKEN)
        holder = await self.views.access.holder(token.strip())
        if holder is None:
            raise NotShown(ConsoleRefusal.UNKNOWN_TOKEN)
        if not self.views.source.leads():
            raise NotShown(ConsoleRefusal.NOT_LEADING)
        return holder

    async def _asset(self, request: web.Request) -> web.Response:
        name = request.match_info["file"]
        if name not in self.assets:
            return _refusal(ConsoleRefusal.NOT_FOUND, self._frame(request))
        return web.Response(text=self.assets[name], content_type=TYPES[name], headers=HEADERS)


async def _nothing(_: web.Request, __: TokenHolder, ___: PageFrame) -> str:
    raise NotShown(ConsoleRefusal.NOT_FOUND)


def _answer(page: str | StoredPage, status: int = 200) -> web.Response:
    text, policy = (page, POLICY) if isinstance(page, str) else page
    headers = {**HEADERS, "Content-Security-Policy": policy}
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _refusal(reason: ConsoleRefusal, frame: PageFrame) -> web.Response:
    answer = _answer(refusals.page(reason, frame), refusals.PAGES[reason].status)
    if answer.status == web.HTTPUnauthorized.status_code:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="fairlead"'
    return answer


@asynccontextmanager
async def serve(
    settings: ProcessSettings, port: int, leader: LeaderFacts, client: ConsoleClient
) -> AsyncIterator[None]:
    """Serve the console on a port of its own while the block runs."""
    source = ConsoleSource(leader)
    following = asyncio.create_task(source.follow(), name="console")
    console = of(source, ConsoleAccess(client), ConsoleReports(client, settings.namespaces), settings.lease_namespace)
    try:
        async with ports.serve(settings.host, port, console.routes()):
            yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def of(source: ConsoleSource, access: ConsoleAccess, reports: ConsoleReports, home: str) -> ConsoleServer:
    """Return the console of this release, with its packaged files."""
    views = ConsoleViews(
        source=source,
        access=access,
        remedies=remedies.read(package_data.remedies()),
        reports=reports,
        searches=RecentAnswers(time.monotonic),
        searching=asyncio.Semaphore(1),
    )
    return ConsoleServer(views=views, assets={name: package_data.console_asset(name) for name in TYPES}, home=home)
