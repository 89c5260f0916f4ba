"""A whole router inside the test's own event loop: its file, its port, its signals, and engines that come and go."""

import asyncio
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import uvloop
from aiohttp import web

from fairlead.fleet.endpoints import DiscoveredEndpoint, EndpointsCallback
from fairlead.process.exit_signals import ExitSignals
from fairlead.router import process
from fairlead.router.config.loader import RouterConfig
from fairlead.router.drain import DrainPace
from fairlead.router.endpoint_sources import EndpointSource, StaticEndpoints
from fairlead.router.key_reading_pace import KEY_READING_PACE, KeyReadingPace
from fairlead.router.probes import ProbeBackoff
from fairlead.router.process import RouterOptions
from tests import free_ports
from tests.emulator.living import Living, client

HOST: Final = "127.0.0.22"

CHAT: Final[dict[str, Any]] = {"model": "chat", "messages": [{"role": "user", "content": "hello there"}]}
PROMPT: Final[dict[str, Any]] = {"model": "chat", "prompt": "one two three"}
STREAM: Final = PROMPT | {"stream": True, "max_tokens": 20, "ignore_eos": True}
MODELS: Final = ["chat", "de"]


class Cluster:
    """A source that returns what the test sets."""

    def __init__(self) -> None:
        self._notify: EndpointsCallback | None = None
        self.seen: tuple[DiscoveredEndpoint, ...] | None = None
        """The last that was announced."""

    async def follow(self, callback: EndpointsCallback) -> None:
        self._notify = callback
        if self.seen is not None:
            callback(self.seen)
        await asyncio.Event().wait()

    def announce(self, *seen: DiscoveredEndpoint) -> None:
        self.seen = seen
        if self._notify is not None:
            self._notify(seen)


@dataclass(slots=True)
class Plane:
    """One running router and its client."""

    config: Path
    session: aiohttp.ClientSession
    port: int
    signals: ExitSignals
    life: "asyncio.Task[int]"
    notes: dict[str, Any] = field(default_factory=dict)
    metrics_port: int = 0

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def pages(self) -> str:
        """The URL of its metrics port."""
        return f"http://{HOST}:{self.metrics_port}"

    async def page(self) -> dict[str, Any]:
        """Its report for other processes."""
        async with self.session.get(self.pages + "/fairlead/v1/endpoints") as answer:
            document: dict[str, Any] = await answer.json()
            return document

    async def endpoints(self) -> list[dict[str, Any]]:
        documents: list[dict[str, Any]] = (await self.page())["endpoints"]
        return documents

    async def states(self) -> list[str]:
        return [one["state"] for one in await self.endpoints()]

    async def until(self, *states: str) -> None:
        """Wait until the engines are in these states, in the order of the table."""
        while await self.states() != list(states):
            await asyncio.sleep(0.005)

    async def complete(self, body: dict[str, Any] = PROMPT, path: str = "/v1/completions") -> tuple[int, str]:
        async with self.session.post(self.url + path, json=body) as answer:
            return answer.status, await answer.text()

    async def metric(self, name: str) -> float:
        async with self.session.get(self.pages + "/metrics") as answer:
            lines = (await answer.text()).splitlines()
        return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(name + " ")), -1.0)


def written(folder: Path, endpoints: Sequence[str], models: Sequence[str] = MODELS, **routing: Any) -> Path:  # noqa: ANN401 - any JSON
    """The file of a router."""
    path = folder / "router.json"
    document = {"renderedFrom": "test", "endpoints": list(endpoints), "models": list(models), "routing": routing}
    path.write_text(json.dumps(document))
    return path


@asynccontextmanager
async def plane(
    config: Path,
    cluster: Cluster | None = None,
    linger: float = 0.01,
    accept: float = 5.0,
    *,
    log: Path | None = None,
    pace: KeyReadingPace = KEY_READING_PACE,
    port: int = 0,
) -> AsyncIterator[Plane]:
    """Run a router from its start to its drain."""

    def sources(settings: RouterConfig) -> EndpointSource:
        return cluster or StaticEndpoints(settings.endpoints)

    port, metrics_port, signals = port or free_port(), free_port(), ExitSignals()
    options = RouterOptions(
        config=config,
        host=HOST,
        port=port,
        metrics_port=metrics_port,
        access_log=None if log is None else str(log),
        drain_pace=DrainPace(linger_seconds=linger, accept_seconds=accept),
        sweep_seconds=0.01,
        reread_seconds=0.01,
        probe_backoff=ProbeBackoff(least_seconds=0.01, most_seconds=0.02),
        key_reading_pace=pace,
        sources=sources,
    )
    life = asyncio.create_task(process.live(options, signals))
    async with client() as session:
        running = Plane(
            config=config, session=session, port=port, signals=signals, life=life, metrics_port=metrics_port
        )
        await _listening(running)
        try:
            yield running
        finally:
            if not life.done():
                signals.put_nowait(15)
                signals.put_nowait(15)
            await life


@asynccontextmanager
async def before(folder: Path, engines: Sequence[Living], **routing: Any) -> AsyncIterator[Plane]:  # noqa: ANN401 - any JSON
    """A router in front of engines, all of them proved."""
    async with plane(written(folder, [engine.address for engine in engines], **routing)) as running:
        await running.until(*["routable"] * len(engines))
        yield running


async def _listening(running: Plane) -> None:
    """Wait until it accepts connections, with TLS or without."""
    while not running.life.done():
        try:
            _, writer = await asyncio.open_connection(HOST, running.port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.002)
        else:
            writer.close()
            return
    await running.life


@asynccontextmanager
async def answering(answer: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """An engine of one test that gives this answer to every POST; yields its address."""
    application = web.Application()
    application.router.add_post("/{rest:.*}", answer)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=0.05)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def run_story(story: Coroutine[Any, Any, None], seconds: float = 60) -> None:
    """Run a test on the loop that routers run on; one that hangs fails."""

    async def within() -> None:
        async with asyncio.timeout(seconds):
            await story

    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    try:
        runner.run(within())
    finally:
        # Warnings about what a failed test left open come inside the loop's own end; raised there, they would hang it.
        with warnings.catch_warnings(record=True) as left:
            warnings.simplefilter("always", ResourceWarning)
            runner.close()
    assert [str(one.message) for one in left] == []


def free_port() -> int:
    """A port of the router's address that nothing listens on now."""
    return free_ports.free_port(HOST)


async def exchange_bytes(router: Plane, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Send these bytes, and read all that the router answers until it closes the connection."""
    reader, writer = await asyncio.open_connection(HOST, router.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(pause)
        return await reader.read()
    finally:
        writer.close()


def posted(body: dict[str, Any], path: str = "/v1/completions", *lines: str, version: str = "1.1") -> bytes:
    """The bytes of a whole request, after which the connection is closed."""
    content = json.dumps(body).encode()
    fields = ("Host: x", "Connection: close", "Content-Type: application/json", *lines)
    head = "\r\n".join((f"POST {path} HTTP/{version}", *fields, f"Content-Length: {len(content)}"))
    return head.encode() + b"\r\n\r\n" + content


class Raw:
    """An engine that answers with bytes, one answer for each request; probes succeed and are not counted."""

    def __init__(self, *answers: bytes | None, metrics: bytes = b"") -> None:
        self.answers = list(answers)
        """None: the connection is closed without a byte."""
        self.metrics = metrics
        self.to_probes = whole(b'{"usage": {"completion_tokens": 1}}')
        self.seen: list[bytes] = []
        self.connections = 0
        self.closed = 0
        self.address = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Raw"]:
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answered(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.closed += 1
            writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0] or b"0")
        body = await reader.readexactly(length)
        if head.startswith(b"GET"):
            writer.write(whole(self.metrics) if self.metrics else whole(b"", 404))
        elif b'"ping"' in body:
            writer.write(self.to_probes)
        else:
            self.seen.append(head + body)
            answer = self.answers.pop(0) if self.answers else None
            if answer is None:
                return False
            writer.write(answer)
        return True


def whole(body: bytes, status: int = 200) -> bytes:
    """An answer with a length."""
    return b"HTTP/1.1 %d OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


def events(*payloads: bytes) -> bytes:
    """A stream in chunks, one for each event."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    framed = (b"data: %b\n\n" % one for one in (*payloads, b"[DONE]"))
    return head + b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in framed) + b"0\r\n\r\n"
