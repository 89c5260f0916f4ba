"""Collects an answer as its bytes pass, to check it; one that is too large is not collected."""

from collections.abc import Callable
from typing import Final, Protocol

from fairlead.router.wire import event_splitter
from fairlead.router.wire.response_heads import ResponseHead
from fairlead.router.wire.responses import ResponseReader
from fairlead.routing.answers import reply_reader
from fairlead.routing.answers.answer import Answer
from fairlead.routing.answers.streamed_answer import StreamedAnswer

LONGEST_EVENT: Final = 2**20
"""Largest event to wait for, in bytes; a longer one makes the answer unreadable."""
DATA: Final = b"data:"


class ReadReply(Protocol):
    """A reply that others besides its client can read."""

    def read_by(self, tap: Callable[[bytes], None]) -> None:
        """Add a reader of its body."""


class AnswerTap:
    """What has passed of one response."""

    __slots__ = ("_pieces", "_rest", "_size", "_streamed")

    def __init__(self, head: ResponseHead) -> None:
        self._pieces: list[bytes] | None = []
        self._size = 0
        self._rest = b""
        self._streamed = StreamedAnswer() if head.streams else None

    def take(self, payload: bytes) -> None:
        """Take the next bytes of the body, split anywhere."""
        if self._pieces is None:
            return
        if self._streamed is not None:
            self._events(self._streamed, payload)
            return
        self._size += len(payload)
        self._pieces.append(payload)
        if self._size > reply_reader.MAX_BYTES:
            self._pieces = None

    def end(self) -> None:
        """End the body. Its last event may lack the blank line after it: most clients take it as complete."""
        if self._rest:
            self.take(event_splitter.GAP)

    def answer(self) -> Answer | None:
        """Return the answer that has passed; None if it was unreadable or too large."""
        if self._pieces is None:
            return None
        return reply_reader.answer_in(b"".join(self._pieces)) if self._streamed is None else self._streamed.answer()

    def text(self) -> str:
        """Return what the model wrote, tool calls included, for people who compare answers."""
        written = ((one.text, *(f"{call.name}({call.arguments})" for call in one.calls)) for one in self.answer() or ())
        return "\n".join(part for parts in written for part in parts if part)

    def _events(self, streamed: StreamedAnswer, payload: bytes) -> None:
        """Read the data of each event. Without one that is too long to hold, the answer would not be whole."""
        *events, self._rest = event_splitter.split(self._rest, payload)
        for event in events:
            for line in event.split(b"\n"):
                if line.startswith(DATA):
                    streamed.add(line[len(DATA) :].strip())
        if len(self._rest) > LONGEST_EVENT:
            self._pieces = None


def reading(reply: ReadReply, reader: ResponseReader) -> AnswerTap | None:
    """Tap a response that begins."""
    if reader.head is None:
        return None
    tap = AnswerTap(reader.head)
    reply.read_by(tap.take)
    return tap
