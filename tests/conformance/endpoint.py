"""A server under test: HTTP requests to it, and control of its process.

Uses only `http.client`, so that bytes, statuses and the end of a stream are seen as they came. It does not know what a
right answer is.
"""

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

import pytest

from fairlead.fleet.engine_load import EngineLoad
from tests.conformance import differences, engines
from tests.conformance.engines import EngineWords, Json

__all__ = ["DONE", "MODEL", "Answer", "Endpoint", "Json", "Kind", "Stream", "children", "stop"]

MODEL: Final = "tiny"
TIMEOUT_S: Final = 60.0
DONE: Final = "[DONE]"


class Kind(StrEnum):
    """Whose server it is."""

    OURS = "ours"
    REAL = "real"
    NAMED = "named"
    """The user's own, given by URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    text: str

    @property
    def json(self) -> Json:
        """The body as a value."""
        return json.loads(self.text)

    @property
    def events(self) -> list[str]:
        """The data of a stream's events, in order."""
        return [line.removeprefix("data: ") for line in self.text.split("\n") if line.startswith("data: ")]

    @property
    def chunks(self) -> list[Json]:
        """The events of a completion stream, which must have ended with `[DONE]`."""
        *chunks, last = self.events
        assert last == DONE, f"the stream ended with {last!r}"
        return [json.loads(chunk) for chunk in chunks]


class Stream:
    """An answer that is still arriving."""

    def __init__(self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self._connection = connection
        self._response = response

    def events(self) -> Iterator[str]:
        """The data of its events as they come."""
        while line := self._response.readline():
            if line.startswith(b"data: "):
                yield line.decode().removeprefix("data: ").rstrip("\n")

    def take(self, count: int) -> list[str]:
        """The next events."""
        coming = self.events()
        return [next(coming) for _ in range(count)]

    def close(self) -> None:
        """Disconnect, whatever is still to come."""
        self._response.close()
        self._connection.close()


@dataclass(slots=True, kw_only=True)
class Endpoint:
    """One server."""

    kind: Kind
    words: EngineWords = engines.VLLM
    """The kind of engine that it is, or is to be."""
    host: str
    port: int
    token: str | None = None
    """Sent with every request, where the server requires one."""
    process: "subprocess.Popen[bytes] | None" = None
    log: Path | None = None
    first_page: str = ""
    """/metrics before the first request."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """Further ports by their purpose."""
    timeout_s: float = TIMEOUT_S
    """A request fails after this long without data."""

    @property
    def url(self) -> str:
        """The URL that clients use."""
        return f"http://{self.host}:{self.port}"

    def send(
        self, method: str, path: str, body: Json = None, headers: Mapping[str, str] | None = None, *, raw: bytes = b""
    ) -> Answer:
        """Send one request and read its whole answer."""
        connection, response = self._send(method, path, raw or _encoded(body), dict(headers or {}))
        with closing(connection):
            text = response.read().decode(errors="replace")
            texts = {name.lower(): value for name, value in response.getheaders()}
            return Answer(status=response.status, headers=texts, text=text)

    def get(self, path: str) -> Answer:
        """GET."""
        return self.send("GET", path)

    def post(self, path: str, /, **body: Json) -> Answer:
        """POST with these fields as the body."""
        return self.send("POST", path, body)

    def complete(self, prompt: Json, /, **more: Json) -> Answer:
        """POST /v1/completions, drawing the likeliest token each time."""
        return self.post("/v1/completions", **{"model": MODEL, "prompt": prompt, "temperature": 0} | more)

    def chat(self, content: Json, /, **more: Json) -> Answer:
        """POST /v1/chat/completions with one user message, or with the given messages."""
        messages = content if isinstance(content, list) else [{"role": "user", "content": content}]
        return self.post("/v1/chat/completions", **{"model": MODEL, "messages": messages, "temperature": 0} | more)

    def open(self, path: str, /, **body: Json) -> Stream:
        """POST, and read the answer as it arrives."""
        connection, response = self._send("POST", path, _encoded({"model": MODEL, "temperature": 0} | body), {})
        return Stream(connection, response)

    def error(self, answer: Answer) -> Json:
        """The fields of the error in an answer."""
        return self.words.error(answer.json)

    def load(self) -> EngineLoad:
        """Its metrics page as the facts that scaling reads."""
        return self.words.load(self.get(self.words.metrics).text)

    def differs(self, name: str) -> bool:
        """Whether this is ours, so that the difference of that name shows; one that is not in the table is an error."""
        return bool(differences.MEANT[name]) and self.kind is Kind.OURS

    def fresh_page(self) -> str:
        """/metrics right after the start; skips for a named server, which may have had requests before."""
        if self.kind is Kind.NAMED:
            pytest.skip("the server was named by its URL: its page is not one of a fresh start")
        return self.first_page

    def send_signal(self, number: signal.Signals) -> None:
        """Signal its first process, as a kubelet would."""
        self.owned().send_signal(number)

    def ended(self, within_s: float = TIMEOUT_S) -> int:
        """Its exit code, once it has ended by itself."""
        return self.owned().wait(within_s)

    def owned(self) -> "subprocess.Popen[bytes]":
        """Its process; a named server has none, so the case is skipped with the reason."""
        if self.process is None:
            pytest.skip("the server was named by its URL: its process is not ours to start, signal or kill")
        return self.process

    def _send(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        if body is not None and "Content-Type" not in headers:
            headers["Content-Type"] = "application/json"
        if self.token is not None and "Authorization" not in headers:
            headers["Authorization"] = f"Bearer {self.token}"
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout_s)
        try:
            connection.request(method, path, body=body, headers=headers)
            return connection, connection.getresponse()
        except BaseException:
            connection.close()
            raise


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a server and all that it started: by SIGTERM, then by SIGKILL."""
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(15)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(15)


def children(pid: int) -> Sequence[int]:
    """The child processes of a process."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(word) for word in listed.split()]


def _encoded(body: Json) -> bytes | None:
    return None if body is None else json.dumps(body).encode()
