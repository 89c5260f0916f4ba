"""The relay in a runner's pod: an OpenAI-compatible address on loopback, with one revision's pods as upstreams.

A program's requests reach engines as the operator's own would: marked for the batch lane and past caches, at the lowest
rank, with bounded concurrency, and never at a pod where a user's request waits. Only the pod itself can connect to it.
"""

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Final

import aiohttp
from aiohttp import web

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import PodReply, ReplyBounds
from fairlead.documents import json_document
from fairlead.evaluating import requests
from fairlead.fleet.desired_state import EngineKind
from fairlead.process.engine_places import EnginePlaces, RunSide
from fairlead.process.engine_requests import EngineRequest, EngineRequests

HOST: Final = "127.0.0.1"
PATHS: Final = ("/v1/chat/completions", "/v1/completions")
ANSWER_S: Final = 600.0
RETRY_S: Final = 1.0
"""Delay while no pod of the revision is known to serve."""
TRIES: Final = 4
_BUSY: Final = frozenset({429, 502, 503})


@dataclass(slots=True, kw_only=True)
class RelaySettings:
    """The file with a revision's pods, and the most requests in flight."""

    addresses: Path
    """A file updated by the kubelet: addresses of serving pods, separated by commas."""
    kind: EngineKind
    concurrency: int


@dataclass(slots=True)
class Relay:
    """One address in front of one revision's pods."""

    settings: RelaySettings
    engines: EngineRequests
    _places: EnginePlaces = field(default_factory=EnginePlaces)
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.settings.concurrency)

    def application(self) -> web.Application:
        """The HTTP application."""
        application = web.Application(client_max_size=16 * 2**20)
        application.router.add_get("/v1/models", self._models)
        for path in PATHS:
            application.router.add_post(path, self._send)
        return application

    async def _models(self, _: web.Request) -> web.Response:
        for pod in self._side().pods:
            page = await self.engines.models(pod, self.settings.kind)
            if page is not None:
                return web.Response(text=page, content_type="application/json")
        return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "no pod of this revision answers; it is tried again")

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        if _streams(body):
            return _refusal(HTTPStatus.BAD_REQUEST, "stream: the relay of an evaluation sends no streams; leave it out")
        bounds = ReplyBounds(ANSWER_S)
        engine_request = EngineRequest(path=request.path, body=body, headers=requests.HEADERS, bounds=bounds)
        async with self._room:
            reply = await self._answer(engine_request)
        return web.Response(status=reply.status, body=reply.content, content_type="application/json")

    async def _answer(self, request: EngineRequest) -> PodReply:
        """Try one pod after the other; wait while there is none, or users' requests wait at all of them."""
        last, tried = PodReply(503, b'{"error": {"message": "no pod of this revision answers"}}'), set[str]()
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(RETRY_S)
            pod = await self._place(tried)
            tried.add(uid := pod["metadata"]["uid"])
            try:
                reply = await self.engines.send(pod, self.settings.kind, request)
            finally:
                self._places.give_back(uid)
            if reply is not None and reply.status not in _BUSY:
                return reply
            last = reply or last
            tried = {uid} if len(tried) >= len(self._side().pods) else tried
        return last

    async def _place(self, tried: set[str]) -> Manifest:
        pod: Manifest | None = None
        while pod is None:
            pod = await self._places.take(self.engines, self._side, tried)
            await asyncio.sleep(0 if pod is not None else RETRY_S)
        return pod

    def _side(self) -> RunSide:
        """The pods last written by the operator; the kubelet updates the file within a minute or so."""
        try:
            text = self.settings.addresses.read_text(encoding="utf-8")
        except OSError:
            text = ""
        found = [one.strip() for one in text.split(",") if one.strip()]
        return RunSide(pods=tuple(_pod(one) for one in found), kind=self.settings.kind)


async def serve(settings: RelaySettings, port: int) -> None:
    """Serve on loopback only, until cancelled."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=2 * settings.concurrency)) as session:
        relay = Relay(settings, EngineRequests(session))
        runner = web.AppRunner(relay.application(), access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, HOST, port).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()


def _pod(address: str) -> Manifest:
    return {"metadata": {"uid": address, "name": address}, "status": {"podIP": address}}


def _streams(body: bytes) -> bool:
    try:
        found = json_document.read(body, as_python=True)
    except ValueError:
        return False
    return isinstance(found, dict) and bool(found.get("stream"))


def _refusal(status: HTTPStatus, words: str) -> web.Response:
    return web.json_response({"error": {"message": words, "code": status.value}}, status=status.value)
