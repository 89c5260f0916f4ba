"""What the client of one request gets: a whole response, or a head and bytes as they arrive, with usage found in it.

Counts tokens and finds the usage, for accounts and the access log. Holds back no bytes except those of a usage event
that the client did not request.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from msgspec import structs

from fairlead.engines.http_api import HttpApi
from fairlead.router import early_streams, reply_clients
from fairlead.router.cache.flights import CacheFlight
from fairlead.router.early_streams import EarlyStream
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.reply_clients import DepartedClient, HeldClient, ReplyClient
from fairlead.router.request import Request
from fairlead.router.wire import frames, heads, problems, surfaces
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import CHUNKED_LINE, ResponseReader
from fairlead.router.wire.whole_responses import WholeResponse
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage

ENGINE_ERROR: Final = "engine_error"
"""An engine's error event in a stream that began well: the response ended properly but still counts as cut."""


class Reply:
    """The reply to one request; nothing else writes to its client."""

    __slots__ = (
        *("_chunked", "_client", "_early", "_edits", "_explanation", "_flight", "_held", "_reader", "_request"),
        *("_tap", "_whole", "bytes_out", "keep", "scan", "status"),
    )
    _chunked: bool
    _edits: bool
    _flight: CacheFlight | None
    _reader: ResponseReader
    _whole: WholeResponse
    """Reads a response that is not a stream."""

    def __init__(self, client: ReplyClient, request: Request) -> None:
        self._client = client
        self._request = request
        self._held: HeldClient | None = None
        """Replaces the client while the answer is judged; the next, while it waits for its stream."""
        self._early: EarlyStream | None = None
        self._tap: Callable[[bytes], None] | None = None
        """Also gets the body as the engine sends it."""
        self._explanation = b""
        """Header lines that only an engine's response gets."""
        self.scan: EventScan | None = None
        self.bytes_out = 0
        self.status = 0
        """Zero until a response in pieces begins."""
        self.keep = False
        """The connection can be kept once an engine's response is complete."""

    @property
    def begun(self) -> bool:
        """Whether the client got the head of a response, so that no other one can follow."""
        return self.status != 0 and self._held is None

    @property
    def is_held(self) -> bool:
        """Whether the client gets nothing of it yet."""
        return self._held is not None

    @property
    def paused(self) -> bool:
        """Whether the client is not reading what was written."""
        return self._client.paused

    @property
    def delayed(self) -> bool:
        """Whether it waits for its client, who has a limit of its own: its engine is paused, and not at fault."""
        return self.paused and self.begun

    def has_end(self) -> bool:
        """Whether a stream that is over says how it ended."""
        return self.scan is None or self.scan.has_end()

    @property
    def deltas(self) -> int:
        """Number of events with text so far; zero if it is not a stream."""
        return 0 if self.scan is None else self.scan.deltas

    # A whole response

    def refuse(self, problem: Problem, *, keep: bool) -> None:
        """Write one of the router's own errors."""
        shape = surfaces.shape(self._request.received.head.path)
        self.write(problems.answer(problem, shape, self._request.reply_headers.lines, close=not keep))

    def pass_on(self, error: EngineErrorReply, *, keep: bool) -> None:
        """Write an engine's error unchanged."""
        self.write(error.answer(self._request.reply_headers.lines, close=not keep))

    def send_keep_alive(self, now: float, seconds: float) -> None:
        """Keep the connection of a client that has waited so long for its stream, and again after each such time."""
        held = self._held
        if self._early is not None and not self.begun:
            self._early.comment(now, seconds)
        elif not self.begun and early_streams.is_due(self._request, now, seconds):
            early = self._early = EarlyStream(self._client if held is None else held.client, self._request, now)
            if held is None:
                self._client = early
            else:
                held.write_to(early)

    # A response that is judged

    def judge(self, tap: Callable[[bytes], None] | None, *, held: bool) -> None:
        """Set, before a response begins, who else gets its body, and whether the client must wait for `release`."""
        self._tap = tap
        if held:
            self._client = self._held = HeldClient(self._client, self.release)

    def read_by(self, tap: Callable[[bytes], None]) -> None:
        """Add another reader of the body, after `judge` and before a response begins."""
        self._tap = reply_clients.both(self._tap, tap)

    def release(self) -> None:
        """Give the client what was held, and pass on what follows."""
        held, self._held = self._held, None
        if held is not None:
            self._client = held.client
            if self.scan is not None:
                self._request.record.first_token(monotonic())
            self._client.write(held.data)

    def drop(self) -> bytes:
        """Discard and return a held response, so that another one may begin."""
        held, self._held, self._tap = self._held, None, None
        if held is None:
            return b""
        self._client = held.client
        self.status = self.bytes_out = 0
        self.scan = None
        return held.data

    # A response in pieces

    def explain(self, lines: bytes) -> None:
        """Add header lines to the engine's response that begins now."""
        self._explanation = lines

    def begin(self, status: int) -> None:
        """Begin another request's response, which is written by `write`."""
        self.status = status

    def write(self, data: bytes) -> None:
        """Write bytes of a response that is already framed."""
        self.bytes_out += len(data)
        self._client.write(data)

    def open(
        self, api: HttpApi, reader: ResponseReader, data: bytes, flight: CacheFlight | None, *, keep: bool
    ) -> None:
        """Write the head and first bytes of an engine's response at once; `more` passes on what follows.

        Without a length or chunks the response ends with the connection. Followers in the response cache read it, too.
        """
        request, head, framing = self._request, reader.head, reader.framing
        assert head is not None
        self._reader, self._flight, self._edits = reader, flight, request.edits
        self._whole = WholeResponse()
        self.scan = EventScan(request.surface, by_prompt=api.usage_by_prompt) if head.streams else None
        if head.streams and self._edits and request.received.head.http10:
            framing = b""  # a length, if the engine gave one, is that of the unedited stream
        self._chunked = framing is CHUNKED_LINE
        self.status, self.keep = head.status, keep and framing != b""
        body = self._passed(data)
        lines = request.reply_headers.lines + self._explanation
        written = heads.client(head, framing, lines, close=not self.keep) + body
        self.bytes_out = len(written)
        self._client.write(written)
        if self._early is not None and self._early.passes:
            self._client = self._early.client

    def more(self, data: bytes) -> None:
        """Pass on the next bytes. A running stream takes the short path: three calls fewer per chunk."""
        scan, reader = self.scan, self._reader
        if scan is None or reader.done or self._flight is not None or self._tap is not None:
            data = self._passed(data)
        elif not self._edits:
            scan.take(reader.payload)
        else:
            edited = scan.edited(reader.payload)
            # A whole chunk from which nothing was removed is passed on unchanged.
            if not data or edited is not reader.payload:
                data = b"%x\r\n%b\r\n" % (len(edited), edited) if edited and self._chunked else edited
        if data:
            self.bytes_out += len(data)
            self._client.write(data)

    def _passed(self, data: bytes) -> bytes:
        """Scan the bytes and return those for the client."""
        scan, payload = self.scan, self._reader.payload
        if self._tap is not None:
            self._tap(payload)
        if scan is None:
            self._whole.take(payload)
        elif self._edits:
            payload = scan.edited(payload)
            if self._reader.done:
                payload += scan.rest()
        else:
            scan.take(payload)
        if self._flight is not None:
            self._flight.more(payload)
        return self._framed(payload) if self._edits else data

    def _framed(self, payload: bytes) -> bytes:
        """Frame the bytes in the router's own chunks; a response with a length has none."""
        if not self._chunked:
            return payload
        return frames.chunk(payload) + frames.LAST if self._reader.done else frames.chunk(payload)

    def ending(self) -> AttemptEnding:
        """Return how an engine's complete response ended: a stream with an error event counts as cut."""
        if self.scan is None or not self.scan.error:
            return AttemptEnding.DONE
        self._request.record.cut_by(ENGINE_ERROR)
        return AttemptEnding.CUT

    def usage(self) -> TokenUsage | None:
        """Return the tokens of an engine's response by its own count, and record them."""
        usage, finish_reason = self._summary()
        self._request.record.use(usage, finish_reason)
        return usage

    def counted_usage(self, expectations: TokenExpectations) -> TokenUsage | None:
        """Return the engine's usage and learn from it; for a stream without usage, count its events."""
        request, usage = self._request, self.usage()
        if usage is not None:
            expectations.measured(request.routing.account.name, request.measured_bytes, usage.prompt_tokens)
        return usage or self.seen()

    def seen(self) -> TokenUsage | None:
        """Return the tokens of a stream so far, by its events if the engine has not counted them yet; None before its
        first, and for any other response."""
        scan = self.scan
        if scan is None or not scan.deltas:
            return None
        if scan.usage is None:
            return TokenUsage(prompt_tokens=self._request.routing.prompt_tokens, output_tokens=scan.deltas)
        return structs.replace(scan.usage, output_tokens=max(scan.usage.output_tokens, scan.deltas))

    def _summary(self) -> tuple[TokenUsage | None, str | None]:
        """Return the usage and finish reason in an engine's response."""
        scan = self.scan
        if scan is not None:
            return scan.usage, scan.finish_reason
        found = self._whole.summary(self._request.surface)
        return found.usage, found.finish_reason

    def cut(self, problem: Problem) -> bool:
        """End an engine's response recognizably incomplete; returns whether it ended with an error frame.

        A client that does not read gets none.
        """
        last = None
        if self.scan is not None and not self._client.paused:
            last = self._reader.cut(problems.frame(problem, self._request.surface))
        if last is None:
            self._client.abort()
            return False
        self.write(last)
        return True

    # The end

    def finish(self, *, keep: bool) -> None:
        """Finish: everything is written."""
        self._client.answered(keep=keep)

    def break_off(self) -> None:
        """End the response here, with its connection."""
        self._client.break_off()

    def abort(self) -> None:
        """Disconnect the client."""
        self._client.abort()

    def close(self, status: int) -> None:
        """Record the status and bytes sent: the request is over."""
        self._request.record.reply(status, self.bytes_out, self.deltas)

    def detach(self) -> None:
        """Detach the disconnected client; the response goes on for others."""
        self._client, self._early = DepartedClient(), None
