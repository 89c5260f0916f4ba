"""An engine's head: accepted by llhttp, then checked to have only one meaning about the end of its body."""

import re
from collections.abc import Callable
from typing import Final, NamedTuple

import httptools

from fairlead.router.wire.header_lines import HeaderBlock

ReadLines = Callable[[list[bytes]], HeaderBlock]

MAX_BYTES: Final = 64 * 2**10
"""Engines send about 200; one that sends more than this sends garbage."""
BODILESS: Final = frozenset({204, 304})
EVENT_STREAM: Final = b"text/event-stream"
_START: Final = re.compile(rb"(HTTP/1\.[01]) (([1-9]\d\d)(?: [\t -~]*)?)")


class ResponseHead:
    """One parsed head; shared between responses, so never written to."""

    __slots__ = ("bodiless", "chunked", "keep_alive", "lines", "sized", "start", "status", "streams")

    def __init__(self, start: bytes, status: int, block: HeaderBlock, *, http10: bool) -> None:
        self.start = start
        """The status line as sent to clients."""
        self.status = status
        headers = block.headers
        self.lines = b"".join(block.on + block.credentials)
        """Lines that are passed on unchanged."""
        self.keep_alive = b"keep-alive" in block.connection if http10 else b"close" not in block.connection
        self.chunked = b"transfer-encoding" in headers
        self.sized = b"content-length" in headers
        """Whether it has a length; otherwise it ends with its last chunk, or with the connection."""
        self.streams = headers.get(b"content-type", b"").lower().startswith(EVENT_STREAM)
        """Whether its body is server-sent events."""
        self.bodiless = status in BODILESS
        if not (self.sized or self.chunked or self.bodiless):
            self.keep_alive = False


class ParsedResponseHead(NamedTuple):
    """A newly parsed head; its length belongs to this response alone."""

    head: ResponseHead
    length: int | None
    """None without a Content-Length."""


def read(block: bytes, read_lines: ReadLines) -> ParsedResponseHead | str:
    """Parse a head; a string says what is wrong."""
    try:
        httptools.HttpResponseParser(_ResponseHeadCheck()).feed_data(block)
    except httptools.HttpParserUpgrade:
        return "it switched protocols without being asked to"
    except httptools.HttpParserError as problem:
        return f"no HTTP/1.1 answer: {problem}"
    first, *rest = block[:-4].split(b"\r\n")
    start = _START.fullmatch(first)
    lines = read_lines(rest)
    if start is None:
        return "no HTTP/1.1 answer: its status line"
    version, words, status = start.groups()
    head = ResponseHead(b"HTTP/1.1 " + words + b"\r\n", int(status), lines, http10=version == b"HTTP/1.0")
    length = lines.headers.pop(b"content-length", None)
    coding = lines.headers.get(b"transfer-encoding", b"chunked").lower()
    if coding != b"chunked" or b"transfer-encoding" in lines.twice or (head.chunked and head.sized):
        return "its framing has two meanings: Transfer-Encoding"
    return ParsedResponseHead(head, None if length is None else int(length))


class _ResponseHeadCheck:
    """Has no callbacks for llhttp: only its errors matter."""

    __slots__ = ()
