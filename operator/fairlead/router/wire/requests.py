"""Reads requests from a client's bytes, however they are split.

The common request arrives in one read, and its head was seen before: a lookup and a slice. Everything else takes the
slow paths below. Requests are read one at a time: bytes that follow before the response are dropped, and the connection
ends with the response (pipelining; no common client uses it, and it would need a queue here).
"""

from enum import Enum, auto
from typing import Final

import httptools

from fairlead.router.wire import request_heads
from fairlead.router.wire.chunked_body import ChunkedBody, too_large
from fairlead.router.wire.head_cache import HeadCache, split_length
from fairlead.router.wire.limits import RequestLimits
from fairlead.router.wire.protocol_faults import ProtocolFault
from fairlead.router.wire.request_heads import MalformedRequest, RequestHead
from fairlead.router.wire.unfinished_bodies import SenderShare, UnfinishedBodies, too_many

END: Final = b"\r\n\r\n"
AROUND_TARGET: Final = 32
"""What else a request line contains, at most: a method, a version and spaces."""


class RequestReadStage(Enum):
    """The part of a request that is being read; each has its own time limit."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    WHOLE = auto()


IDLE: Final = RequestReadStage.IDLE
HEAD: Final = RequestReadStage.HEAD
BODY: Final = RequestReadStage.BODY
WHOLE: Final = RequestReadStage.WHOLE


class ClientRequest:
    """One request with its head; its body is set when it is complete."""

    __slots__ = ("body", "expects", "head", "keep_alive", "whole")

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self.body = b""
        self.whole = False
        self.keep_alive = head.keep_alive
        """Whether the client's connection may be kept; never while its body arrives."""
        self.expects = False

    def drop_body(self) -> None:
        """Forget the body, which nothing needs any more: its reply may stream for an hour."""
        self.body = b""


class RequestReader:
    """The reader of one client connection."""

    __slots__ = (
        *("_bodies", "_body", "_chunks", "_held", "_left", "_heads", "_refusal", "_request", "_scout"),
        *("held", "limits", "share", "stage", "surplus"),
    )

    def __init__(self, limits: RequestLimits, heads: HeadCache, bodies: UnfinishedBodies | None = None) -> None:
        self.limits = limits
        self._heads = heads
        self._bodies = bodies or UnfinishedBodies()
        self.held = 0
        """Bytes of its body that are among `_bodies`."""
        self.share: SenderShare | None = None
        self._refusal: MalformedRequest | None = None
        """Answers the next bytes of a body that was given up."""
        self._request: ClientRequest | None = None
        self._chunks: ChunkedBody | None = None
        self._body = bytearray()
        """The part of a body that has arrived: one buffer, since a client may send single bytes."""
        self._left = 0
        """Bytes of the body still to come."""
        self._held = bytearray()
        """An incomplete head."""
        self._scout: httptools.HttpRequestParser | None = None
        """Parses such a head as it arrives, so that garbage is answered before a time limit expires."""
        self.stage = IDLE
        self.surplus = False
        """Whether bytes beyond the request arrived, which were dropped."""

    def limit(self, limits: RequestLimits) -> None:
        """Limit its requests from now on: a kept connection may live for days."""
        self.limits = limits

    def reset(self) -> None:
        """Prepare for the next request; the previous one is complete and answered."""
        self.stage = IDLE
        self._request = None
        self._chunks = None

    def drop(self) -> None:
        """Forget what has arrived of a body: the connection ends before the rest."""
        self._bodies.end(self)
        self._body.clear()
        self._chunks = None

    def give_up(self) -> None:
        """Make room for others' bodies; the client is told with its next bytes."""
        self._refusal = self._too_many()
        self.drop()

    def feed(self, data: bytes) -> ClientRequest | MalformedRequest | None:
        """Return the request once its head is complete and again once its body is; None while more is needed."""
        if self.stage is not IDLE:
            return self._continued(data)
        end = data.find(END)
        if end < 0:
            return self._part_of_head(data)
        return self._headed(data, end + 4)

    def _headed(self, data: bytes, end: int) -> ClientRequest | MalformedRequest | None:
        """Handle a complete head: usually seen before, except for its length."""
        if end > self.limits.head_bytes:
            return self._head_too_large(data)
        key, length = split_length(data[:end])
        head = self._heads.requests.kept.get(key)
        if head is None or length is None:
            return self._new(key, data, end)
        return self._begun(head, length, data, end)

    def _begun(self, head: RequestHead, length: int, data: bytes, end: int) -> ClientRequest | MalformedRequest:
        """Begin a request with the part of its body that has arrived."""
        if length > self.limits.body_bytes:
            return MalformedRequest(ProtocolFault.BODY_TOO_LARGE, too_large(self.limits.body_bytes), head)
        self._request = request = ClientRequest(head)
        have = len(data) - end
        if have == length and not head.chunked:
            request.body = data[end:]
            request.whole = True
            self.stage = WHOLE
            return request
        if head.chunked:
            self._chunks = ChunkedBody(self.limits.body_bytes)
            return self._more_chunks(self._chunks, data[end:]) or self._waiting(request, have)
        if have > length:
            self._completed(request, data[end : end + length], surplus=True)
            return request
        self._body += memoryview(data)[end:]
        self._left = length - have
        return self._hold(have) or self._waiting(request, have)

    def _waiting(self, request: ClientRequest, have: int) -> ClientRequest:
        """Return the request with its head alone: it may be refused by its path or length, or need `100 Continue`."""
        self.stage = BODY
        request.keep_alive = False
        request.expects = request.head.expects and have == 0
        return request

    def _hold(self, size: int) -> MalformedRequest | None:
        """Count bytes of a body that is not complete; return a refusal if there are too many at all connections."""
        assert self._request is not None
        return self._too_many() if self._bodies.add(self, self._request.head, size, self.limits) else None

    def _too_many(self) -> MalformedRequest:
        head = None if self._request is None else self._request.head
        return MalformedRequest(ProtocolFault.TOO_MANY_BODIES, too_many(self._bodies.bytes), head)

    def _completed(self, request: ClientRequest, body: bytes, *, surplus: bool) -> None:
        if self.share is not None:
            self._bodies.end(self)
        self.stage = WHOLE
        request.keep_alive = request.head.keep_alive
        request.body = body
        request.whole = True
        request.expects = False
        if surplus:
            self._drop(request)

    def _drop(self, request: ClientRequest) -> None:
        self.surplus = True
        request.keep_alive = False

    def _continued(self, data: bytes) -> ClientRequest | MalformedRequest | None:
        """Handle bytes that are not the first of a request."""
        request = self._request
        if self.stage is HEAD or request is None:
            return self._part_of_head(data)
        if self.stage is WHOLE:
            self._drop(request)
            return None
        if self._refusal is not None:
            return self._refusal
        if self._chunks is not None:
            return self._more_chunks(self._chunks, data)
        surplus = len(data) > self._left
        self._body += data[: self._left] if surplus else data
        self._left -= len(data)
        if self._left > 0:
            return self._hold(len(data))
        body = bytes(self._body)
        self._body.clear()
        self._completed(request, body, surplus=surplus)
        return request

    def _more_chunks(self, chunks: ChunkedBody, data: bytes) -> ClientRequest | MalformedRequest | None:
        request = self._request
        assert request is not None
        bad = chunks.feed(data)
        if bad is not None:
            bad.head = request.head
            return bad
        if not chunks.done:
            return self._hold(len(data))
        self._completed(request, chunks.body, surplus=chunks.surplus)
        return request

    def _new(self, key: tuple[bytes, bytes], data: bytes, end: int) -> ClientRequest | MalformedRequest | None:
        """Parse a head that is not cached."""
        if data[0] in b"\r\n":
            return self.feed(data.lstrip(b"\r\n"))
        _, _, after_method = data[:end].partition(b" ")
        if len(after_method.partition(b" ")[0]) > self.limits.target_bytes:
            return self._head_too_large(data)
        found = self._heads.request(key, data[:end], self.limits.head_lines)
        if isinstance(found, MalformedRequest):
            return found
        return self._begun(found.head, found.length or 0, data, end)

    def _part_of_head(self, data: bytes) -> ClientRequest | MalformedRequest | None:
        """Hold the pieces of a head until its end arrives, and check them meanwhile."""
        held, scout = self._held, self._scout
        if scout is None:
            data = data.lstrip(b"\r\n")
            if not data:
                return None
            self.stage = HEAD
            self._scout = scout = request_heads.scout()
        searched = max(0, len(held) - 3)
        held += data
        end = held.find(END, searched)
        if end >= 0:
            whole = bytes(held)
            held.clear()
            self._scout = None
            self.stage = IDLE
            return self._headed(whole, end + 4)
        line = held.find(b"\r\n")
        longest = self.limits.target_bytes + AROUND_TARGET
        if len(held) > self.limits.head_bytes or (len(held) if line < 0 else line) > longest:
            return self._head_too_large(bytes(held))
        return request_heads.refused(data, bytes(held[:16]), scout)

    def _head_too_large(self, data: bytes) -> MalformedRequest:
        limits = self.limits
        if len(data.partition(b"\r\n")[0]) > limits.target_bytes:
            message = f"the request's target is over {limits.target_bytes} bytes: send what is long in the body"
            return MalformedRequest(ProtocolFault.TARGET_TOO_LONG, message)
        return MalformedRequest(
            ProtocolFault.HEAD_TOO_LARGE, f"the request's headers are over {limits.head_bytes} bytes: send fewer"
        )
