"""Listeners of the engine for one request: a stream that writes tokens as they come, or a plain response that waits.

No task is woken for a token: the engine's step calls the stream, which writes to the connection at once.
"""

import asyncio
from typing import Final

from fairlead.emulator.surface import errors
from fairlead.emulator.surface.errors import ErrorResponse
from fairlead.emulator.surface.jobs import JobEnding, JobHandle
from fairlead.emulator.surface.response_writers import StreamingResponseWriter

MAX_UNSENT: Final = 256 * 1024
"""Bytes of one response that may wait for a slow client; above this, tokens are held back and sent in fewer, larger
chunks, as vLLM merges what its own queue holds. Four times what the kernel buffers before the client reads."""


class ConnectionCut(Exception):
    """The connection must be dropped at once."""


class ResponseProgress:
    """Tracks how many tokens of each choice are emitted, with a future for the end."""

    def __init__(self, count: int) -> None:
        self.outs = [0] * count
        self.finishes = [""] * count
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._left = count

    def on_tokens(self, index: int, count: int, finish: str | None) -> None:
        """Count the tokens."""
        self.outs[index] += count
        if finish is not None:
            self._finished(index, finish)

    def on_end(self, ending: JobEnding) -> None:
        """Finish the unfinished choices on an abort; any other ending fails the request."""
        if self.done.done():
            return
        match ending:
            case JobEnding.ABORTED:
                self._abort()
            case JobEnding.CUT:
                self.done.set_exception(ConnectionCut())
            case JobEnding.DEAD:
                self.done.set_exception(errors.dead())

    def _abort(self) -> None:
        for index, finish in enumerate(self.finishes):
            if not finish:
                self.on_tokens(index, 0, "abort")

    def _finished(self, index: int, finish: str) -> None:
        self.finishes[index] = finish
        self._left -= 1
        if self._left == 0 and not self.done.done():
            self.done.set_result(None)


class ResponseStream(ResponseProgress):
    """Writes chunks to the connection; if `framed`, with HTTP/1.1's chunked encoding, which is done here."""

    def __init__(
        self, writer: StreamingResponseWriter, count: int, transport: asyncio.Transport, *, framed: bool
    ) -> None:
        super().__init__(count)
        self.writer = writer
        self._transport = transport
        self._framed = framed
        self._sent = [0] * count
        self._opened = False

    def on_tokens(self, index: int, count: int, finish: str | None) -> None:
        """Write the tokens; unless they are the last, hold them back while too many bytes wait for the client."""
        out = self.outs[index] = self.outs[index] + count
        if finish is not None or self._transport.get_write_buffer_size() < MAX_UNSENT:
            opening = b"" if self._opened else self.writer.opening()
            piece = self.writer.piece(index, self._sent[index], out, finish)
            self._sent[index] = out
            self._opened = True
            self.write(opening + piece)
        if finish is not None:
            self._finished(index, finish)

    def write(self, piece: bytes) -> None:
        """Write to the connection if it is still open."""
        if not piece or self._transport.is_closing():
            return
        self._transport.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._framed else piece)

    def close(self, job: JobHandle) -> None:
        """End a stream that succeeded."""
        self.write(self.writer.closing(self.outs, job))

    def fail(self, error: ErrorResponse) -> None:
        """End a stream that failed: its headers have been sent, so the error is an event."""
        self.write(self.writer.broken(error))
