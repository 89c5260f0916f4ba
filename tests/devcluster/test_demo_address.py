"""When the demo begins to send: Kubernetes calls a pod ready before every node forwards to it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from demo import load, watching
from demo.watching import WatchedModel
from devcluster.door import DoorClosed, Embedded
from tests.free_ports import free_port


class ExposedOnce(Embedded):
    """A cluster that opens one port, behind which nothing listens at first."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.exposed: list[tuple[str, str, int]] = []

    def expose(self, namespace: str, service: str, port: int) -> str:
        self.exposed.append((namespace, service, port))
        return self._address


class Guarded(BaseHTTPRequestHandler):
    """A router that wants a key."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the interface's
        """Keep quiet."""


@contextmanager
def listening(port: int = 0) -> Iterator[str]:
    """Such a router; its address."""
    server = HTTPServer(("127.0.0.1", port), Guarded)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_router_that_wants_a_key_answers() -> None:
    with listening() as address:
        assert load.answers(address)


def test_a_model_is_watched_once_a_router_answers_at_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "POLL_EACH_S", 0.01)
    port = free_port("127.0.0.1")
    cluster = ExposedOnce(f"127.0.0.1:{port}")
    with ThreadPoolExecutor(1) as pool:
        watched = pool.submit(WatchedModel.at, cluster, "chat")
        with pytest.raises(TimeoutError):
            watched.result(0.2)
        with listening(port) as address:
            assert watched.result(10.0) == WatchedModel(cluster=cluster, name="chat", address=address)
    assert cluster.exposed == [("default", "chat-router", 80)]


def test_a_model_whose_routers_never_answer_is_named_with_the_address_and_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watching, "POLL_EACH_S", 0.01)
    monkeypatch.setattr(watching, "ADDRESS_S", 0.6)
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    with pytest.raises(DoorClosed) as refused:
        WatchedModel.at(ExposedOnce(address), "chat")
    assert str(refused.value) == f"chat: its routers are ready, but none answers at {address} within 1 s"


def test_a_port_that_refuses_does_not_answer_and_the_summary_of_a_load_says_why() -> None:
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    assert not load.answers(address)
    assert "2 streams, 2 failed" in load.run(address, "chat", 2).summary
    assert "refused" in load.run(address, "chat", 2).summary
