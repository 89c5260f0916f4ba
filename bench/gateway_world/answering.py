"""An engine, or an external API, in this process: a function answers each request, and sees when its client is gone."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, cast

HOST: Final = "127.0.0.31"
HEAD: Final = b"HTTP/1.1 %d OK\r\ncontent-type: %b\r\n%b\r\n"
STREAM: Final = HEAD % (200, b"text/event-stream", b"transfer-encoding: chunked\r\n")
PROBE: Final = b'{"usage": {"completion_tokens": 1}}'
Json = dict[str, Any]
Answer = Callable[[Json, "EngineSide"], Awaitable[None]]
"""Handles one request, given its body; cancelled when its client is gone."""


class EngineSide(asyncio.Protocol):
    """One kept connection from a router, and how to write to it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._received = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transport does not inherit from it

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the answer."""
        del exc
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Start answering one request: routers send the next one only after its answer."""
        self._received += data
        head, end, rest = self._received.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        if not end or len(rest) < length:
            return
        self._received = rest[length:]
        body = rest[:length]
        if head.startswith(b"GET"):
            self.whole(b"{}", 404)
        elif b'"ping"' in body:
            self.whole(PROBE)
        else:
            self._task = asyncio.get_running_loop().create_task(self._answered(json.loads(body)))

    async def _answered(self, document: Json) -> None:
        await self._answer(document, self)

    def whole(self, body: bytes, status: int = 200) -> None:
        """Send a whole answer."""
        length = b"content-length: %d\r\n" % len(body)
        self._transport.write(HEAD % (status, b"application/json", length) + body)

    def begin_stream(self) -> None:
        """Send the head of a stream."""
        self._transport.write(STREAM)

    def event(self, payload: bytes) -> None:
        """Send one event of the stream."""
        line = b"data: %b\n\n" % payload
        self._transport.write(b"%x\r\n%b\r\n" % (len(line), line))

    def end_stream(self) -> None:
        """Send the last event and end the stream."""
        self.event(b"[DONE]")
        self._transport.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Abort, as an engine that crashes."""
        self._transport.abort()


@asynccontextmanager
async def answering(answer: Answer, host: str = HOST) -> AsyncIterator[str]:
    """Serve until the block ends; yield the address."""
    server = await asyncio.get_running_loop().create_server(lambda: EngineSide(answer), host, 0, backlog=1024)
    try:
        yield f"{host}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def chat_answer(text: str, prompt_tokens: int, output_tokens: int, **choice: Any) -> bytes:  # noqa: ANN401 - any JSON
    """A whole answer of the chat API."""
    made = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"} | choice
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": output_tokens}
    return json.dumps({"object": "chat.completion", "choices": [made], "usage": usage}).encode()
