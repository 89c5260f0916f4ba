"""What the client of one request gets: a whole response, or a head and bytes as they arrive, and the usage found in it.

Counts tokens and finds the usage, for accounts and the access log. Never holds bytes back but those of a usage event
that the client did not request.
"""

from collections.abc import Callable
from time import monotonic
from typing import Final

from fairlead.router.cache.flights import CacheFlight
from fairlead.router.engine_errors import EngineErrorReply
from fairlead.router.reply_clients import DepartedClient, HeldClient, ReplyClient
from fairlead.router.request import Request
from fairlead.router.wire import events, frames, heads, problems, surfaces
from fairlead.router.wire.events import EventScan
from fairlead.router.wire.problems import Problem
from fairlead.router.wire.responses import CHUNKED_LINE, ResponseReader
from fairlead.routing.expectations import TokenExpectations
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.refusal import TokenUsage

ENGINE_ERROR: Final = "engine_error"
"""An engine's error event inside a stream that began well: the response ended properly and still counts as cut."""
KEPT_BYTES: Final = 2**20
"""Limit of a response that is parsed for its usage; a longer one is only passed on."""


class Reply:
    """The reply to one request; nothing else writes to its client."""

    __slots__ = (
        *("_chunked", "_client", "_edits", "_flight", "_held", "_pieces", "_reader", "_request", "_size", "_tap"),
        *("bytes_out", "keep", "scan", "status"),
    )
    _chunked: bool
    _edits: bool
    _flight: CacheFlight | None
    _pieces: list[bytes] | None
    """The body of a response that is no stream, as long as it is short enough to be parsed."""
    _reader: ResponseReader
    _size: int

    def __init__(self, client: ReplyClient, request: Request) -> None:
        self._client = client
        self._request = request
        self._held: HeldClient | None = None
        """In place of the client, while the answer is judged."""
        self._tap: Callable[[bytes], None] | None = None
        """Gets the body as the engine sends it, too."""
        self.scan: EventScan | None = None
        self.bytes_out = 0
        self.status = 0
        """Zero until a response begins that comes in pieces."""
        self.keep = False
        """The connection can be kept once an engine's response is whole."""

    @property
    def begun(self) -> bool:
        """The client has got the head of a response, so no other one can follow."""
        return self.status != 0 and self._held is None

    @property
    def is_held(self) -> bool:
        """The client gets nothing of it yet."""
        return self._held is not None

    @property
    def paused(self) -> bool:
        """The client does not read what was written."""
        return self._client.paused

    @property
    def deltas(self) -> int:
        """Events with text that came of it so far; none where it is no stream."""
        return 0 if self.scan is None else self.scan.deltas

    # A whole response

    def refuse(self, problem: Problem, *, keep: bool) -> None:
        """Write an error of the router's own."""
        request = self._request
        shape = surfaces.shape(request.received.head.path)
        self.write(problems.answer(problem, shape, request.reply_lines, close=not keep))

    def pass_on(self, error: EngineErrorReply, *, keep: bool) -> None:
        """Write an engine's error unchanged."""
        self.write(error.answer(self._request.reply_lines, close=not keep))

    # A response that is judged

    def judge(self, tap: Callable[[bytes], None] | None, *, held: bool) -> None:
        """Before a response begins: who else gets its body, and whether its client gets it only by `release`."""
        self._tap = tap
        if held:
            self._client = self._held = HeldClient(self._client, self.release)

    def read_by(self, tap: Callable[[bytes], None]) -> None:
        """Before a response begins, and after `judge`: who else gets its body, too."""
        judge = self._tap
        if judge is None:
            self._tap = tap
            return

        def both(payload: bytes) -> None:
            judge(payload)
            tap(payload)

        self._tap = both

    def release(self) -> None:
        """Give the client what was held, and pass on what follows."""
        held, self._held = self._held, None
        if held is not None:
            self._client = held.client
            if self.scan is not None:
                self._request.record.first_token_at = monotonic()
            self._client.write(held.data)

    def drop(self) -> bytes:
        """Forget a response that was held, so that another one may begin; it is returned."""
        held, self._held, self._tap = self._held, None, None
        if held is None:
            return b""
        self._client = held.client
        self.status = self.bytes_out = 0
        self.scan = None
        return held.data

    # A response in pieces

    def begin(self, status: int) -> None:
        """The head of another request's response is about to be written, and its pieces by `write`."""
        self.status = status

    def write(self, data: bytes) -> None:
        """Write bytes of a response that is framed already."""
        self.bytes_out += len(data)
        self._client.write(data)

    def open(self, reader: ResponseReader, data: bytes, flight: CacheFlight | None, *, keep: bool) -> None:
        """Write the head and the first bytes of an engine's response at once, and pass on what follows by `more`.

        Without a length or chunks the connection's end is the end. Followers in the response cache read it, too.
        """
        request, head, framing = self._request, reader.head, reader.framing
        assert head is not None
        self._reader = reader
        self._flight = flight
        self._edits = request.edits
        self._pieces = None
        self._size = 0
        self.scan = None
        if head.streams:
            self.scan = EventScan(request.surface)
        else:
            self._pieces = []
        self._chunked = framing is CHUNKED_LINE
        self.status = head.status
        self.keep = keep and framing != b""
        body = self._passed(data)
        written = heads.client(head, framing, request.reply_lines, close=not self.keep) + body
        self.bytes_out = len(written)
        self._client.write(written)

    def more(self, data: bytes) -> None:
        """The next bytes. A running stream's are passed on right here: three calls less for each chunk of it."""
        scan, reader = self.scan, self._reader
        if scan is None or reader.done or self._flight is not None or self._tap is not None:
            data = self._passed(data)
        elif not self._edits:
            scan.take(reader.payload)
        else:
            edited = scan.edited(reader.payload)
            # One whole chunk from which nothing was removed is passed on unchanged.
            if not data or edited is not reader.payload:
                data = b"%x\r\n%b\r\n" % (len(edited), edited) if edited and self._chunked else edited
        if data:
            self.bytes_out += len(data)
            self._client.write(data)

    def _passed(self, data: bytes) -> bytes:
        """The bytes for the client, after they were scanned."""
        scan, payload = self.scan, self._reader.payload
        if self._tap is not None:
            self._tap(payload)
        if scan is None:
            self._keep()
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
        """The bytes in the router's own chunks; a response with a length has none."""
        if not self._chunked:
            return payload
        return frames.chunk(payload) + frames.LAST if self._reader.done else frames.chunk(payload)

    def _keep(self) -> None:
        if self._pieces is not None:
            self._size += len(self._reader.payload)
            self._pieces.append(self._reader.payload)
            if self._size > KEPT_BYTES:
                self._pieces = None

    def ending(self) -> AttemptEnding:
        """The ending of an engine's complete response: a stream with an error event counts as cut."""
        if self.scan is None or not self.scan.error:
            return AttemptEnding.DONE
        record = self._request.record
        record.cut, record.reason = True, ENGINE_ERROR
        return AttemptEnding.CUT

    def usage(self) -> TokenUsage | None:
        """The tokens of an engine's response by its own count; the record gets them, too."""
        record, (usage, finish) = self._request.record, self._summary()
        if finish is not None:
            record.finish_reason = finish
        if usage is not None:
            record.prompt_tokens, record.output_tokens = usage.prompt_tokens, usage.output_tokens
            if usage.cached_tokens is not None:
                record.cached_tokens = usage.cached_tokens
        return usage

    def counted_usage(self, expectations: TokenExpectations) -> TokenUsage | None:
        """The engine's usage, from which the expectations learn; for a stream without it, the number of its events."""
        request, usage = self._request, self.usage()
        if usage is not None:
            expectations.measured(request.text_bytes, usage.prompt_tokens)
        elif self.scan is not None and self.scan.deltas:
            usage = TokenUsage(prompt_tokens=request.routing.prompt_tokens, output_tokens=self.scan.deltas)
        return usage

    def _summary(self) -> tuple[TokenUsage | None, str | None]:
        """Usage and finish reason that an engine's response contained."""
        scan = self.scan
        if scan is not None:
            return scan.usage, scan.finish_reason
        if not self._pieces:
            return None, None
        body = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        found = events.answer_summary(self._request.surface, body)
        return found.usage, found.finish_reason

    def cut(self, problem: Problem) -> bool:
        """End an engine's response so that it is recognizably incomplete; whether it ended with an error frame.

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
        """All of it is written."""
        self._client.answered(keep=keep)

    def break_off(self) -> None:
        """It ends here and with its connection."""
        self._client.break_off()

    def abort(self) -> None:
        """Disconnect the client."""
        self._client.abort()

    def close(self, status: int) -> None:
        """The request is over: its record says what went out."""
        record = self._request.record
        record.status, record.bytes_out = status, self.bytes_out
        if self.scan is not None:
            record.deltas = self.scan.deltas

    def detach(self) -> None:
        """The client has disconnected, and the response goes on for others."""
        self._client = DepartedClient()
