"""A client's head: accepted by llhttp, then checked by the rules that llhttp leaves to servers.

Implements RFC 9112's request line and the headers that frame a message. A head that passes has only one meaning.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import httptools

from fairlead.router.wire import header_lines
from fairlead.router.wire.header_lines import HeaderBlock
from fairlead.router.wire.protocol_faults import ProtocolFault

ReadLines = Callable[[list[bytes]], HeaderBlock]

VERSIONS: Final = {b"HTTP/1.1": False, b"HTTP/1.0": True}
OTHER_PROTOCOLS: Final = (
    (b"PRI * HTTP/2", ProtocolFault.UNKNOWN_VERSION, "HTTP/2 is not supported: use HTTP/1.1"),
    (
        b"\x16",
        ProtocolFault.PLAIN_PORT,
        "this port speaks plain HTTP, and these are the first bytes of TLS: use http://",
    ),
)
"""First bytes of the HTTP/2 preface, and of the handshake of every TLS client since SSL 3."""
ENDING: Final = header_lines.OURS | header_lines.HOP_BY_HOP
BEARER: Final = b"bearer "


SLOTS: Final = (
    *("chunked", "credentials", "expects", "head_only", "headers", "http10", "keep_alive", "key", "lines"),
    *("method", "path", "query", "start", "target"),
)


class RequestHead:
    """One parsed head; shared between requests, so never written to."""

    __slots__ = SLOTS

    def __init__(self, method: bytes, target: bytes, block: HeaderBlock, *, http10: bool) -> None:
        self.method = method
        self.target = target
        self.path, _, self.query = target.partition(b"?")
        self.http10 = http10
        self.head_only = method == b"HEAD"
        self.start = method + b" " + target + b" HTTP/1.1\r\n"
        """The request line as sent to engines."""
        self.headers = headers = block.headers
        """Headers that the router acts on, by lower-case name."""
        self.lines = b"".join(block.on)
        """Lines that are passed on unchanged."""
        self.credentials = b"".join(block.credentials)
        self.keep_alive = b"keep-alive" in block.connection if http10 else b"close" not in block.connection
        self.chunked = b"transfer-encoding" in headers
        self.expects = not http10 and b"expect" in headers
        """Whether the client waits for `100 Continue` before it sends its body."""
        self.key = _key(headers)
        """The client's API key."""

    def also(self, names: list[bytes], values: list[bytes]) -> "RequestHead":
        """Return the same head followed by these lines, which are new in every request."""
        other = RequestHead.__new__(RequestHead)
        for slot in SLOTS:
            setattr(other, slot, getattr(self, slot))
        other.headers = headers = dict(self.headers)
        for name, value in zip(names, values, strict=True):
            lower = name.lower()
            headers[lower] = value.rstrip(b" \t")
            if lower not in ENDING:
                other.lines += b"%b: %b\r\n" % (name, value)
        return other


class MalformedRequest:
    """A request that is refused."""

    __slots__ = ("fault", "head", "message")

    def __init__(self, fault: ProtocolFault, message: str, head: RequestHead | None = None) -> None:
        self.fault = fault
        self.message = message
        self.head = head
        """Its head, if that much could be read."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.fault.status

    @property
    def code(self) -> str:
        """The code that clients and metrics see."""
        return self.fault.code


class ParsedRequestHead(NamedTuple):
    """A newly parsed head; its length belongs to this request alone."""

    head: RequestHead
    length: int | None
    """None without a Content-Length."""


def read(block: bytes, max_lines: int, read_lines: ReadLines) -> ParsedRequestHead | MalformedRequest:
    """Parse a head; `block` ends with the empty line."""
    try:
        fault = _refused(block, block[:16], scout())
    except httptools.HttpParserUpgrade:  # the upgrade is ignored, as RFC 9110 7.8 allows
        fault = None
    if fault is not None:
        return fault
    first, *rest = block[:-4].split(b"\r\n")
    if len(rest) > max_lines:
        message = f"the request has {len(rest)} header lines, more than {max_lines}: send fewer"
        return MalformedRequest(ProtocolFault.TOO_MANY_LINES, message)
    parts = first.split(b" ")
    fault = _first_line(parts)
    if fault is not None:
        return fault
    sorted_lines = read_lines(rest)
    length = sorted_lines.headers.pop(b"content-length", None)
    head = RequestHead(parts[0], parts[1], sorted_lines, http10=VERSIONS[parts[2]])
    fault = _given_twice(head, sorted_lines.twice) or _framing(head, sorted_lines.twice)
    return fault or ParsedRequestHead(head, None if length is None else int(length))


def _first_line(parts: list[bytes]) -> MalformedRequest | None:
    """Check method, target and version."""
    if len(parts) != 3:
        return MalformedRequest(
            ProtocolFault.MALFORMED, "the request line is not `METHOD target HTTP/1.1` with single spaces"
        )
    method, target, version = parts
    if version not in VERSIONS:
        return MalformedRequest(ProtocolFault.UNKNOWN_VERSION, f"{_shown(version)} is not supported: use HTTP/1.1")
    if method == b"CONNECT":
        return MalformedRequest(
            ProtocolFault.UNKNOWN_METHOD, "CONNECT: this server is not a proxy: send the request to its own server"
        )
    if not target.startswith(b"/") and not (target == b"*" and method == b"OPTIONS"):
        return MalformedRequest(
            ProtocolFault.BAD_TARGET,
            f"the target {_shown(target)} is not a path: send the path alone, this server is not a proxy",
        )
    if b"#" in target:
        return MalformedRequest(ProtocolFault.BAD_TARGET, "the target has a fragment (`#`): leave it out")
    return None


class _RequestHeadCheck:
    """Has no callbacks for llhttp: only its errors matter."""

    __slots__ = ()


def scout() -> httptools.HttpRequestParser:
    """Create a parser that only reports errors."""
    return httptools.HttpRequestParser(_RequestHeadCheck())


def refused(piece: bytes, beginning: bytes, parser: httptools.HttpRequestParser) -> MalformedRequest | None:
    """Return the error that llhttp finds in this piece of an unfinished head that starts with `beginning`."""
    try:
        return _refused(piece, beginning, parser)
    except httptools.HttpParserUpgrade:
        return MalformedRequest(
            ProtocolFault.MALFORMED, "the head ends without an empty line: send one after the last header"
        )


def _refused(piece: bytes, beginning: bytes, parser: httptools.HttpRequestParser) -> MalformedRequest | None:
    fault = next(
        (MalformedRequest(fault, message) for first, fault, message in OTHER_PROTOCOLS if beginning.startswith(first)),
        None,
    )
    if fault is not None:
        return fault
    try:
        parser.feed_data(piece)
    except httptools.HttpParserInvalidMethodError:
        return MalformedRequest(ProtocolFault.UNKNOWN_METHOD, "the first word is not a known method: use GET or POST")
    except httptools.HttpParserInvalidURLError as problem:
        return MalformedRequest(ProtocolFault.BAD_TARGET, f"the target is not a path: {problem}")
    except httptools.HttpParserError as problem:
        return _named(str(problem))
    return None


def _named(problem: str) -> MalformedRequest:
    """Map llhttp's messages to faults."""
    if "HTTP version" in problem:
        return MalformedRequest(ProtocolFault.UNKNOWN_VERSION, "this HTTP version is not supported: use HTTP/1.1")
    if "can't be present with" in problem:
        return MalformedRequest(
            ProtocolFault.LENGTH_AND_CHUNKED, "Content-Length and Transfer-Encoding are both given: send one of them"
        )
    if "invalid `Transfer-Encoding`" in problem:
        return _coding()
    if "Content-Length overflow" in problem:
        return MalformedRequest(
            ProtocolFault.BODY_TOO_LARGE, "Content-Length is not the length of any body: send the number of its bytes"
        )
    return MalformedRequest(ProtocolFault.MALFORMED, f"this is not an HTTP/1.1 request: {problem}")


def _given_twice(head: RequestHead, twice: frozenset[bytes]) -> MalformedRequest | None:
    """Refuse two of a header of which servers take the first or the last: by its type a form's model is found."""
    if b"host" in twice:
        return MalformedRequest(ProtocolFault.HOST_TWICE, "Host is given twice: send it once", head)
    if b"content-type" in twice:
        return MalformedRequest(ProtocolFault.TYPE_TWICE, "Content-Type is given twice: send it once", head)
    return None


def _framing(head: RequestHead, twice: frozenset[bytes]) -> MalformedRequest | None:
    """Check the headers that determine the end of the request and its host."""
    if b"host" not in head.headers and not head.http10:
        return MalformedRequest(ProtocolFault.HOST_MISSING, "Host is missing: HTTP/1.1 requires it", head)
    if head.expects and head.headers[b"expect"].lower() != b"100-continue":
        return MalformedRequest(ProtocolFault.UNKNOWN_EXPECTATION, "Expect may only ask for 100-continue", head)
    if not head.chunked:
        return None
    if head.http10:
        return MalformedRequest(
            ProtocolFault.LENGTH_AND_CHUNKED, "HTTP/1.0 has no Transfer-Encoding: send Content-Length", head
        )
    once = b"transfer-encoding" not in twice
    return None if once and head.headers[b"transfer-encoding"].lower() == b"chunked" else _coding(head)


def _coding(head: RequestHead | None = None) -> MalformedRequest:
    return MalformedRequest(
        ProtocolFault.UNKNOWN_CODING,
        "Transfer-Encoding may only be `chunked`: send it once, or send Content-Length",
        head,
    )


def _key(headers: dict[bytes, bytes]) -> bytes | None:
    """Return the bearer token of OpenAI's clients, or the `x-api-key` of Anthropic's."""
    bearer = headers.get(b"authorization", b"")
    if bearer[: len(BEARER)].lower() == BEARER:
        return bearer[len(BEARER) :].strip()
    return headers.get(b"x-api-key")


def _shown(value: bytes) -> str:
    """Return a few bytes of the client's input, safe to print."""
    return repr(value[:60])[2:-1]
