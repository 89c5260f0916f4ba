"""The connection to the API server: its address, our credentials, and one session that all requests share.

Chooses where credentials come from and keeps them fresh. Knows nothing of what is requested; `api_server` does.
"""

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Final

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from fairlead import __version__
from fairlead.cluster import api_errors, kubeconfig
from fairlead.cluster.credentials import Credentials, CredentialSource, NoCredentials
from fairlead.cluster.kubeconfig import KubeconfigSource

log = logging.getLogger(__name__)

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")

TOKEN_LIVES_S: Final = 60.0
"""The kubelet rewrites a pod's token long before it expires, so it is enough to read it once a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request, ready to be sent."""

    method: str
    path: str
    query: Mapping[str, str]
    body: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    """Besides those that authenticate it."""


class ApiConnection:
    """The session, and credentials that are never older than a minute."""

    def __init__(
        self, source: CredentialSource, credentials: Credentials, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._source = source
        self._plugin = source.plugin if isinstance(source, KubeconfigSource) else None
        self._credentials = credentials
        self._clock = clock
        self._read_at = clock()
        self.not_renewed = ""
        """Why the credentials are still the previous ones; empty if they were read."""
        self._trust = credentials.trust() if credentials.server.startswith("https") else None
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._trust or True),
            headers={"User-Agent": f"fairlead/{__version__}", "Accept": "application/json"},
            proxy=credentials.proxy_url,
        )

    async def __aenter__(self) -> "ApiConnection":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def credentials(self) -> Credentials:
        """Return the credentials, read anew once a minute; the previous ones while the source cannot be read."""
        if self._clock() - self._read_at >= TOKEN_LIVES_S:
            self._read_at = self._clock()
            try:
                self._take(await self._source())
                self.not_renewed = ""
            except (NoCredentials, OSError) as problem:
                self.not_renewed = str(problem)
                log.warning("credentials cannot be reloaded, so the previous ones are used: %s", problem)
        return self._credentials

    def doubt(self) -> None:
        """After a 401: read the credentials anew before the next request."""
        self._read_at = self._clock() - TOKEN_LIVES_S
        if self._plugin:
            self._plugin.forget()

    def leave_terminal(self) -> None:
        """From now on the command reads keys and draws the screen itself: a credential plugin may do neither."""
        if self._plugin:
            self._plugin.leave_terminal()

    def doubt_after(self, status: int, content_type: str, body: bytes) -> None:
        """The same for an answer that may be a pod's, which says 401 for reasons of its own."""
        if status == HTTPStatus.UNAUTHORIZED and api_errors.is_of_server(content_type, body):
            self.doubt()

    async def send(self, request: HttpRequest, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:  # noqa: ASYNC109 - aiohttp's own, with its parts
        """Send one request; the caller's code reads and releases the answer."""
        who = await self.credentials()
        return await self._session.request(
            request.method,
            URL(who.server + request.path, encoded=True).with_query(request.query),
            data=request.body,
            headers=_headers(request, who),
            timeout=timeout,
            server_hostname=who.tls_server_name if self._trust else None,
            allow_redirects=False,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    def _take(self, fresh: Credentials) -> None:
        """Use new credentials: new connections present the client certificate that its file holds now.

        Without a token we would be an anonymous user without rights; then the previous ones are kept.
        """
        if self._credentials.token and not (fresh.token or fresh.certificate_path):
            return
        if self._trust:
            fresh.present(self._trust)
        self._credentials = fresh


async def connect(
    environ: Mapping[str, str] | None = None, service_account: Path = SERVICE_ACCOUNT, *, context: str | None = None
) -> ApiConnection:
    """Connect to the cluster that kubectl would use: that of KUBECONFIG (by default, ~/.kube/config), or our own.

    `context` is one of the kubeconfig's, instead of its current one.
    """
    source = source_of(os.environ if environ is None else environ, service_account, context=context)
    return ApiConnection(source, await source())


def source_of(
    environ: Mapping[str, str], service_account: Path = SERVICE_ACCOUNT, *, context: str | None = None
) -> CredentialSource:
    """Choose where credentials come from: a kubeconfig, or inside a cluster without one, the pod's service account."""
    paths = kubeconfig.paths(environ)
    host = environ.get("KUBERNETES_SERVICE_HOST")
    if host and context is None and not kubeconfig.names_cluster(paths):
        port = environ.get("KUBERNETES_SERVICE_PORT", "443")
        server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

        async def pod() -> Credentials:
            return _of_pod(server, service_account)

        return pod
    if not kubeconfig.present(paths):
        named = os.pathsep.join(map(str, paths))
        raise NoCredentials(f"KUBECONFIG: {named}: there is no such file; name one, or run inside a cluster")

    return KubeconfigSource(files=paths, environ=environ, context=context)


def _headers(request: HttpRequest, who: Credentials) -> CIMultiDict[str]:
    """Return all headers; those that say who we are replace the request's, and one of them may come several times."""
    own = who.headers
    headers = CIMultiDict((name, value) for name, value in request.headers.items() if name not in own)
    if request.body is not None:
        headers["Content-Type"] = request.content_type
    headers.extend(own)
    return headers


def _of_pod(server: str, folder: Path) -> Credentials:
    try:
        token = (folder / "token").read_text(encoding="ascii").strip()
    except OSError as problem:
        raise NoCredentials(
            f"{folder}/token cannot be read ({problem.strerror}): the pod needs automountServiceAccountToken: true"
        ) from problem
    home = folder / "namespace"
    return Credentials(
        server=server,
        ca_path=str(folder / "ca.crt"),
        scheme="Bearer",
        token=token,
        default_namespace=home.read_text(encoding="ascii").strip() if home.exists() else None,
    )
