"""Single header lines: which are passed on, which are dropped here, and which the router acts on.

Lines come from a head that the parser has already accepted. Nothing is decoded: names and values stay bytes.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple

from fairlead.engines import catalogue

HOP_BY_HOP: Final = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade", b"http2-settings"),
    }
)
"""Headers of one connection only: RFC 9110 7.6.1, and what older proxies send."""
OURS: Final = catalogue.PRIORITY_HEADERS | {
    *(b"host", b"content-length", b"expect", b"x-request-id", b"traceparent", b"accept-encoding"),
}
"""Rewritten by the router for the engine's connection. Engines obey the first priority that they find, so a client's
own must not be there. In a compressed reply, as from a proxy before an engine, the router finds no token, usage or end,
and it does not continue a stream that was kept open by comments."""
CREDENTIALS: Final = frozenset({b"authorization", b"x-api-key"})
"""Tenants' keys are not for engines; a router without tenants passes them on, to what may check them there."""
READ_HEADERS: Final = frozenset(
    {
        *(b"authorization", b"x-api-key", b"x-request-id", b"traceparent", b"tracestate", b"baggage"),
        *(b"cache-control", b"content-type", b"content-encoding", b"expect", b"origin", b"accept"),
        *(b"x-session-id", b"x-correlation-id", *catalogue.PRIORITY_HEADERS, b"x-forwarded-for"),
        *(b"access-control-request-method", b"access-control-request-headers"),
        *(b"host", b"content-length", b"transfer-encoding", b"connection", b"retry-after"),
    }
)
"""Headers that the router reads."""
LISTS: Final = frozenset({b"connection", b"cache-control", b"access-control-request-headers"})
"""Lists among these: several lines are one list (RFC 9110 5.3)."""
FROM_OUTSIDE: Final = frozenset({b"content-type", b"content-encoding", b"cache-control", b"retry-after"})
"""Response headers that are passed on from an external API."""
CORS: Final = b"access-control-"
"""Response headers that let browsers read a reply: the router writes its own; browsers refuse a second set."""
PREFIX: Final = b"x-fairlead-"
"""Headers for this router: read, but not passed on."""
SLO: Final = b"x-slo-"
USUAL: Final = frozenset({b"keep-alive", b"close"})
"""Usual values of `Connection`."""
REMEMBERED: Final = 4096
"""Limit of cached lines, 512 bytes each at most: 4 MiB. A full cache is cleared."""
REMEMBERED_BYTES: Final = 512


class HeaderDestination(Enum):
    """Where a line goes."""

    ON = auto()
    CREDENTIAL = auto()
    """Passed on only if the engine requires keys."""
    ENDS_HERE = auto()


class HeaderLine(NamedTuple):
    """One parsed header line."""

    way: HeaderDestination
    whole: bytes
    """With its line end, as passed on."""
    name: bytes
    """In lower case."""
    value: bytes
    is_read: bool
    """Whether the router acts on it."""


class HeaderBlock:
    """The header lines of one head, sorted by where they go."""

    __slots__ = ("connection", "credentials", "headers", "on", "twice")

    def __init__(self) -> None:
        self.on: list[bytes] = []
        """Passed on unchanged."""
        self.credentials: list[bytes] = []
        self.headers: dict[bytes, bytes] = {}
        """Headers that the router acts on; of a duplicate name the last value, or the whole list."""
        self.twice: frozenset[bytes] = frozenset()
        """Duplicate names."""
        self.connection: frozenset[bytes] = frozenset()
        """Names in `Connection`; such headers are dropped, too."""


def of_request(line: bytes) -> HeaderLine:
    """Parse a client's line, which llhttp has accepted."""
    return _read(line, OURS | HOP_BY_HOP)


def of_response(line: bytes) -> HeaderLine:
    """Parse an engine's line; the router writes length and framing anew, and echoes the request's id itself."""
    found = _read(line, HOP_BY_HOP | {b"content-length", b"x-request-id"})
    return found._replace(way=HeaderDestination.ENDS_HERE) if found.name.startswith(CORS) else found


def of_outside_response(line: bytes) -> HeaderLine:
    """Parse an external API's line: cookies, our organization's names and such are not for the gateway's clients."""
    found = of_response(line)
    if found.way is not HeaderDestination.ON or found.name in FROM_OUTSIDE:
        return found
    return found._replace(way=HeaderDestination.ENDS_HERE)


def _read(line: bytes, ending: frozenset[bytes]) -> HeaderLine:
    name, _, value = line.partition(b":")
    name = name.lower()
    ours = name.startswith(PREFIX)
    way = (
        HeaderDestination.ENDS_HERE
        if ours or name in ending or name.startswith(catalogue.HEADERS_OF_IDS)
        else HeaderDestination.CREDENTIAL
        if name in CREDENTIALS
        else HeaderDestination.ON
    )
    is_read = ours or name in READ_HEADERS or name.startswith(SLO)
    return HeaderLine(way, line + b"\r\n", name, value.strip(b" \t"), is_read)


ON: Final = HeaderDestination.ON
CREDENTIAL: Final = HeaderDestination.CREDENTIAL


class HeaderLineCache:
    """A cache of parsed lines; `read` parses a new one."""

    __slots__ = ("_kept", "_read")

    def __init__(self, read: Callable[[bytes], HeaderLine]) -> None:
        self._read = read
        self._kept: dict[bytes, HeaderLine] = {}

    def block(self, raw_lines: list[bytes]) -> HeaderBlock:
        """Parse and sort all lines."""
        block = HeaderBlock()
        kept, on, headers = self._kept, block.on, block.headers
        for raw in raw_lines:
            way, whole, name, value, is_read = kept.get(raw) or self._new(raw)
            if is_read:
                if name in headers:
                    self._again(block, name, value)
                    value = headers[name]
                headers[name] = value
            if way is ON:
                on.append(whole)
            elif way is CREDENTIAL:
                block.credentials.append(whole)
        if b"connection" in headers:
            self._unhop(block)
        return block

    def _again(self, block: HeaderBlock, name: bytes, value: bytes) -> None:
        """Record a duplicate name: a list continues in the second line; of any other header the last value counts."""
        block.twice |= {name}
        block.headers[name] = block.headers[name] + b"," + value if name in LISTS else value

    def _unhop(self, block: HeaderBlock) -> None:
        """Drop the headers that `Connection` names: they belong to that connection only."""
        block.connection = named = words(block.headers[b"connection"])
        if not named <= USUAL:
            block.on[:] = [line for line in block.on if line.partition(b":")[0].lower() not in named]

    def _new(self, raw: bytes) -> HeaderLine:
        line = self._read(raw)
        if len(raw) <= REMEMBERED_BYTES:
            if len(self._kept) >= REMEMBERED:
                self._kept.clear()
            self._kept[raw] = line
        return line


def words(value: bytes) -> frozenset[bytes]:
    """Return the elements of a list header, in lower case."""
    return frozenset(word.strip() for word in value.lower().split(b","))
