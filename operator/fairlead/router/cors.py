"""CORS: which browser origins may send requests, and the answers to their preflight requests."""

from functools import lru_cache
from typing import Final

from fairlead.fleet.gateways import RouterConnections
from fairlead.router.wire import heads
from fairlead.router.wire.request_heads import RequestHead

_METHODS: Final = b"access-control-allow-methods: GET, HEAD, POST, OPTIONS\r\n"
_EXPOSED: Final = b"access-control-expose-headers: x-request-id, x-fairlead-cache, age, retry-after\r\n"
_DAY: Final = b"access-control-max-age: 86400\r\n"
_ALLOW: Final = b"allow: GET, HEAD, POST, OPTIONS\r\n"


def lines(connections: RouterConnections, head: RequestHead) -> bytes:
    """Return the headers that let a browser read the response."""
    origin = head.headers.get(b"origin")
    if origin is None or not connections.cors_origins:
        return b""
    return _allowed(connections.cors_origins, origin)


def preflight(connections: RouterConnections, head: RequestHead, *, close: bool) -> bytes | None:
    """Answer a browser's preflight request, and any other OPTIONS; None for other methods."""
    if head.method != b"OPTIONS":
        return None
    allowed = lines(connections, head)
    if allowed:
        wanted = head.headers.get(b"access-control-request-headers")
        requested = b"access-control-allow-headers: " + wanted + b"\r\n" if wanted else b""
        allowed += _METHODS + requested + _DAY
    return heads.answer(204, b"", b"", _ALLOW + allowed, close=close)


@lru_cache(maxsize=256)
def _allowed(origins: tuple[str, ...], origin: bytes) -> bytes:
    if "*" in origins:
        return b"access-control-allow-origin: *\r\n" + _EXPOSED
    if origin.decode("latin-1") not in origins:
        return b""
    return b"access-control-allow-origin: " + origin + b"\r\nvary: origin\r\n" + _EXPOSED
