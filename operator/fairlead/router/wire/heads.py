"""Heads written by the router: for engines, for clients, and whole short responses.

Stored lines include their line ends, so that a head is one join.
"""

from http import HTTPStatus
from typing import Final

from fairlead.router.wire.request_heads import RequestHead
from fairlead.router.wire.response_heads import ResponseHead

CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_CONTENT: Final = HTTPStatus.NO_CONTENT.value
CLOSE: Final = b"connection: close\r\n"
STATUS_LINES: Final = {
    **{code: b"HTTP/1.1 %d \r\n" % code for code in range(200, 600)},
    **{status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus},
}


def upstream(head: RequestHead, host: bytes, length: int, extra: bytes = b"") -> bytes:
    """Build the head for an engine; `extra` is whole lines."""
    return b"%bhost: %b\r\n%b%bcontent-length: %d\r\n\r\n" % (head.start, host, head.lines, extra, length)


def client(head: ResponseHead, framing: bytes, extra: bytes = b"", *, close: bool = False) -> bytes:
    """Build the head for a client before an engine's body; `extra` is whole lines."""
    return b"%b%b%b%b%b\r\n" % (head.start, head.lines, framing, extra, CLOSE if close else b"")


def answer(status: int, content_type: bytes, body: bytes, extra: bytes = b"", *, close: bool = False) -> bytes:
    """Build a whole response of the router's own. RFC 9110 8.6 forbids a length in one with status 204."""
    closing = CLOSE if close else b""
    start = STATUS_LINES[status]
    framing = b"" if status == NO_CONTENT else b"content-type: %b\r\ncontent-length: %d\r\n" % (content_type, len(body))
    return b"%b%b%b%b\r\n%b" % (start, framing, extra, closing, body)
