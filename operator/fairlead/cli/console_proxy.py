"""A proxy on 127.0.0.1 to the console of the leading operator, through the API server, with the user's own token.

The printed address contains a key, which becomes a cookie; requests without it or for another host name are refused.
"""

import hmac
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from aiohttp import web

from fairlead.cli import playground_proxy
from fairlead.cli.cluster_client import NAMES_IT, ClusterClient, ClusterUnavailable, NoDecision
from fairlead.cli.playground_proxy import ChatSource
from fairlead.cluster import account_tokens, pod_proxy, service_proxy
from fairlead.cluster.api_errors import STATUS_TYPE, ApiError
from fairlead.cluster.pod_proxy import PodPage
from fairlead.cluster.service_proxy import ServiceAnswer, ServicePort
from fairlead.console import reports_page
from fairlead.console.document import POLICY
from fairlead.documents import json_document
from fairlead.process import ports
from fairlead.process.console_server import HEADERS
from fairlead.process.console_views import FORWARDED

SELECTOR: Final = "app.kubernetes.io/name=fairlead,app.kubernetes.io/component=operator"
PORT_NAME: Final = "console"
NOT_LEADING: Final = 503
OF_NO_POD: Final = (404, 500, 502, 504)
"""Its statuses for a pod that does not exist or does not answer; those about the user's rights are the same for all."""
HOSTS: Final = ("127.0.0.1", "localhost")
CLOSED: Final = "open the address that fairlead console printed\n"
POLICIES: Final = (POLICY, reports_page.POLICY)
"""The allowed content security policies; the first is the default."""

Token = Callable[[], Awaitable[str]]
ConsolePod = tuple[tuple[str, str], int]
"""Namespace and name, and the console's port."""


class PageSource(ChatSource, Protocol):
    """Source of the console's pages and of models' answers."""

    async def fetch(self, page: str) -> PodPage:
        """Fetch a page by its path and query."""


@dataclass(slots=True, kw_only=True)
class ConsolePassage:
    """Access to the console in the operator's pods; the pod that answered last is tried first."""

    cluster: ClusterClient
    pods: list[ConsolePod]
    token: Token

    async def fetch(self, page: str) -> PodPage:
        """Fetch a page from the leader's pod, or the last pod's refusal if none leads.

        An upgrade replaces all pods, so they are listed anew before that.
        """
        headers = {FORWARDED: f"Bearer {await self.token()}"}
        answer = await self._first(self.pods, page, headers)
        if answer.status != NOT_LEADING:
            return answer
        try:
            found = await _served(self.cluster)
        except ClusterUnavailable as problem:
            return PodPage(NOT_LEADING, "text/plain", f"{problem}\n".encode())
        new = [one for one in found if one not in self.pods]
        self.pods = found
        return await self._first(new, page, headers) if new else answer

    async def _first(self, pods: Sequence[ConsolePod], page: str, headers: Mapping[str, str]) -> PodPage:
        """Return the first answer of a pod that leads, or the last pod's refusal."""
        answer = PodPage(NOT_LEADING, "text/plain", b"no pod of the operator has a console; is it enabled?\n")
        for one in tuple(pods):
            answer = await self._answer(one, page, headers)
            if answer.status != NOT_LEADING:
                self.pods = [one, *(other for other in self.pods if other != one)]
                break
        return answer

    async def _answer(self, pod: ConsolePod, page: str, headers: Mapping[str, str]) -> PodPage:
        """Return a pod's answer; a pod that is gone or cannot be reached is one that does not lead."""
        try:
            found = await pod_proxy.fetch_page(self.cluster.connection, *pod, page, headers)
        except ApiError as problem:
            return PodPage(NOT_LEADING, "text/plain", f"{problem}\n".encode())
        is_of_server = found.content_type == STATUS_TYPE and found.status in OF_NO_POD
        return found._replace(status=NOT_LEADING) if is_of_server else found

    def chat(
        self, service: ServicePort, body: bytes, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[ServiceAnswer]:
        """Send one chat request to a model."""
        return service_proxy.post(self.cluster.connection, service, playground_proxy.CHAT, body, headers)


async def passage(cluster: ClusterClient, account: str | None) -> ConsolePassage:
    """Find the operator's pods with a console; raises `ClusterUnavailable` if there are none."""
    return ConsolePassage(cluster=cluster, pods=await _served(cluster), token=await _token(cluster, account))


async def _served(cluster: ClusterClient) -> list[ConsolePod]:
    """Pods of the operator's own namespace alone: each page that is fetched brings them the reader's token."""
    found = await cluster.pods(SELECTOR)
    if isinstance(found, NoDecision):
        raise ClusterUnavailable(found.because)
    served = [((one["metadata"]["namespace"], one["metadata"]["name"]), port) for one in found for port in _ports(one)]
    if not found:
        raise ClusterUnavailable(f"no pod of the operator is found in {cluster.trusted_namespace}; {NAMES_IT}")
    if not served:
        raise ClusterUnavailable(
            "the operator serves no console: set console.enabled=true in the chart's values and upgrade; "
            "docs/console.md"
        )
    return sorted(served)


def _ports(pod: dict[str, Any]) -> list[int]:
    named = (one for container in pod["spec"].get("containers") or () for one in container.get("ports") or ())
    return [one["containerPort"] for one in named if one.get("name") == PORT_NAME]


async def _token(cluster: ClusterClient, account: str | None) -> Token:
    """The kubeconfig's token, read anew as it is renewed; or one of a ServiceAccount, valid for its lifetime."""
    if account is not None:
        namespace, slash, name = account.partition("/")
        if not slash or not namespace or not name:
            raise ClusterUnavailable(f"--service-account {account}: write NAMESPACE/NAME")
        try:
            issued = await account_tokens.issue(cluster.connection, namespace, name)
        except ValueError as problem:
            raise ClusterUnavailable(f"--service-account {account}: {problem}") from problem

        async def kept() -> str:
            return issued

        return kept

    async def own() -> str:
        return (await cluster.connection.credentials()).token or ""

    if (await cluster.connection.credentials()).impersonation:
        raise ClusterUnavailable(
            "the kubeconfig's user acts as another one (users[].user.as) and has no token of that one to pass on; "
            "set --service-account NAMESPACE/NAME to read as that account"
        )
    if not await own():
        raise ClusterUnavailable(
            "the kubeconfig has a client certificate and no token, and a certificate cannot be passed on; "
            "set --service-account NAMESPACE/NAME to read as that account"
        )
    return own


@dataclass(frozen=True, slots=True, kw_only=True)
class _Door:
    """The server on 127.0.0.1."""

    passage: PageSource
    key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    cookie: str = field(default_factory=lambda: f"fairlead-console-{secrets.token_hex(4)}")

    async def answer(self, request: web.Request) -> web.Response:
        """Serve a page of the console to a browser that used the printed address."""
        if request.url.host not in HOSTS:
            return _text(403, CLOSED)
        if ".." in request.path:
            return _text(404, "there is no such page\n")
        if hmac.compare_digest(request.query.get("key", "").encode(), self.key.encode()):
            entered = web.Response(status=303, headers={**HEADERS, "Location": "/"})
            entered.set_cookie(self.cookie, self.key, httponly=True, samesite="Strict", path="/")
            return entered
        if not self._entered(request):
            return _text(403, CLOSED)
        return await self._passed_on(request.raw_path)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Serve a model's answer to the playground in a browser that used the printed address."""
        if request.url.host not in HOSTS or not self._entered(request):
            return _text(403, CLOSED)
        return playground_proxy.unfit(request) or await playground_proxy.answered(request, self.passage, HEADERS)

    def _entered(self, request: web.Request) -> bool:
        return hmac.compare_digest(request.cookies.get(self.cookie, "").encode(), self.key.encode())

    async def _passed_on(self, page: str) -> web.Response:
        try:
            found = await self.passage.fetch(page)
        except ApiError as problem:
            return _text(502, f"{problem}\n")
        if found.content_type == STATUS_TYPE:
            return _text(found.status, f"{_message(found.content)}\n")
        policy = found.policy if found.policy in POLICIES else POLICY
        headers = {**HEADERS, "Content-Type": found.content_type, "Content-Security-Policy": policy}
        return web.Response(status=found.status, body=found.content, headers=headers)


@asynccontextmanager
async def opened(way: PageSource, port: int) -> AsyncIterator[str]:
    """Serve the proxy and yield its address."""
    door = _Door(passage=way)
    routes = [web.post("/playground/{namespace}/{service}", door.chat), web.get("/{page:.*}", door.answer)]
    async with ports.serve("127.0.0.1", port, routes, ends_with_client=True) as runner:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/?key={door.key}"


def _text(status: int, words: str) -> web.Response:
    return web.Response(status=status, text=words, headers=HEADERS)


def _message(content: bytes) -> str:
    """The API server's own message, such as a missing permission."""
    try:
        return str(json_document.read(content)["message"])
    except (ValueError, KeyError, TypeError):
        return content.decode(errors="replace")[:200]
