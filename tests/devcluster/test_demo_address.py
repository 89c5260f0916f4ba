"""When the demo begins to send: Kubernetes calls a pod ready before every node forwards to it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from demo import load
from tests.free_ports import free_port


class Guarded(BaseHTTPRequestHandler):
    """A router that wants a key."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the interface's
        """Keep quiet."""


@pytest.fixture
def router() -> Iterator[str]:
    """Its address."""
    server = HTTPServer(("127.0.0.1", 0), Guarded)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_router_that_wants_a_key_answers(router: str) -> None:
    assert load.answers(router)


def test_a_port_that_refuses_does_not_answer_and_the_summary_of_a_load_says_why() -> None:
    address = f"127.0.0.1:{free_port('127.0.0.1')}"
    assert not load.answers(address)
    assert "2 streams, 2 failed" in load.run(address, "chat", 2).summary
    assert "refused" in load.run(address, "chat", 2).summary
