"""`fairlead selftest` against a configurable API server and engine; nothing of it is left."""

import argparse
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fairlead.cli import selftest
from fairlead.cli.selftest_scenario import SelftestClient, SelftestFailure, run_selftest

WORDS = ["--namespace", "models", "--seconds", "0.2"]
OBJECTS = "/apis/fairlead.dev/v1alpha1/namespaces/models/inferencedeployments"
READY = {"type": "Ready", "status": "True", "reason": "Ready", "message": "1 of 1 serve"}


@dataclass(slots=True)
class World:
    """The answers to each read, the last one forever; and the requests, in order."""

    conditions: list[list[dict[str, str]]]
    refusals: int = 0
    """How often the engine is not there yet."""
    faults: list[tuple[str, int]] = field(default_factory=list)
    """Verbs that the API server answers with this status next, once each."""

    there: bool = False
    address: str = ""
    requests: list[str] = field(default_factory=list)
    spec: dict[str, Any] = field(default_factory=dict)
    tokens: set[str | None] = field(default_factory=set)

    def answer(self, verb: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer as the API server and the engine would."""
        self.requests.append(f"{verb} {path.removeprefix(OBJECTS)}")
        if path.endswith("/chat/completions"):
            self.refusals -= 1
            content = f"{body['messages'][0]['content']} Yes."
            return (503, {}) if self.refusals >= 0 else (200, {"choices": [{"message": {"content": content}}]})
        if self.faults and self.faults[0][0] == verb:
            return self.faults.pop(0)[1], {"message": "not now"}
        if verb == "POST":
            self.there, self.spec = True, body["spec"]
            return 201, body
        if not self.there:
            return 404, {"message": "not found"}
        if verb == "DELETE":
            self.there = False
            return 200, {}
        now = self.conditions.pop(0) if len(self.conditions) > 1 else self.conditions[0]
        return 200, {"status": {"conditions": now, "endpoint": f"{self.address}/v1"} if now else {}}


@pytest.fixture
def world() -> Iterator[World]:
    """A server on 127.0.0.1 that plays both."""
    one = World(conditions=[[READY]])

    class Plays(BaseHTTPRequestHandler):
        def _any(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            engine = self.path.startswith("/v1/")
            if engine:
                one.tokens.add(self.headers["Authorization"])
            code, document = one.answer(self.command, self.path, json.loads(self.rfile.read(length) or b"{}"))
            self.send_response(code)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def do_GET(self) -> None:  # the base class calls these three by the verb
            self._any()

        def do_POST(self) -> None:
            self._any()

        def do_DELETE(self) -> None:
            self._any()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its name in the base class
            """Suppress the log."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Plays) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        one.address = f"http://127.0.0.1:{server.server_port}"
        yield one
        server.shutdown()
        thread.join()


def play(world: World, *words: str) -> str:
    """Run the self-test in this world."""
    parser = argparse.ArgumentParser()
    selftest.arguments(parser)
    return run_selftest(
        parser.parse_args([*WORDS, *words]), SelftestClient(server=world.address, token="t", each_s=0.01)
    )


def test_the_selftest_creates_a_deployment_waits_queries_it_and_deletes_it(world: World) -> None:
    world.conditions = [[], [READY | {"status": "False"}], [READY]]
    world.refusals = 2
    assert play(world) == f"{world.address}/v1 answered: 'Are you there? Yes.'"
    own = "/fairlead-test"
    assert world.requests == [
        *(f"DELETE {own}", "POST "),
        *[f"GET {own}"] * 3,
        *["POST /v1/chat/completions"] * 3,
        f"DELETE {own}",
    ]
    assert world.tokens == {None}, "an engine never sees the account's token"


def test_its_engine_pulls_our_image_with_the_credentials_of_the_installation(world: World) -> None:
    play(world)
    assert "placement" not in world.spec
    play(world, "--image-pull-secret=registry")
    assert world.spec["placement"] == {"imagePullSecrets": [{"name": "registry"}]}


def test_what_an_earlier_run_left_is_deleted_first(world: World) -> None:
    world.there = True
    play(world)
    assert world.requests[:2] == ["DELETE /fairlead-test", "POST "]
    assert not world.there


def test_an_api_server_that_refuses_single_requests_is_no_broken_installation(world: World) -> None:
    """A fresh Role reaches the API servers of a control plane one after the other, and any of them may throttle."""
    world.faults = [("DELETE", 403), ("POST", 500), ("GET", 429), ("DELETE", 429)]
    assert play(world) == f"{world.address}/v1 answered: 'Are you there? Yes.'"
    own = "/fairlead-test"
    assert world.requests == [
        f"DELETE {own}",
        *(f"DELETE {own}", "POST "),
        *(f"DELETE {own}", "POST "),
        *[f"GET {own}"] * 2,
        "POST /v1/chat/completions",
        *[f"DELETE {own}"] * 2,
    ]
    assert not world.there


def test_what_only_a_user_can_fix_is_reported_at_once(world: World) -> None:
    world.conditions = [[{"type": "Stalled", "status": "True", "reason": "DoesNotFit", "message": "needs 40 GiB"}]]
    with pytest.raises(SelftestFailure, match="does not get Ready: DoesNotFit: needs 40 GiB"):
        play(world)
    assert world.requests.count("GET /fairlead-test") == 1
    assert not world.there


@pytest.mark.parametrize(
    ("conditions", "wording"),
    [([], "no operator has reconciled it"), ([READY | {"status": "False", "message": "0 of 1"}], "Ready: 0 of 1")],
)
def test_the_time_may_be_over(world: World, conditions: list[dict[str, str]], wording: str) -> None:
    world.conditions = [conditions]
    with pytest.raises(SelftestFailure, match=wording):
        play(world)
    assert not world.there


def test_an_engine_that_never_answers_is_reported_with_its_last_status(world: World) -> None:
    world.refusals = 1000
    with pytest.raises(SelftestFailure, match=r"POST http://127\.0\.0\.1:\d+/v1/chat/completions: 503"):
        play(world)
    assert not world.there


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(SelftestFailure, match=r"DELETE http://127\.0\.0\.1:9/apis/.*: .*refused"):
        play(World(conditions=[[]], address="http://127.0.0.1:9"))


def test_outside_a_pod_it_says_where_it_belongs(capsys: pytest.CaptureFixture[str]) -> None:
    assert selftest.run(argparse.Namespace(namespace="models", name="x", seconds=1.0)) == 1
    assert capsys.readouterr().err.startswith("fairlead selftest: this is not a pod with a ServiceAccount")
