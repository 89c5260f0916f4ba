"""HTTP to an address that a tenant chose: bounded in time and bytes, follows no redirect, repeats nothing of a reply.

Blocks, so it runs in a thread. The bounds are at the socket, so that they hold for heads, bodies and framing alike,
and nothing is decompressed: a reply in few bytes could otherwise fill the memory of the process. An error says which
status and which content type came, and never more: whoever chose the address may reach less than this process does.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

SILENCE_SECONDS: Final = 5.0
"""Longest wait for a connection, and for the next bytes of a reply."""
TOTAL_SECONDS: Final = 10.0
"""For a whole request, from the connection to the last byte."""
MAX_BYTES: Final = 8 * 2**20
"""Of a reply with its head: a Prometheus sends about 16 KB for each replica of vLLM."""
MAX_ADDRESSES: Final = 4
"""Of a host: one after the other is tried."""
_CONTENT_TYPE: Final = re.compile(r"[a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,40}")
_REMEDIES: Final = {
    401: "check spec.metrics.prometheus.tokenSecret",
    403: "check spec.metrics.prometheus.tokenSecret",
    404: "check spec.metrics.prometheus.url",
}
NO_ADDRESS: Final = "this address cannot be used; check spec.metrics.prometheus.url"
_REDIRECTED: Final = "redirects are not followed, so name the final address"


class HttpUnavailable(Exception):
    """There is no usable reply; the message contains nothing of its body."""


@dataclass(slots=True)
class RequestBounds:
    """What one request may still take."""

    ends: float = field(default_factory=lambda: time.monotonic() + TOTAL_SECONDS)
    bytes_left: int = MAX_BYTES

    def next_wait(self) -> float:
        """Seconds to wait for the next bytes; raises if the time is over."""
        left = self.ends - time.monotonic()
        if left <= 0:
            raise HttpUnavailable(f"no whole reply within {TOTAL_SECONDS:g} s")
        return min(left, SILENCE_SECONDS)

    def take(self, count: int) -> int:
        """Count bytes that came; raises if there are too many."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            raise HttpUnavailable(f"its reply is larger than {MAX_BYTES // 2**20} MiB")
        return count


_BOUNDS: Final[ContextVar[RequestBounds]] = ContextVar("request_bounds")


class _BoundedSocket(socket.socket):
    """A plain connection."""

    def recv_into(self, *words: Any, **named: Any) -> int:  # noqa: ANN401 - passed on unchanged
        """Receive within what is left."""
        return _received(self, partial(super().recv_into, *words, **named))


class _BoundedTlsSocket(ssl.SSLSocket):
    """An encrypted connection."""

    def recv_into(self, *words: Any, **named: Any) -> int:  # noqa: ANN401 - passed on unchanged
        """Receive within what is left; bytes are counted after decryption."""
        return _received(self, partial(super().recv_into, *words, **named))


def _received(connection: socket.socket, receive: Callable[[], int]) -> int:
    bounds = _BOUNDS.get()
    connection.settimeout(bounds.next_wait())
    try:
        return bounds.take(receive())
    except TimeoutError:
        raise _too_slow(bounds) from None


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host, self.port)


class _TlsConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connected(self._dns_host, self.port or 443)


class _Pool(HTTPConnectionPool):
    def __init__(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - passed on unchanged
        super().__init__(*words, **named)
        self.ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    def __init__(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - passed on unchanged
        super().__init__(*words, **named)
        self.ConnectionCls = _TlsConnection


class BoundedAdapter(HTTPAdapter):
    """Sends the requests of a session. Raises `HttpUnavailable` for any reply but 200."""

    def __init__(self, context: ssl.SSLContext) -> None:
        context.sslsocket_class = _BoundedTlsSocket
        self._context = context
        super().__init__(max_retries=0)

    def init_poolmanager(self, *words: Any, **named: Any) -> None:  # noqa: ANN401 - passed on unchanged
        """Give the library's connection pool our connections and the TLS context."""
        super().init_poolmanager(*words, ssl_context=self._context, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: requests.PreparedRequest, *words: Any, **named: Any) -> requests.Response:  # noqa: ANN401
        """Send a request and read its whole reply."""
        _BOUNDS.set(RequestBounds())
        request.headers["Accept-Encoding"] = "identity"
        try:
            reply = super().send(request, *words, **named)
            problem = _refusal_of(reply)
            if problem is not None:
                raise HttpUnavailable(problem)
            _ = reply.content
        except requests.RequestException as error:
            raise HttpUnavailable(NO_ADDRESS if isinstance(error, ValueError) else _words(error)) from None
        return reply


def content_type(reply: requests.Response) -> str:
    """The type without its parameters, if it has the form of one: anything else could be text of a reply."""
    named = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    return f"content type {named}" if _CONTENT_TYPE.fullmatch(named) else "no content type"


def _refusal_of(reply: requests.Response) -> str | None:
    status = reply.status_code
    if status != 200:
        why = _REDIRECTED if 300 <= status < 400 else _REMEDIES.get(status, "see its log")
        reply.close()
        return f"it answers with status {status} and {content_type(reply)}; {why}"
    if reply.headers.get("content-encoding", "identity").strip().lower() != "identity":
        reply.close()
        return "its reply is compressed, though the request accepts no compression; check proxies in front of it"
    return None


def _connected(host: str, port: int | None) -> socket.socket:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as problem:
        raise HttpUnavailable(f"its host is not found ({_of_system(problem)})") from None
    trouble = ""
    for family, kind, protocol, _, address in addresses[:MAX_ADDRESSES]:
        made = _BoundedSocket(family, kind, protocol)
        try:
            made.settimeout(_BOUNDS.get().next_wait())
            made.connect(address)
        except OSError as problem:
            made.close()
            trouble = _of_system(problem)
        except HttpUnavailable:
            made.close()
            raise
        else:
            return made
    raise HttpUnavailable(f"no connection ({trouble})")


def _too_slow(bounds: RequestBounds) -> HttpUnavailable:
    bounds.next_wait()
    return HttpUnavailable(f"no answer within {SILENCE_SECONDS:g} s")


def _of_system(problem: Exception) -> str:
    """The system's own words, which contain nothing that a server sent."""
    timed_out = f"no answer within {SILENCE_SECONDS:g} s"
    if isinstance(problem, TimeoutError):
        return timed_out
    return (problem.strerror if isinstance(problem, OSError) else None) or "invalid name"


def _words(problem: BaseException) -> str:
    """Find the cause of a failure below the libraries' messages, which may quote what the server sent."""
    beneath: BaseException | None = problem
    while beneath is not None:
        if isinstance(beneath, ssl.SSLCertVerificationError):
            return f"certificate verify failed: {beneath.verify_message}"
        if isinstance(beneath, ssl.SSLError):
            return f"TLS failed ({beneath.reason or 'the connection was closed'})"
        if isinstance(beneath, ConnectionError) and beneath.strerror:
            return f"the connection broke ({beneath.strerror})"
        beneath = beneath.__cause__ or beneath.__context__
    return "its reply is not HTTP, or ended early"
