"""The connection to the API server: its address, our credentials, and one session that all requests share.

Finds credentials and keeps them fresh. Knows nothing of what is requested; `api_server` does.
"""

import logging
import os
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, Final

import aiohttp
import yaml
from yarl import URL

from fairlead import __version__

log = logging.getLogger(__name__)

SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")

TOKEN_LIVES_S: Final = 60.0
"""The kubelet rewrites a pod's token long before it expires, so it is enough to read it once a minute."""


class NoCredentials(Exception):
    """Neither a service account nor a kubeconfig was found; the message says where they were expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A server and our credentials for it. Fields have Kopf's names, so that one source serves both."""

    server: str
    ca_path: str | None = None
    insecure: bool = False
    """The kubeconfig says not to verify the server's certificate."""
    scheme: str | None = None
    token: str | None = None
    certificate_path: str | None = None
    private_key_path: str | None = None
    proxy_url: str | None = None
    default_namespace: str | None = None
    tls_server_name: str | None = None
    """The name to expect in the server's certificate, if it is not the address's host."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that authenticate a request; a client certificate needs none."""
        return {"Authorization": f"{self.scheme} {self.token}"} if self.token else {}

    def for_kopf(self) -> dict[str, Any]:
        """Return the arguments of `kopf.ConnectionInfo`, which has no field for the certificate's name."""
        return {name: value for name, value in asdict(self).items() if name != "tls_server_name"}

    def trust(self) -> ssl.SSLContext:
        """Return the TLS context: the CA that verifies the server, and our client certificate."""
        context = ssl.create_default_context(cafile=self.ca_path)
        if self.insecure:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if self.certificate_path:
            context.load_cert_chain(self.certificate_path, self.private_key_path)
        return context


CredentialSource = Callable[[], Awaitable[Credentials]]
"""Reads credentials anew."""


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
        self._credentials = credentials
        self._clock = clock
        self._read_at = clock()
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
            except (NoCredentials, OSError) as problem:
                log.warning("credentials cannot be reloaded, so the previous ones are used: %s", problem)
        return self._credentials

    def doubt(self) -> None:
        """After a 401: read the credentials anew before the next request."""
        self._read_at = self._clock() - TOKEN_LIVES_S

    async def send(self, request: HttpRequest, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:  # noqa: ASYNC109 - aiohttp's own, with its parts
        """Send one request; the caller's code reads and releases the answer."""
        who = await self.credentials()
        return await self._session.request(
            request.method,
            URL(who.server + request.path, encoded=True).with_query(request.query),
            data=request.body,
            headers={**request.headers, **who.headers}
            | ({"Content-Type": request.content_type} if request.body is not None else {}),
            timeout=timeout,
            server_hostname=who.tls_server_name if self._trust else None,
            allow_redirects=False,
        )

    async def close(self) -> None:
        """Close the session."""
        await self._session.close()

    def _take(self, fresh: Credentials) -> None:
        """Use new credentials: new connections present the client certificate that its file holds now.

        A credential plugin that failed leaves no credentials at all; then the previous ones are kept.
        """
        if self._credentials.token and not (fresh.token or fresh.certificate_path):
            return
        if self._trust and fresh.certificate_path:
            self._trust.load_cert_chain(fresh.certificate_path, fresh.private_key_path)
        self._credentials = fresh


async def connect(environ: Mapping[str, str] | None = None, service_account: Path = SERVICE_ACCOUNT) -> ApiConnection:
    """Connect to the cluster we run in, or to the one that KUBECONFIG (by default, ~/.kube/config) names."""
    source = source_of(os.environ if environ is None else environ, service_account)
    return ApiConnection(source, await source())


def source_of(environ: Mapping[str, str], service_account: Path = SERVICE_ACCOUNT) -> CredentialSource:
    """Choose where credentials come from: the pod's service account inside a cluster, a kubeconfig elsewhere."""
    if host := environ.get("KUBERNETES_SERVICE_HOST"):
        port = environ.get("KUBERNETES_SERVICE_PORT", "443")
        server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"

        async def pod() -> Credentials:
            return _of_pod(server, service_account)

        return pod
    paths = environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")
    if not any(Path(path).is_file() for path in paths.split(os.pathsep)):
        raise NoCredentials(f"KUBECONFIG: {paths}: there is no such file; name one, or run inside a cluster")

    async def file() -> Credentials:
        return await _of_kubeconfig(paths)

    return file


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


async def _of_kubeconfig(paths: str) -> Credentials:
    """Use the official client, which handles tokens, certificates and plugins; it costs 22 MB, so not in pods."""
    from kubernetes.aio import config  # noqa: PLC0415  # 22 MB and 0.2 s that a pod never needs

    found = SimpleNamespace(api_key={}, host="", ssl_ca_cert=None, cert_file=None, key_file=None, verify_ssl=True)
    try:
        loader = await config.load_kube_config(config_file=paths, client_configuration=found, persist_config=False)  # type: ignore[no-untyped-call]  # generated
    except (
        config.ConfigException,
        yaml.YAMLError,
        OSError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ) as problem:
        words = " ".join(str(problem).split())
        if isinstance(problem, TypeError | AttributeError):  # of the client, about its own variables
            words = "empty, or not of the form of a kubeconfig"
        raise NoCredentials(f"KUBECONFIG: {paths}: {words}; correct the file") from problem
    scheme, _, token = str(found.api_key.get("BearerToken", "")).partition(" ")
    return Credentials(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme or None,
        token=token.strip() or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        proxy_url=getattr(found, "proxy", None),
        default_namespace=loader.current_context["context"].get("namespace"),
        tls_server_name=getattr(found, "tls_server_name", None),
    )
