"""An engine that answers as the body instructs, and records when a client disconnects.

Run as a program: `python -m bench.router_world.engine HOST PORT`. It serves in a child process, so that a killed one is
back without the third of a second of CPU that a new program would take from what is measured. Times are of the
machine's steady clock, which all its processes share.
"""

import asyncio
import gc
import json
import os
import sys
import time
from time import monotonic
from typing import Any, Final, cast

import uvloop

HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\n%b\r\n"
STREAM: Final = HEAD % (b"text/event-stream; charset=utf-8", b"transfer-encoding: chunked\r\n")
EVENT: Final = (
    b'data: {"id":"c","object":"text_completion","created":1,"model":"chat",'
    b'"choices":[{"index":0,"text":"word ","logprobs":null,"finish_reason":null}]}\n\n'
)
DONE: Final = b"data: [DONE]\n\n"
GARBAGE: Final = b"\x00\xff this is no answer that anybody speaks \r\n\r\n" * 8
MAX_NOTED: Final = 400_000


class Engine:
    """State shared by all connections."""

    def __init__(self) -> None:
        self.hung_up: dict[str, float] = {}
        """Request ids, with the time when the connection was seen to be gone during the answer."""
        self.running = 0

    async def serve(self, host: str, port: int) -> None:
        """Serve until killed."""
        server = await asyncio.get_running_loop().create_server(lambda: Connection(self), host, port, backlog=4096)
        print("ready", flush=True)
        await server.serve_forever()


class Connection(asyncio.Protocol):
    """Handles one request after the other."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held = b""
        self._task: asyncio.Task[None] | None = None
        self._request_id = ""
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's transport does not inherit from it

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the interface's
        if self._task is not None and not self._task.done():
            if self._request_id and len(self._engine.hung_up) < MAX_NOTED:
                self._engine.hung_up[self._request_id] = monotonic()
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, end, rest = self._held.partition(b"\r\n\r\n")
        if not end:
            return
        lines = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        length = int(lines.get(b"content-length", b"0"))
        if len(rest) < length:
            return
        self._held = rest[length:]
        self._request_id = lines.get(b"x-request-id", b"").decode()
        path = head.split(b" ", 2)[1]
        self._task = asyncio.get_running_loop().create_task(self._answer(path, rest[:length]))

    async def _answer(self, path: bytes, body: bytes) -> None:
        engine = self._engine
        engine.running += 1
        try:
            if path == b"/hung-up":
                figures, engine.hung_up = engine.hung_up, {}
                self._whole(json.dumps({"hungUp": figures, "running": engine.running - 1}).encode())
            elif not body:
                self._whole(b'{"object":"list","data":[]}')
            else:
                await self._complete(json.loads(body))
        finally:
            engine.running -= 1

    async def _complete(self, document: dict[str, Any]) -> None:
        """Answer as `world` says: milliseconds to the first token and between two, how many, and which fault."""
        world = document.get("world", {})
        await asyncio.sleep(world.get("first", 0) / 1000)
        if world.get("garbage"):
            self._transport.write(GARBAGE)
            return
        if not document.get("stream"):
            usage = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}
            answer = {"object": "text_completion", "choices": [{"index": 0, "text": "word"}], "usage": usage}
            self._whole(json.dumps(answer).encode())
            return
        self._transport.write(STREAM)
        size, gap = world.get("size", 0), world.get("gap", 0) / 1000
        event = EVENT.replace(b"word ", b"word " * (1 + size // 5))
        for _ in range(world.get("tokens", 4)):
            await self._may_write.wait()
            self._transport.write(b"%x\r\n%b\r\n" % (len(event), event))
            await asyncio.sleep(gap)
        self._transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(DONE), DONE))

    def _whole(self, body: bytes) -> None:
        self._transport.write(HEAD % (b"application/json", b"content-length: %d\r\n" % len(body)) + body)


AWAY_SECONDS: Final = 0.2
"""Between a kill and the next start, when the router's connections are refused."""


def main() -> None:
    """Serve in one child after the other."""
    gc.freeze()
    while os.fork():
        os.wait()
        time.sleep(AWAY_SECONDS)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Engine().serve(sys.argv[1], int(sys.argv[2])))


if __name__ == "__main__":
    main()
