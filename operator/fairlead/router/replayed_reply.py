"""A reply written from what the response cache stores, or from what an equal earlier request receives."""

from time import monotonic

from fairlead.router.cache import replay
from fairlead.router.cache.answer_heads import AnswerHead
from fairlead.router.cache.cache import CacheHit
from fairlead.router.cache.entries import STREAM
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from fairlead.router.wire import problems
from fairlead.router.wire.problems import Problem


class ReplayedReply:
    """The reply of one follower, from its head to its end."""

    __slots__ = ("_http10", "_reply", "_request", "_unsent", "head", "keep")

    def __init__(self, request: Request, reply: Reply, head: AnswerHead, *, keep_alive: bool) -> None:
        self._request = request
        self._reply = reply
        self._http10 = request.received.head.http10
        self.head = head
        self.keep = keep_alive and not replay.closes(head, http10=self._http10)
        """Whether its client's connection is kept."""
        reply.begin(head.status)
        if head.age is not None:
            request.record.cache_answered("hit")
        if head.route is not None:
            request.record.replay(head.route.target, head.route.fallback)
            request.reply_headers.show_route(head.route.lines)
            request.reply_headers.show_version(head.route.version_line)
        self._unsent = replay.head(head, header_lines(request, keep=self.keep), http10=self._http10)
        """The head, until the first piece: one write, one packet."""

    def more(self, data: bytes) -> None:
        """Write a piece of the body."""
        record = self._request.record
        if record.first_token_at < 0:
            record.first_token(monotonic())
        self._write(replay.piece(self.head, data, http10=self._http10))

    def end(self) -> None:
        """Write the end of the response."""
        self._write(replay.last(self.head, http10=self._http10))

    def cut(self, problem: Problem) -> bool:
        """End a broken response; whether that went well: a stream gets an error event, any other one ends with its
        connection."""
        self._request.record.cut_by(problem.code)
        last = replay.last(self.head, http10=self._http10)
        if not last or STREAM not in self.head.lines.lower() or self._reply.paused:
            return False
        event = problems.frame(problem, self._request.surface)
        self._write(replay.piece(self.head, event, http10=self._http10) + last)
        return True

    def _write(self, data: bytes) -> None:
        """Write data after the head, if that is still unsent; skip an empty write."""
        whole, self._unsent = self._unsent + data, b""
        if whole:
            self._reply.write(whole)


def write_stored(request: Request, reply: Reply, hit: CacheHit, *, keep: bool) -> None:
    """Write the whole stored response."""
    request.record.cache_answered("hit")
    lines, http10 = header_lines(request, keep=keep), request.received.head.http10
    reply.write(replay.hit(hit.entry, hit.age, lines, http10=http10))


def header_lines(request: Request, *, keep: bool) -> bytes:
    """Return the router's own header lines of such a reply."""
    lines = request.reply_headers.lines
    return lines if keep else lines + b"connection: close\r\n"
