"""A cache of parsed heads, so that the next equal head costs one lookup.

Clients on kept connections send the same head again and again except for its length; engines do so within each second.
The parser sees every new head. A cached head is shared by all requests with it: never write to it.
"""

import re
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from fairlead.router.wire import header_lines, request_heads, response_heads
from fairlead.router.wire.header_lines import HeaderLine, HeaderLineCache
from fairlead.router.wire.request_heads import MalformedRequest, ParsedRequestHead, RequestHead
from fairlead.router.wire.response_heads import ParsedResponseHead, ResponseHead

HEADS: Final = 1024
"""Limit of each kind, 4 KiB each at most: 8 MiB. A full cache is cleared, which costs nothing until then and a few µs
per head afterwards."""
REMEMBERED_BYTES: Final = 4 * 2**10
CHANGING_LINES: Final = re.compile(
    rb"\r\n((?i:x-request-id|x-correlation-id|traceparent|tracestate|baggage)):[ \t]*([\t -~\x80-\xff]*)(?=\r\n)"
)
"""Headers that are new in every request, if proxies and traced clients send them: cut out, so that the rest can be
looked up."""
LENGTH: Final = b"\r\nContent-Length: "
LENGTH_LOWER: Final = b"\r\ncontent-length: "
DIGITS: Final = 18
"""More would not fit 64 bits."""

HeadCacheKey = tuple[bytes, bytes]
Kept = TypeVar("Kept")


class BoundedCache(Generic[Kept]):
    """A bounded number of parsed heads by their bytes."""

    __slots__ = ("_most", "kept")

    def __init__(self, most: int) -> None:
        self._most = most
        self.kept: dict[HeadCacheKey, Kept] = {}

    def keep(self, key: HeadCacheKey, thing: Kept) -> None:
        """Keep a head, unless it is too large to be worth it."""
        if len(key[0]) + len(key[1]) > REMEMBERED_BYTES:
            return
        if len(self.kept) >= self._most:
            self.kept.clear()
        self.kept[key] = thing


class HeadCache:
    """One process's cache, shared by its connections."""

    __slots__ = ("_request_lines", "_response_lines", "requests", "responses", "sizes")

    def __init__(self, of_response: Callable[[bytes], HeaderLine] = header_lines.of_response) -> None:
        self.requests: BoundedCache[RequestHead] = BoundedCache(HEADS)
        self.responses: BoundedCache[ResponseHead] = BoundedCache(HEADS)
        self.sizes: dict[bytes, int] = {}
        """Size lines of chunks, of four digits at most."""
        self._request_lines = HeaderLineCache(header_lines.of_request)
        self._response_lines = HeaderLineCache(of_response)

    def request(self, key: HeadCacheKey, block: bytes, max_lines: int) -> ParsedRequestHead | MalformedRequest:
        """Parse a head that is not cached; `block` is all of it, `key` the rest without its length."""
        parts = CHANGING_LINES.split(block)
        if len(parts) == 1:
            return self._new_request(key, block, max_lines)
        plain = b"".join(parts[::3])
        key, length = split_length(plain)
        names, values = parts[1::3], parts[2::3]
        head = self.requests.kept.get(key)
        if head is None or length is None:
            found = self._new_request(key, plain, max_lines - len(names))
            if isinstance(found, MalformedRequest):
                return found
            head, length = found
        return ParsedRequestHead(head.also(names, values), length)

    def _new_request(self, key: HeadCacheKey, block: bytes, max_lines: int) -> ParsedRequestHead | MalformedRequest:
        found = request_heads.read(block, max_lines, self._request_lines.block)
        if isinstance(found, ParsedRequestHead) and _length_was_split(key, found.length):
            self.requests.keep(key, found.head)
        return found

    def response(self, key: HeadCacheKey, block: bytes) -> ParsedResponseHead | str:
        """Parse an engine's head and length in the same way; a string says what is wrong with it."""
        found = response_heads.read(block, self._response_lines.block)
        if not isinstance(found, str) and _length_was_split(key, found.length):
            self.responses.keep(key, found.head)
        return found


def _length_was_split(key: HeadCacheKey, length: int | None) -> bool:
    """Whether the parsed length is the one cut out of the key: a length in another spelling stays in the key, and a
    cached head must not carry it over to another message."""
    return (length is not None) == bool(key[1])


def split_length(block: bytes) -> tuple[HeadCacheKey, int | None]:
    """Split a head from its length, if that has the usual spelling. The second half of the key is empty if there was
    none; the parser handles an invalid number."""
    before, found, after = block.partition(LENGTH)
    if not found:
        before, found, after = block.partition(LENGTH_LOWER)
        if not found:
            return (block, b""), 0
    digits, _, rest = after.partition(b"\r\n")
    return (before, rest), int(digits) if digits.isdigit() and len(digits) <= DIGITS else None
