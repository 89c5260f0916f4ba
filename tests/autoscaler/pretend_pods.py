"""Pods inside the test's own event loop that answer as instructed, and count requests."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final

from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.fleet.desired_state import EngineKind

HOST: Final = "127.0.0.43"
Respond = Callable[[int], bytes | None]
"""The whole response to the n-th request, head included; None: the connection is closed."""


def whole(page: bytes, status: int = 200, more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d OK\r\n%bcontent-length: %d\r\n\r\n%b" % (status, more, len(page), page)


def chunked(page: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(page), page)


@dataclass(slots=True)
class Pod:
    """A pod with a listening socket."""

    respond: Respond
    port: int = 0
    requests: int = 0
    connections: int = 0
    at_once: int = 0
    max_at_once: int = 0
    delay: float = 0.0
    late: bytes = b""
    """Sent a moment after each answer."""
    tasks: list[asyncio.Task[object]] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)

    def target(self, kind: EngineKind | None = EngineKind.VLLM, uid: str = "u1") -> ScrapeTarget:
        return ScrapeTarget(uid=uid, namespace="demo", name="chat-1", ip=HOST, port=self.port, kind=kind)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.append(task)
        try:
            while True:
                self.heads.append(await reader.readuntil(b"\r\n\r\n"))
                self.requests += 1
                self.at_once += 1
                self.max_at_once = max(self.max_at_once, self.at_once)
                answer = self.respond(self.requests)
                await asyncio.sleep(self.delay)
                self.at_once -= 1
                if answer is None:
                    return
                writer.write(answer)
                await writer.drain()
                if self.late:
                    await asyncio.sleep(0.01)
                    writer.write(self.late)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            self.at_once = 0
        finally:
            writer.close()


@asynccontextmanager
async def listening(action: Respond, delay: float = 0.0, late: bytes = b"") -> AsyncIterator[Pod]:
    pod = Pod(action, delay=delay, late=late)
    server = await asyncio.start_server(pod.serve, HOST, 0)
    pod.port = server.sockets[0].getsockname()[1]
    try:
        yield pod
    finally:
        server.close()
        for task in pod.tasks:
            task.cancel()
        await asyncio.gather(*pod.tasks, return_exceptions=True)


@contextmanager
def with_full_queue() -> Iterator[int]:
    """The port of a pod whose queue of connections is full, so that it accepts none."""
    with socket.create_server((HOST, 0), backlog=0) as door:
        port = door.getsockname()[1]
        with socket.create_connection((HOST, port)):
            yield port
