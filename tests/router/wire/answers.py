"""Answers that tests feed to readers, and the results."""

from collections.abc import Sequence

import h11

from fairlead.router.wire.head_cache import HeadCache
from fairlead.router.wire.responses import ReplyFraming, ResponseReader

EVENTS = b'data: {"a":1}\n\ndata: [DONE]\n\n'
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ndate: today\r\nserver: uvicorn\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    b"x-request-id: engine's\r\ntransfer-encoding: chunked\r\n\r\n"
)
CHUNKS = b'f\r\ndata: {"a":1}\n\n\r\n00E;x=y\r\ndata: [DONE]\n\n\r\n0\r\n\r\n'
STREAM = STREAM_HEAD + CHUNKS
SIZED = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 7\r\n\r\n{"a":1}'
UNTIL_CLOSE = b"HTTP/1.0 200 OK\r\ncontent-type: text/plain\r\n\r\nhello"


class Answer:
    """The result of an answer's pieces."""

    def __init__(
        self, pieces: Sequence[bytes], *, framing: ReplyFraming = ReplyFraming.AS_IT_CAME, head_only: bool = False
    ) -> None:
        self.reader = ResponseReader(HeadCache())
        self.reader.begin(framing=framing, head_only=head_only)
        self.passed = b""
        self.payload = b""
        for piece in pieces:
            self.feed(piece)

    def feed(self, piece: bytes) -> None:
        self.passed += self.reader.feed(piece)
        self.payload += self.reader.payload


def dechunked(raw: bytes) -> bytes:
    """Decode as a client's library does, which is not ours; raises when the chunks do not end properly."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "a")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + raw)
    body = b""
    while True:
        event = client.next_event()
        if isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return body
        else:
            assert isinstance(event, h11.Response), event
