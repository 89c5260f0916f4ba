"""kwok pods that answer: engines with metrics in vLLM's format, routers that report arrivals and queues.

Nothing runs in them; a test sets their figures. They follow the cluster, so a pod answers while it exists.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from fairlead.cluster import kinds, pods
from fairlead.cluster.api_errors import ApiError
from fairlead.cluster.api_server import ApiServer
from fairlead.cluster.kinds import Manifest
from fairlead.objects import labels

ENGINE: Final = (8000,)
ROUTER: Final = (9090,)
FOLLOW_S: Final = 0.2
PROMPT: Final = 100
"""Tokens a request."""
REPLY: Final = 50


@dataclass(slots=True)
class Load:
    """The load of one deployment."""

    waiting: float = 0.0
    """In routers."""
    rate: float = 0.0
    """Requests a second that arrive and complete at once."""
    running: float = 0.0
    """In each engine."""
    frozen: bool = False
    """Engines report the same figures forever."""
    _requests: float = 0.0
    _at: float = field(default_factory=time.monotonic)

    @property
    def requests(self) -> float:
        """Requests so far."""
        now = time.monotonic()
        self._requests += self.rate * (now - self._at)
        self._at = now
        return self._requests


class AnsweringPods:
    """All our pods that have an address."""

    def __init__(self, api: ApiServer) -> None:
        self.loads: dict[str, Load] = {}
        """By the deployment's name."""
        self.asleep: set[str] = set()
        """Addresses of engines that were put to sleep."""
        self._api = api
        self._answering: dict[tuple[str, str], list[web.AppRunner]] = {}
        """By address and uid: an address is soon reused by another pod."""
        self._seen: tuple[Manifest, ...] = ()
        self._targets: dict[str, list[str]] = {}
        """By gateway: the targets in its routers' ConfigMap."""

    def load(self, name: str) -> Load:
        """The load of a deployment; none, until a test sets it."""
        return self.loads.setdefault(name, Load())

    async def follow(self) -> None:
        """Run until cancelled: every pod with an address answers there."""
        while True:
            with contextlib.suppress(ApiError):
                listed = await self._api.listing(kinds.POD, None, labels.MANAGED_BY)
                self._seen = tuple(listed.items)
                configured = await self._api.listing(kinds.CONFIG_MAP, None, labels.MANAGED_BY)
                self._targets = dict(_of_gateways(configured.items))
                await self._serve()
            await asyncio.sleep(FOLLOW_S)

    async def close(self) -> None:
        """Stop answering."""
        for runners in self._answering.values():
            for runner in runners:
                await runner.cleanup()
        self._answering.clear()

    async def _serve(self) -> None:
        there = {(str(pods.address(one)), one["metadata"]["uid"]): one for one in self._seen if _answers(one)}
        for gone in self._answering.keys() - there.keys():
            for runner in self._answering.pop(gone):
                await runner.cleanup()
        for key in there.keys() - self._answering.keys():
            environment = ENGINE if _is_engine(there[key]) else ROUTER
            self._answering[key] = [await self._answer(key[0], port, there[key]) for port in environment]

    async def _answer(self, address: str, port: int, pod: Manifest) -> web.AppRunner:
        name, gateway = _label(pod, labels.DEPLOYMENT), _label(pod, labels.GATEWAY)

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(text=engine_page(self.load(name)))

        async def endpoints(request: web.Request) -> web.Response:
            if not gateway:
                return web.json_response(self._router_page(name))
            page = self._gateway_page(gateway, request.query.get("deployment", ""))
            return web.json_response(page) if page is not None else web.Response(status=404)

        async def turn(request: web.Request) -> web.Response:
            (self.asleep.discard if request.path == "/wake_up" else self.asleep.add)(address)
            return web.json_response({})

        app = web.Application()
        app.add_routes([web.get("/metrics", metrics), web.get("/fairlead/v1/endpoints", endpoints)])
        app.add_routes([web.post("/sleep", turn), web.post("/wake_up", turn)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, address, port).start()
        return runner

    def _router_page(self, name: str) -> dict[str, Any]:
        engines = [one for one in self._seen if _label(one, labels.DEPLOYMENT) == name and _is_engine(one)]
        return router_page(self.load(name), [one for one in engines if pods.is_ready(one)])

    def _gateway_page(self, gateway: str, target: str) -> dict[str, Any] | None:
        """The page of a gateway's router: of one target that it has, or of all."""
        targets = self._targets.get(gateway, [])
        if target:
            return self._router_page(target.partition("/")[2]) if target in targets else None
        return {"targets": {one: self._router_page(one.partition("/")[2]) for one in targets}, "tenants": {}}


def router_page(load: Load, ready: Sequence[Manifest]) -> dict[str, Any]:
    """The page of a router that sends to all engines that are ready and awake."""
    lane = {"waiting": load.waiting, "oldestSeconds": 1.0 if load.waiting else 0.0}
    seen = [_endpoint(one) for one in ready]
    served = any(one["state"] == "routable" for one in seen)
    return {
        "endpoints": seen,
        "queue": {"held": 0 if served else load.waiting, "lanes": {"interactive": lane}},
        "demand": {"arrivals": load.requests, "promptTokens": load.requests * PROMPT},
    }


def engine_page(load: Load) -> str:
    """The page of an engine that completes all work at once."""
    done = 0.0 if load.frozen else load.requests
    figures = {
        "num_requests_running": load.running,
        "num_requests_waiting": 0.0,
        "kv_cache_usage_perc": 0.1,
        "prompt_tokens_total": done * PROMPT,
        "generation_tokens_total": done * REPLY,
        "prefix_cache_hits_total": 0.0,
        "prefix_cache_queries_total": done * PROMPT,
        "request_success_total": done,
        "num_preemptions_total": 0.0,
    }
    lines = [f'vllm:{name}{{engine="0",model_name="m"}} {value}' for name, value in figures.items()]
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def answering(api: ApiServer) -> AsyncIterator[AnsweringPods]:
    """Have all pods answer for as long as the block runs."""
    found = AnsweringPods(api)
    following = asyncio.create_task(found.follow())
    try:
        yield found
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await found.close()


def _endpoint(pod: Manifest) -> dict[str, Any]:
    address = f"{pods.address(pod)}:8000"
    sleeps = labels.ASLEEP in (pod["metadata"].get("annotations") or {})
    state, reason = ("notReady", "asleep") if sleeps else ("routable", "")
    return {"pod": pod["metadata"]["name"], "address": address, "state": state, "inflight": 0, "reason": reason}


def _of_gateways(configured: Iterable[Manifest]) -> Iterator[tuple[str, list[str]]]:
    for one in configured:
        if gateway := _label(one, labels.GATEWAY):
            targets = json.loads(one["data"]["router.json"])["targets"]
            yield gateway, [str(each["target"]) for each in targets]


def _answers(pod: Manifest) -> bool:
    return bool(pods.address(pod)) and pod.get("status", {}).get("phase") not in pods.ENDED


def _is_engine(pod: Manifest) -> bool:
    return _label(pod, labels.ROLE) == "engine"


def _label(pod: Manifest, name: str) -> str:
    return str((pod["metadata"].get("labels") or {}).get(name, ""))
