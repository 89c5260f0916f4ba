"""A proxy between an operator and its API server that counts every write and injects faults at chosen writes.

It speaks plain HTTP on 127.0.0.1. Requests with a token of their own keep it; the others use the credentials of the
kubeconfig it was made from. `kubeconfig_through` writes a kubeconfig that leads through it.
"""

import asyncio
import json
import os
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, assert_never

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from fairlead.cluster.credentials import Credentials
from tests.faults.gates import Gate, abort
from tests.faults.requests import ApiCall, understood

LEFT_OUT: Final = frozenset({"host", "content-length", "accept-encoding", "connection", "transfer-encoding"})
HEADERS: Final = ("Content-Type", "Retry-After", "Warning")
LARGEST: Final = 16 * 1024 * 1024
CLOSING_S: Final = 0.05
"""A TLS connection ends some turns of the loop after its session was closed; without this wait there are warnings."""


class Moment(StrEnum):
    """Which side of the write a rule applies to."""

    BEFORE = "before it is sent on"
    AFTER = "after it is done, before the answer"


class Kill(NamedTuple):
    """End a process as a power failure would."""

    pid: int


class Delay(NamedTuple):
    """Delay it."""

    seconds: float


class Drop(NamedTuple):
    """Break the connection off without an answer."""


class Answer(NamedTuple):
    """Answer something else."""

    code: int
    reason: str = ""
    retry_after: int | None = None


class CutBody(NamedTuple):
    """Break the connection off in the middle of the answer."""


Fault = Kill | Delay | Drop | Answer | CutBody


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens at one write."""

    number: int | None
    """The first write is 1; None: every one."""
    moment: Moment
    fault: Fault


class Logged(NamedTuple):
    """One received request."""

    call: ApiCall
    user_agent: str
    number: int | None
    """Its number among the writes, where it is one."""


class Replied(NamedTuple):
    """The API server's answer."""

    status: int
    headers: CIMultiDict[str]
    content: bytes


class Proxy:
    """One proxy: its rules, gates, counters and log."""

    def __init__(self, credentials: Credentials) -> None:
        self.address = ""
        self.rules: list[Rule] = []
        self.writes = 0
        self.counts: Counter[tuple[str, str, str]] = Counter()
        """Writes by verb, resource and namespace/name, without those of the Lease."""
        self.log: list[Logged] = []
        self.made: list[ApiCall] = []
        """Writes that created an object, by any verb; an apply that does needs the right to create."""
        self.gates: defaultdict[str, Gate] = defaultdict(Gate)
        """Open watches by resource."""
        self.cut_off = False
        """Nothing gets through, the Lease included."""
        self._credentials = credentials
        self._album: dict[str, Replied] = {}
        self._past: set[str] = set()
        self._lists: dict[str, tuple[str, CIMultiDict[str]]] = {}

    @asynccontextmanager
    async def served(self) -> AsyncIterator["Proxy"]:
        """Serve for as long as the block runs."""
        ours = self._credentials
        theirs = Credentials(server=ours.server, ca_path=ours.ca_path, insecure=ours.insecure)
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None, handler_cancellation=True)
        async with _session(ours) as self._ours, _session(theirs) as self._theirs:
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", 0).start()
                self.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
                yield self
            finally:
                await runner.cleanup()
        await asyncio.sleep(CLOSING_S)

    def kubeconfig_through(self, path: Path, token: str = "") -> Path:
        """Write a kubeconfig that leads through this proxy; with a token, as the token's owner."""
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "proxy",
            "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            "clusters": [{"name": "proxy", "cluster": {"server": self.address}}],
            "users": [{"name": "proxy", "user": {"token": token} if token else {}}],
        }
        path.write_text(json.dumps(config))
        return path

    def at(self, number: int | None, moment: Moment, fault: Fault) -> None:
        """Add a rule."""
        self.rules.append(Rule(number=number, moment=moment, fault=fault))

    def counted_anew(self) -> None:
        """Reset counters and rules; a new run begins with write 1."""
        self.writes = 0
        self.counts.clear()
        self.log.clear()
        self.rules.clear()

    async def photograph(self, *resources: str) -> None:
        """Record the current result of every list requested so far."""
        for path, (resource, headers) in tuple(self._lists.items()):
            if resource in resources:
                self._album[path] = await self._sent("GET", path, headers, b"")

    def go_back(self, *resources: str) -> None:
        """Answer lists of these kinds from the recording, and let watches send nothing newer."""
        self._past.update(resources)
        for resource in resources:
            self.gates[resource].hold()

    def come_back(self) -> None:
        """Let the feed catch up with the present."""
        for resource in self._past:
            self.gates[resource].release()
        self._past.clear()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        sent = understood(request.method, request.path, request.query, body)
        number = None
        if sent.writes:
            self.writes += 1
            number = self.writes
            self.counts[sent.key] += 1
        self.log.append(Logged(sent, request.headers.get("User-Agent", ""), number))
        if self.cut_off:
            abort(request)
            return web.Response(status=502)
        try:
            if sent.verb == "watch":
                return await self._watch(request, sent)
            return await self._relay(request, sent, number, body)
        except (aiohttp.ClientError, TimeoutError) as problem:
            return web.Response(status=502, text=f"the API server behind the proxy does not answer: {problem!r}")

    async def _relay(self, request: web.Request, sent: ApiCall, number: int | None, body: bytes) -> web.StreamResponse:
        """Relay one request and its answer, with the rules on either side."""
        if (response := await self._interfere(request, number, Moment.BEFORE, b'{"kind": "Status"}')) is not None:
            return response
        path, headers = request.raw_path, _passed_on(request)
        if sent.verb == "list":
            self._lists[path] = (sent.resource, headers)
            if sent.resource in self._past and path in self._album:
                return _reply(self._album[path])
        replied = await self._sent(request.method, path, headers, body)
        if replied.status == 201:
            self.made.append(sent)
        if (response := await self._interfere(request, number, Moment.AFTER, replied.content)) is not None:
            return response
        return _reply(replied)

    async def _watch(self, request: web.Request, sent: ApiCall) -> web.StreamResponse:
        headers = _passed_on(request)
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session_for(headers).get(self._url(request.raw_path), headers=headers, timeout=timeout) as up:
            if up.status != 200:
                return _reply(Replied(up.status, up.headers.copy(), await up.read()))
            return await self.gates[sent.resource].relay(request, up)

    async def _interfere(
        self, request: web.Request, number: int | None, moment: Moment, content: bytes
    ) -> web.StreamResponse | None:
        """Apply the rules for this write at this moment; None: go on."""
        for rule in self.rules if number is not None else ():
            if rule.moment is moment and rule.number in (None, number):
                response = await _done(request, rule.fault, content)
                if response is not None:
                    return response
        return None

    async def _sent(self, method: str, path: str, headers: CIMultiDict[str], body: bytes) -> Replied:
        session = self._session_for(headers)
        async with session.request(method, self._url(path), headers=headers, data=body or None) as up:
            return Replied(up.status, up.headers.copy(), await up.read())

    def _session_for(self, headers: CIMultiDict[str]) -> aiohttp.ClientSession:
        """A client certificate would win over a token, so a request with a token goes out without ours."""
        return self._theirs if "Authorization" in headers else self._ours

    def _url(self, path: str) -> URL:
        return URL(self._credentials.server + path, encoded=True)


async def _done(request: web.Request, fault: Fault, content: bytes) -> web.StreamResponse | None:
    """Inject one fault."""
    match fault:
        case Kill(pid):
            os.kill(pid, signal.SIGKILL)
            abort(request)
        case Delay(seconds):
            await asyncio.sleep(seconds)
            return None
        case Drop():
            abort(request)
        case Answer(code, reason, retry_after):
            document = {
                "kind": "Status",
                "apiVersion": "v1",
                "code": code,
                "reason": reason,
                "message": "by the fault proxy",
            }
            headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
            return web.json_response(document, status=code, headers=headers)
        case CutBody():
            answer = web.StreamResponse(headers={"Content-Type": "application/json"})
            answer.content_length = len(content)
            await answer.prepare(request)
            await answer.write(content[: len(content) // 2])
            abort(request)
            return answer
        case _:
            assert_never(fault)
    return web.Response(status=502)


def _session(credentials: Credentials) -> aiohttp.ClientSession:
    trust = credentials.trust() if credentials.server.startswith("https") else True
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=trust),
        headers=credentials.headers,
        skip_auto_headers=["User-Agent"],
    )


def _passed_on(request: web.Request) -> CIMultiDict[str]:
    return CIMultiDict({name: value for name, value in request.headers.items() if name.lower() not in LEFT_OUT})


def _reply(replied: Replied) -> web.Response:
    headers = {name: replied.headers[name] for name in HEADERS if name in replied.headers}
    return web.Response(status=replied.status, body=replied.content, headers=headers)
