"""A console with 500 made-up deployments behind its proxy, and one real router for its playground."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import aiohttp
import uvloop
from yarl import URL

from fairlead.cli import console_proxy
from fairlead.cli.playground_proxy import CHAT
from fairlead.cluster import kinds
from fairlead.cluster.pod_proxy import PodPage
from fairlead.cluster.service_proxy import ServiceAnswer, ServicePort
from fairlead.process.console_views import FORWARDED
from fairlead.scaling.decide.recommendation import DecisionFigure
from fairlead.scaling.explain.decision_record import DecisionRecord
from tests.cli.decisions import AT, decided, facts, router
from tests.console.objects import NO_ROOM, condition, deployment, gateway
from tests.emulator.living import Living
from tests.process.console_world import Console, served
from tests.process.test_console_reports import report
from tests.router import planes
from tests.router.planes import Plane

HOSTILE: Final = "</td><script>document.title='hurt'</script><img src=//evil.example/x onerror=document.title='hurt'>"
CALM: Final = "pod chat-001-5d9c waits for 2 GPUs of NVIDIA-L40S; none is free"
DEPLOYMENTS: Final = 500


def _fill(console: Console, words: str) -> None:
    assert console.leader.watched is not None
    wrong = [NO_ROOM[0] | {"message": words}, NO_ROOM[1] | {"message": words}]
    revision = {"name": "chat-000-6f9c5d7b8", "replicas": 2, "ready": 2, "routable": 2, "weight": 100}
    decisions = [{"at": "2026-11-23T02:00:00Z", "before": 1, "after": 2, "reason": "TokenDemand", "message": words}]
    steps = [{"replicas": 1, "traffic": share, "gates": ["errors"]} for share in (5, 25, 100)]
    canary = {"phase": "Holding", "since": "2026-11-23T02:00:00Z", "step": 2, "plan": {"steps": steps}}
    special: dict[int, dict[str, Any]] = {
        0: {"revisions": [revision], "scaling": {"decisions": decisions}, "canary": canary},
        1: {"conditions": wrong},
        2: {"conditions": [], "observedGeneration": None},
    }
    for number in range(DEPLOYMENTS):
        document = deployment(f"chat-{number:03}", **special.get(number, {}))
        document["spec"]["model"] = {"servedName": "chat"} if number == 0 else {}
        console.leader.watched.put(kinds.INFERENCE_DEPLOYMENT, document)
    for step in range(-40, 1):
        console.clock[0] = AT + 15 * step
        one = _decided(step)
        console.leader.decided = [replace(one, name=f"chat-{number:03}") for number in range(DEPLOYMENTS)]
        console.source.observe()
    tenants = [{"name": words, "running": 1, "requests": 2, "tokens": 3, "spent": "4", "budget": "5"}]
    silent = [condition("Routable", "False", "RoutersSilent", words)]
    console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway())
    console.leader.watched.put(kinds.INFERENCE_GATEWAY, gateway("door", tenants=tenants, conditions=silent))
    verdict = {"fairlead.dev/verdict": words, "fairlead.dev/played-at": words}
    hurt = report("team", "hurt")
    hurt["metadata"]["annotations"] = verdict
    console.reviews.config_maps += [report("team"), hurt]


def _decided(step: int) -> DecisionRecord:
    """A decision for a fleet under a wave of load."""
    waiting = max(0.0, 9.0 - abs(20 + step))
    record = decided(facts(routers=(router(waiting=waiting),), price_per_hour=0.7), at=AT + 15 * step)
    numbers = {"demand.requestsPerSecond": 4.0 + waiting, "supply.replicas": 2.0, "need.replicas": 1.0 + waiting / 9}
    figures = tuple(DecisionFigure(name=key, value=value) for key, value in numbers.items())
    return replace(record, recommendation=replace(record.recommendation, figures=figures))


class _Straight:
    """Access without an API server."""

    def __init__(self, console: Console, router: Plane, token: str) -> None:
        self._console, self._router, self._token = console, router, token

    async def fetch(self, page: str) -> PodPage:
        """With the reader's token."""
        headers = {FORWARDED: f"Bearer {self._token}"}
        async with (
            aiohttp.ClientSession() as session,
            session.get(URL(f"{self._console.address}{page}", encoded=True), headers=headers) as answer,
        ):
            policy = answer.headers["Content-Security-Policy"]
            return PodPage(answer.status, answer.content_type, await answer.read(), policy)

    @asynccontextmanager
    async def chat(self, service: ServicePort, body: bytes, headers: Mapping[str, str]) -> AsyncIterator[ServiceAnswer]:
        """Send to the only router."""
        sent = {**headers, "Content-Type": "application/json"}
        assert service.namespace == "team"
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self._router.url}{CHAT}", data=body, headers=sent) as answer,
        ):
            yield ServiceAnswer(answer.status, answer.headers, answer.content.iter_any())


@asynccontextmanager
async def _a_router() -> AsyncIterator[Plane]:
    engine = await Living().start()
    with TemporaryDirectory() as folder:
        async with planes.before(Path(folder), [engine]) as router:
            yield router
    await engine.stop()


@contextmanager
def door(token: str, *, hostile: bool = True) -> Iterator[str]:
    """Yield the printed address, while a thread runs the proxy."""
    loop, found, ready = uvloop.new_event_loop(), list[str](), threading.Event()
    over = asyncio.Event()

    async def stay() -> None:
        async with served() as console, _a_router() as router:
            _fill(console, HOSTILE if hostile else CALM)
            async with console_proxy.opened(_Straight(console, router, token), 0) as address:
                found.append(address)
                ready.set()
                await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(stay(),), daemon=True)
    thread.start()
    try:
        assert ready.wait(60)
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()
