"""The address that a batch is sent to: its models, and one attempt of a request."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

import aiohttp

from fairlead.batching import attempt_outcomes, reply_facts
from fairlead.batching.attempt_outcomes import Outcome
from fairlead.batching.batch_requests import BatchRequest
from fairlead.batching.output_lines import BatchReply
from fairlead.batching.reply_facts import TokenUsage
from fairlead.cluster import openai_endpoints
from fairlead.fleet import retry_after

_CONNECT_S: Final = 10.0
_MODELS_S: Final = 60.0
_WANTS_PROXY_USER: Final = str(attempt_outcomes.WANTS_PROXY_USER)
_SILENCE_S: Final = 60
"""After which a connection is probed: an answer may take hours, and a lost machine says nothing."""
_HEADERS: Final[Mapping[str, str]] = {"Content-Type": "application/json", "x-fairlead-lane": "batch"}
"""For routers; other servers ignore the lane."""


class AddressUnusable(Exception):
    """The address answers nothing, or refuses the key; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAddress:
    """An address, and how it is used."""

    url: str
    key: str = ""
    proxy: str | None = None
    time_out_s: float

    @property
    def base(self) -> str:
        """The address without what every path begins with."""
        return self.url.rstrip("/").removesuffix("/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchAttempt:
    """What became of one attempt."""

    outcome: Outcome
    reason: str
    """Status and code, or what happened to the connection."""
    message: str = ""
    """Of an attempt without a reply."""
    reply: BatchReply | None = None
    usage: TokenUsage = field(default_factory=TokenUsage)
    retry_after_s: float | None = None
    lane: str = ""
    """In which the router served it, if it says so."""
    location: str = ""
    """To which it redirects."""


class BatchEndpoint:
    """The client of one address."""

    def __init__(self, session: aiohttp.ClientSession, address: BatchAddress, now: Callable[[], datetime]) -> None:
        self._session = session
        self._now = now
        self._address = address
        self._headers = dict(_HEADERS) | ({"Authorization": f"Bearer {address.key}"} if address.key else {})

    async def models(self) -> frozenset[str] | None:
        """Return the models that it lists; None if it has no such list. Raises `AddressUnusable`."""
        try:
            async with self._session.get(
                f"{self._address.base}/v1/models",
                headers=self._headers,
                proxy=self._address.proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=_MODELS_S, sock_connect=_CONNECT_S),
            ) as reply:
                body = await reply.read()
                facts = reply_facts.read(body)
                if attempt_outcomes.outcome(reply.status, facts.code) is Outcome.UNUSABLE:
                    raise AddressUnusable(self._why_unusable(f"{reply.status} {facts.code}".strip(), _location(reply)))
                return _names(body) if reply.status == 200 else None
        except (aiohttp.ClientError, OSError) as problem:
            if _wants_proxy_user(problem):
                raise AddressUnusable(self._why_unusable(_WANTS_PROXY_USER, "")) from None
            raise AddressUnusable(
                f"--to {self._address.url}: it does not answer: {_words(problem)}; check the address, and that a "
                "port-forward still runs"
            ) from None

    async def send(self, request: BatchRequest, *, explain: bool) -> BatchAttempt:
        """Send a request once; with `explain`, a router says which lane it is in."""
        headers = self._headers | {"x-request-id": request.id} | ({"x-fairlead-explain": "1"} if explain else {})
        try:
            async with self._session.post(
                self._address.base + request.url,
                data=request.body,
                headers=headers,
                proxy=self._address.proxy,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._address.time_out_s, sock_connect=_CONNECT_S),
            ) as reply:
                return _attempt(request, reply, await reply.read(), self._now())
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError) as problem:
            if _wants_proxy_user(problem):
                return BatchAttempt(outcome=Outcome.UNUSABLE, reason=_WANTS_PROXY_USER, message=_words(problem))
            return BatchAttempt(outcome=Outcome.UNREACHABLE, reason="unreachable", message=_words(problem))
        except TimeoutError:
            message = f"no answer within {self._address.time_out_s:g} s"
            return BatchAttempt(outcome=Outcome.FAULT, reason="timed_out", message=message)
        except (aiohttp.ClientError, OSError) as problem:
            return BatchAttempt(outcome=Outcome.FAULT, reason="connection_lost", message=_words(problem))

    def why_unusable(self, attempt: BatchAttempt) -> str:
        """Return what to do when the address refuses the key or redirects, or its proxy wants a user."""
        return self._why_unusable(attempt.reason, attempt.location)

    def _why_unusable(self, reason: str, location: str) -> str:
        if location:
            return f"--to {self._address.url}: it redirects to {location}; name that with --to"
        if reason.startswith(_WANTS_PROXY_USER):
            variable = f"{urlsplit(self._address.url).scheme.upper()}_PROXY"
            return (
                f"--to {self._address.url}: its proxy answers {reason}: it wants a user and a password; write them "
                f"into the variable {variable}: http://USER:PASSWORD@HOST:PORT"
            )
        return f"--to {self._address.url}: it answers {reason}: it wants another key; name its file with --api-key-file"


def opened() -> aiohttp.ClientSession:
    """Open connections, as many as the window allows; the caller closes them."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, socket_factory=_socket))


def _socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_KEEPIDLE"):
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _SILENCE_S)
    return made


def _attempt(request: BatchRequest, reply: aiohttp.ClientResponse, body: bytes, now: datetime) -> BatchAttempt:
    facts = reply_facts.read(body)
    what = attempt_outcomes.outcome(reply.status, facts.code)
    reason = f"{reply.status} {facts.code}".strip()
    if what is Outcome.ANSWERED and not facts.is_json:
        what, reason = Outcome.FAULT, f"{reply.status} not_json"
    return BatchAttempt(
        outcome=what,
        reason=reason,
        reply=BatchReply(
            status=reply.status,
            request_id=openai_endpoints.printable(reply.headers.get("x-request-id", request.id)),
            body=body,
            is_json=facts.is_json,
        ),
        usage=facts.usage,
        retry_after_s=retry_after.seconds(reply.headers.get("Retry-After", ""), now),
        lane=openai_endpoints.printable(reply.headers.get("x-fairlead-lane", "")),
        location=_location(reply),
    )


def _wants_proxy_user(problem: BaseException) -> bool:
    """Whether a proxy refused to connect to an https address; to an http one, its reply is one as any other."""
    return isinstance(problem, aiohttp.ClientHttpProxyError) and problem.status == attempt_outcomes.WANTS_PROXY_USER


def _location(reply: aiohttp.ClientResponse) -> str:
    """The base of the address to which it redirects; empty if it does not."""
    if not 300 <= reply.status < 400:
        return ""
    target = urljoin(str(reply.url), openai_endpoints.printable(reply.headers.get("Location", "")))
    return target.removesuffix(reply.url.path) or target


def _names(body: bytes) -> frozenset[str] | None:
    """Models of a list, if it is one."""
    try:
        return frozenset(openai_endpoints.model_names(body)) or None
    except ValueError:
        return None


def _words(problem: BaseException) -> str:
    if isinstance(problem, aiohttp.InvalidURL):
        return "no URL; correct --to, or the variable that names the proxy"
    return openai_endpoints.why_lost(problem)
