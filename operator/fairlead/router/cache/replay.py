"""Responses as bytes for a client that needs no engine: stored ones at once, shared ones as they arrive.

The body is what the first client got, byte for byte: its id and creation time too, since they are the response's. Plain
responses have their length. Streams are chunked, as engines send them; an HTTP/1.0 client, which does not know chunks,
gets a length if it is known, and else the end of the connection, which the exchange then closes.
"""

from http import HTTPStatus
from typing import Final

from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.entries import STREAM, CacheEntry, kept_lines

HIT: Final = b"x-fairlead-cache: hit\r\n"
JOINED: Final = b"x-fairlead-cache: joined\r\n"
MISS: Final = b"x-fairlead-cache: miss\r\n"
LAST: Final = b"0\r\n\r\n"
STATUS: Final = {one.value: b"HTTP/1.1 %d %b\r\n" % (one.value, one.phrase.encode()) for one in HTTPStatus}


def hit(entry: CacheEntry, age: int, lines: bytes = b"", *, http10: bool = False) -> bytes:
    """Return the whole response; `lines` are this exchange's own header lines, each with its line end."""
    body = entry.body
    if http10 or not entry.streams:
        framing, framed = b"content-length: %d\r\n\r\n" % len(body), body
    else:
        framing, framed = b"transfer-encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return b"%b%bage: %d\r\n%b%b%b%b" % (STATUS[200], entry.lines, age, HIT, lines, framing, framed)


def head(head: AnswerHead, lines: bytes = b"", *, http10: bool = False) -> bytes:
    """Return the head of a response that is followed."""
    outcome = JOINED if head.age is None else b"age: %d\r\n%b" % (head.age, HIT)
    if not _chunked(head, http10=http10):
        framing = b"" if head.length is None else b"content-length: %d\r\n" % head.length
    else:
        framing = b"transfer-encoding: chunked\r\n"
    return b"%b%b%b%b%b\r\n" % (_status(head.status), kept_lines(head.lines), outcome, lines, framing)


def piece(head: AnswerHead, data: bytes, *, http10: bool = False) -> bytes:
    """Return a piece of its body, framed."""
    return b"%x\r\n%b\r\n" % (len(data), data) if _chunked(head, http10=http10) else data


def last(head: AnswerHead, *, http10: bool = False) -> bytes:
    """Return the last bytes of the framing; empty if the length or the end of the connection ends the body."""
    return LAST if _chunked(head, http10=http10) else b""


def closes(head: AnswerHead, *, http10: bool = False) -> bool:
    """Whether only the end of the connection ends the body."""
    return http10 and head.length is None


def _chunked(head: AnswerHead, *, http10: bool) -> bool:
    """Whether to send chunks. A stream is chunked even if its length is known, as an engine's would be."""
    return not http10 and (head.length is None or STREAM in head.lines.lower())


def _status(status: int) -> bytes:
    return STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status
