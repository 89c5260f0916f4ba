"""A policy's author chooses the Prometheus, so it may be any server: hostile, slow, or one that only the operator
reaches."""

import asyncio
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

import pytest

from fairlead.autoscaler.samples import bounded_http
from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer, PrometheusUnavailable
from fairlead.autoscaler.samples.prometheus_http import HttpPrometheusClient
from fairlead.autoscaler.samples.query_turns import AT_ONCE, QueryTurns
from fairlead.autoscaler.samples.scrape_targets import ScrapeTarget
from fairlead.fleet.desired_state import EngineKind

HOST: Final = "127.0.0.46"
SECRET: Final = "hunter2"
HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
OTHERS: Final = 40
"""More than a shared pool of threads has on any machine of the tests."""


@dataclass(slots=True)
class RawServer:
    """Sends its bytes to whoever connects, and then keeps the connection open."""

    url: str = ""
    requests: list[bytes] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def sending(pieces: Callable[[], Iterator[bytes]]) -> Iterator[RawServer]:
    given, listener = RawServer(), socket.create_server((HOST, 0))
    given.url = f"http://{HOST}:{listener.getsockname()[1]}"

    def answer(line: socket.socket) -> None:
        with suppress(OSError), line:
            given.requests.append(line.recv(65_536))
            for one in pieces():
                if given.over.is_set():
                    return
                line.sendall(one)
            given.over.wait()

    def accept() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                if given.over.is_set():
                    return line.close()
                threading.Thread(target=answer, args=(line,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield given
    finally:
        given.over.set()
        with socket.create_connection(listener.getsockname()):
            thread.join()
        listener.close()


def whole(head: bytes, body: bytes = b"") -> Callable[[], Iterator[bytes]]:
    return lambda: iter([b"%b\r\ncontent-length: %d\r\n\r\n%b" % (head, len(body), body)])


def repeated(start: bytes, piece: bytes, event: threading.Event | None = None) -> Callable[[], Iterator[bytes]]:
    """A start, and then the piece without end; with an event, 20 times a second."""

    def pieces() -> Iterator[bytes]:
        yield start
        while True:
            if event is not None:
                event.wait(0.05)
            yield piece

    return pieces


def failure(server: RawServer, token: str | None = None) -> str:
    with pytest.raises(PrometheusUnavailable) as raised:
        HttpPrometheusClient(server.url, token, None).query("up", list)
    return str(raised.value)


@pytest.mark.parametrize(
    "pieces",
    [
        repeated(HEAD + b"\r\n", b" " * 65_536),
        repeated(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"10000\r\n" + b" " * 65_536 + b"\r\n"),
        repeated(HEAD + b"content-length: 1000000000000\r\n\r\n", b" " * 65_536),
        repeated(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 4_096),
    ],
    ids=["until it ends", "chunks", "a terabyte", "heads before the reply"],
)
def test_a_reply_without_end_is_left_after_8_mib(pieces: Callable[[], Iterator[bytes]]) -> None:
    with sending(pieces) as server:
        assert failure(server) == "its reply is larger than 8 MiB"


def test_a_line_without_end_is_left_too() -> None:
    with sending(repeated(HEAD + b"transfer-encoding: chunked\r\n\r\n", b"0" * 65_536)) as server:
        assert failure(server) == "its reply is not HTTP, or ended early"


def test_a_small_reply_that_would_grow_in_memory_is_not_decompressed() -> None:
    bomb = gzip.compress(b" " * 100_000_000)
    with sending(whole(HEAD + b"content-encoding: gzip", bomb)) as server:
        assert "compressed, though the request accepts no compression" in failure(server)
        assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nx: ", HEAD + b"\r\n"], ids=["head", "body"])
def test_a_reply_in_drops_is_left_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    monkeypatch.setattr(bounded_http, "TOTAL_SECONDS", 0.3)
    drops = threading.Event()
    with sending(repeated(start, b" ", drops)) as server:
        assert failure(server) == "no whole reply within 0.3 s"


def test_a_server_that_is_silent_is_left_earlier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "SILENCE_SECONDS", 0.1)
    with sending(lambda: iter(())) as server:
        assert failure(server) == "no answer within 0.1 s"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_the_token_goes_nowhere_else(status: int) -> None:
    with sending(whole(HEAD, b"{}")) as inside:
        head = b"HTTP/1.1 %d Moved\r\nlocation: %b/%b" % (status, inside.url.encode(), SECRET.encode())
        with sending(whole(head)) as server:
            found = failure(server, token="sesame")

    assert f"status {status} and no content type; redirects are not followed" in found
    assert SECRET not in found
    assert inside.requests == []


@pytest.mark.parametrize(
    "pieces",
    [
        whole(b"HTTP/1.1 500 hunter2\r\ncontent-type: text/plain", b"hunter2"),
        whole(b"HTTP/1.1 401 No\r\ncontent-type: the word is hunter2"),
        whole(HEAD, b"hunter2"),
        whole(HEAD, b'{"data": "hunter2"}'),
        whole(HEAD, b'{"data": {"result": [{"metric": {}, "value": [1, "hunter2"]}]}}'),
        whole(b"HTTP/1.1 200 OK\r\ncontent-encoding: hunter2"),
        lambda: iter([b"SSH-2.0-hunter2\r\n" * 100]),
        lambda: iter([HEAD + b"hunter2\r\n\r\n"]),
        lambda: iter([HEAD + b"transfer-encoding: chunked\r\n\r\nhunter2\r\n"]),
        lambda: iter([HEAD + b"content-length: hunter2\r\ncontent-length: 2\r\n\r\n"]),
    ],
    ids=["error", "type", "text", "shape", "number", "encoding", "not HTTP", "header", "chunk", "length"],
)
def test_what_a_server_sends_is_in_no_message(
    monkeypatch: pytest.MonkeyPatch, pieces: Callable[[], Iterator[bytes]]
) -> None:
    """The message goes into the status of the policy's deployments, and the operator reaches more than their owner."""
    monkeypatch.setattr(bounded_http, "SILENCE_SECONDS", 0.2)
    with sending(pieces) as server:
        assert SECRET not in failure(server)


def test_a_server_without_tls_where_the_url_has_https_is_named_so() -> None:
    with sending(whole(HEAD)) as server:
        server.url = server.url.replace("http:", "https:")
        assert "TLS failed" in failure(server)


def source(url: str, namespace: str, turns: QueryTurns) -> PrometheusSampleSource:
    made = PrometheusSampleSource(PrometheusServer(url=url, namespace=namespace), turns)
    made.start()
    made.follow([ScrapeTarget(uid="chat", namespace=namespace, name="chat", ip="10.0.0.1", kind=EngineKind.VLLM)])
    return made


def test_slow_servers_of_one_namespace_delay_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_http, "SILENCE_SECONDS", 60.0)
    monkeypatch.setattr(bounded_http, "TOTAL_SECONDS", 60.0)

    async def story(slow: RawServer, quick: RawServer) -> None:
        turns = QueryTurns()
        others = [source(slow.url, "evil", turns) for _ in range(OTHERS)]
        while len(slow.requests) < AT_ONCE:
            await asyncio.sleep(0.01)
        ours = source(quick.url, "good", turns)
        while len(quick.requests) < 2:  # the second query follows the answer to the first one
            await asyncio.sleep(0.01)
        assert len(slow.requests) == AT_ONCE
        slow.over.set()
        await asyncio.gather(*(one.close() for one in (ours, *others)))

    nothing = json.dumps({"data": {"result": []}}).encode()
    with sending(lambda: iter(())) as slow, sending(whole(HEAD + b"connection: close", nothing)) as quick:
        asyncio.run(story(slow, quick))


def test_a_turn_ends_with_its_thread_even_if_its_task_is_gone() -> None:
    async def story() -> None:
        turns, go = QueryTurns(), threading.Event()
        gone = [asyncio.create_task(turns.run("team", go.wait)) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        late = asyncio.create_task(turns.run("team", lambda: "served"))
        assert await turns.run("other", lambda: "served") == "served"
        assert not late.done(), "both threads still run"
        go.set()
        assert await late == "served"

    asyncio.run(story())


def test_an_error_in_a_turn_reaches_its_task_and_ends_the_turn() -> None:
    def fail() -> None:
        raise PrometheusUnavailable("gone")

    async def story() -> None:
        turns = QueryTurns()
        for _ in range(AT_ONCE + 1):
            with pytest.raises(PrometheusUnavailable, match="gone"):
                await turns.run("team", fail)

    asyncio.run(story())
