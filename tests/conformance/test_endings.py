"""How a server ends: SIGTERM when idle, while it answers, with time to drain and with too little, and a death.

vllm.md part 5.4, case by case. Each case starts its own server and waits for its exit code.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest

from tests.conformance import servers
from tests.conformance.configurations import ABORTING, DRAINING, HURRIED
from tests.conformance.endpoint import DONE, MODEL, Endpoint, Kind, Stream, children, stop
from tests.conformance.servers import Configuration
from tests.waiting import eventually

DEAD: Final = "EngineCore encountered an issue. See stack trace (above) for the root cause."
ERROR: Final = {"message": DEAD, "type": "InternalServerError", "param": None, "code": 500}
LONG: Final = 1900
SILENT_S: Final = 10.0
SOME: Final = 400
"""Tokens that take a second or two: a reply that a drain waits for."""
CHOICES: Final = 4
"""Choices in parallel, so that even a model of two layers takes a while for all of their tokens."""


class End(StrEnum):
    """How a reply ended."""

    WELL = "well"
    ERROR = "error"
    ABORT = "abort"
    SILENCE = "silence"
    """Nothing more came, and the connection was not closed either."""


class Working:
    """A server with a stream and a plain request in progress."""

    def __init__(self, endpoint: Endpoint, tokens: int) -> None:
        self.endpoint = endpoint
        endpoint.timeout_s = SILENT_S
        document = {"prompt": [5, 6], "max_tokens": tokens, "ignore_eos": True, "n": CHOICES, "temperature": 0.8}
        self.stream: Stream = endpoint.open("/v1/completions", stream=True, **document)
        self.events: list[str] = []
        self._plain: list[End] = []
        self._thread = threading.Thread(target=self._send, args=(document,), daemon=True)
        self._thread.start()
        self.stream.take(2)

    def stream_ends(self) -> End:
        """Read the stream to its end."""
        try:
            self.events += self.stream.events()
        except TimeoutError:
            return End.SILENCE
        finally:
            self.stream.close()
        *_, before, last = self.events
        assert last == DONE
        document = json.loads(before)
        if "error" in document:
            assert document == {"error": ERROR}
            return End.ERROR
        return End.ABORT if document["choices"][0]["finish_reason"] == "abort" else End.WELL

    def plain_ends(self) -> End:
        """How the plain request was answered."""
        self._thread.join(60)
        (end,) = self._plain
        return end

    def _send(self, document: dict[str, object]) -> None:
        try:
            answer = self.endpoint.post("/v1/completions", model=MODEL, **document)
        except TimeoutError:
            self._plain.append(End.SILENCE)
            return
        if answer.status == 500:
            assert answer.json == {"error": ERROR}
            self._plain.append(End.ERROR)
            return
        reasons = {choice["finish_reason"] for choice in answer.json["choices"]}
        self._plain.append(End.WELL if reasons == {"length"} else End.ABORT)


@contextmanager
def working(configuration: Configuration, folder: Path, tokens: int = LONG) -> Iterator[Working]:
    with servers.running(configuration, folder) as endpoint:
        server = Working(endpoint, tokens)
        with closing(server.stream):
            yield server


def test_an_idle_server_ends_at_once_and_well(empty_stage: Path) -> None:
    with servers.running(ABORTING, empty_stage) as endpoint:
        endpoint.complete("hello", max_tokens=1)
        endpoint.send_signal(signal.SIGTERM)
        assert endpoint.ended(20) == 0


def test_without_time_what_is_in_work_is_broken_off(empty_stage: Path) -> None:
    with working(ABORTING, empty_stage) as server:
        server.endpoint.send_signal(signal.SIGTERM)
        assert server.stream_ends() in broken_off(server.endpoint)
        assert server.plain_ends() in broken_off(server.endpoint)
        assert server.endpoint.ended(20) == 0


def test_with_time_to_drain_what_is_in_flight_runs_to_its_end_however_often_sigterm_comes(empty_stage: Path) -> None:
    with working(DRAINING, empty_stage, tokens=SOME) as server:
        server.endpoint.send_signal(signal.SIGTERM)
        eventually(lambda: server.endpoint.complete("hello", max_tokens=1).status != 200, "it drains", 10)
        assert server.endpoint.get("/health").status == 200
        server.endpoint.send_signal(signal.SIGTERM)
        late = server.endpoint.complete("hello", max_tokens=1)
        assert (late.status, late.json["error"]) == (
            500,
            {
                "message": "cannot schedule new futures after shutdown",
                "type": "InternalServerError",
                "param": None,
                "code": 500,
            },
        )
        assert (server.stream_ends(), server.plain_ends()) == (End.WELL, End.WELL)
        assert server.endpoint.ended(30) == 0


def test_past_its_time_what_is_in_work_is_broken_off_after_all(empty_stage: Path) -> None:
    with working(HURRIED, empty_stage) as server:
        server.endpoint.send_signal(signal.SIGTERM)
        assert server.stream_ends() in broken_off(server.endpoint)
        assert len(server.events) > CHOICES
        assert server.plain_ends() in broken_off(server.endpoint)
        assert server.endpoint.ended(20) == 0


def test_an_engine_that_is_killed_ends_its_server_with_exit_code_0(empty_stage: Path) -> None:
    with working(ABORTING, empty_stage) as server:
        kill_engine(server.endpoint)
        assert (server.stream_ends(), server.plain_ends()) == (End.ERROR, End.ERROR)
        assert server.endpoint.ended(30) == 0


def test_no_port_is_open_before_the_server_is_ready(empty_stage: Path) -> None:
    endpoint = servers.launched(ABORTING, empty_stage, servers.chosen())
    try:
        with pytest.raises(ConnectionRefusedError):
            endpoint.get("/health")
        servers.wait_until_ready(endpoint)
        assert endpoint.get("/health").status == 200
    finally:
        stop(endpoint.owned())


STRANGE: Final = {
    "a flag of nobody": (("--sead", "2"), 2, "vllm: error: unrecognized arguments: --sead 2"),
    "a beginning of several flags": (
        ("--enable-log", "2"),
        2,
        "vllm serve: error: ambiguous option: --enable-log could",
    ),
    "a number that is none": (("--max-logprobs", "some"), 2, "vllm serve: error: argument --max-logprobs: "),
    "a parser of tools that nobody has": (
        ("--enable-auto-tool-choice", "--tool-call-parser", "hermess"),
        1,
        "invalid tool call parser: hermess",
    ),
    "a choice of tools without a parser": (
        ("--enable-auto-tool-choice",),
        1,
        "TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser",
    ),
}


@pytest.mark.trial(15)
@pytest.mark.parametrize("what", STRANGE)
def test_a_flag_that_it_does_not_accept_ends_its_start(what: str, empty_stage: Path) -> None:
    flags, code, words = STRANGE[what]
    endpoint = servers.launched(Configuration(name="strange", flags=flags), empty_stage, servers.chosen())
    try:
        assert endpoint.ended() == code
        assert endpoint.log is not None
        assert words in endpoint.log.read_text(errors="replace")
    finally:
        stop(endpoint.owned())


def broken_off(endpoint: Endpoint) -> set[End]:
    """How a reply may end that was not allowed to finish."""
    always = endpoint.differs("a reply that SIGTERM breaks off")
    return {End.ERROR} if always else {End.ERROR, End.ABORT, End.SILENCE}


def kill_engine(endpoint: Endpoint) -> None:
    """Real vLLM's engine is a separate process; ours gets the order to die."""
    if endpoint.kind is Kind.OURS:
        assert endpoint.post("/fairlead/v1/faults", fault="engine-death", tokens=1).status == 200
        return
    named = {pid: Path(f"/proc/{pid}/comm").read_text(encoding="ascii") for pid in children(endpoint.owned().pid)}
    (engine,) = [pid for pid, name in named.items() if name.startswith("VLLM::EngineCor")]
    os.kill(engine, signal.SIGKILL)
