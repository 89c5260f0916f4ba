"""Answers as bytes for a client who asks no engine: kept ones at once, shared ones as they come.

The body is what the first client saw, byte for byte: its id and time of creation too, since they are the answer's.
Plain answers carry their length. Streams are chunked, as engines send them; an HTTP/1.0 client, who knows no chunks,
gets a length where it is known, and else the end of the connection, which the caller then closes.
"""

from http import HTTPStatus
from typing import Final

from fairlead.router.cache.entries import STREAM, CacheEntry, kept_lines
from fairlead.router.cache.interfaces import AnswerHead

HIT: Final = b"x-fairlead-cache: hit\r\n"
JOINED: Final = b"x-fairlead-cache: joined\r\n"
MISS: Final = b"x-fairlead-cache: miss\r\n"
LAST: Final = b"0\r\n\r\n"
STATUS: Final = {one.value: b"HTTP/1.1 %d %b\r\n" % (one.value, one.phrase.encode()) for one in HTTPStatus}


def hit(entry: CacheEntry, age: int, lines: bytes = b"", *, http10: bool = False) -> bytes:
    """The whole answer. `lines`: what this exchange adds to the head, each with its line end."""
    body = entry.body
    if http10 or not entry.streams:
        framing, framed = b"content-length: %d\r\n\r\n" % len(body), body
    else:
        framing, framed = b"transfer-encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return b"%b%bage: %d\r\n%b%b%b%b" % (STATUS[200], entry.lines, age, HIT, lines, framing, framed)


def head(began: AnswerHead, lines: bytes = b"", *, http10: bool = False) -> bytes:
    """The head of an answer that is followed."""
    told = JOINED if began.age is None else b"age: %d\r\n%b" % (began.age, HIT)
    if not _chunked(began, http10=http10):
        framing = b"" if began.length is None else b"content-length: %d\r\n" % began.length
    else:
        framing = b"transfer-encoding: chunked\r\n"
    return b"%b%b%b%b%b\r\n" % (_status(began.status), kept_lines(began.lines), told, lines, framing)


def piece(began: AnswerHead, data: bytes, *, http10: bool = False) -> bytes:
    """Some of its body."""
    return b"%x\r\n%b\r\n" % (len(data), data) if _chunked(began, http10=http10) else data


def last(began: AnswerHead, *, http10: bool = False) -> bytes:
    """What ends it; nothing where the length or the connection's end does."""
    return LAST if _chunked(began, http10=http10) else b""


def closes(began: AnswerHead, *, http10: bool = False) -> bool:
    """Whether only the connection's end tells the client that this was all."""
    return http10 and began.length is None


def _chunked(began: AnswerHead, *, http10: bool) -> bool:
    """A stream stays chunked when its length happens to be known: a client sees no difference to an engine's."""
    return not http10 and (began.length is None or STREAM in began.lines.lower())


def _status(status: int) -> bytes:
    return STATUS.get(status) or b"HTTP/1.1 %d \r\n" % status
