"""The relay in a runner's pod: a program's requests reach engines marked and last, and wait while users do."""

import asyncio
import json
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import PodReply
from fairlead.evaluator import relay
from fairlead.evaluator.relay import Relay, RelaySettings
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad
from fairlead.process import engine_places
from fairlead.process.engine_requests import EngineRequest, EngineRequests

BODY = {"model": "chat", "messages": [{"role": "user", "content": "2 + 2?"}]}
Client = TestClient[aiohttp.web.Request, aiohttp.web.Application]


class Engines(EngineRequests):
    """Two pods, some of which are busy, gone, or have waiting users."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.gone: set[str] = set()
        self.busy: dict[str, int] = {}
        self.waiting = 0
        self.headers: dict[str, str] = {}
        self.in_flight = self.most = 0

    async def load_now(self, pod: Manifest, kind: EngineKind) -> EngineLoad | None:  # noqa: ARG002
        return EngineLoad(engines=1, running=float(self.waiting), waiting=float(self.waiting))

    async def models(self, pod: Manifest, kind: EngineKind) -> str | None:  # noqa: ARG002
        return None if pod["metadata"]["name"] in self.gone else '{"data": [{"id": "chat"}]}'

    async def send(self, pod: Manifest, kind: EngineKind, request: EngineRequest) -> PodReply | None:  # noqa: ARG002
        name = pod["metadata"]["name"]
        self.seen[name] += 1
        self.headers = dict(request.headers)
        if name in self.gone:
            return None
        if self.busy.get(name):
            self.busy[name] -= 1
            return PodReply(503, b"busy")
        self.in_flight += 1
        self.most = max(self.most, self.in_flight)
        await asyncio.sleep(0.01)
        self.in_flight -= 1
        return PodReply(200, json.dumps({"path": request.path, "echo": json.loads(request.body)}).encode())


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "RETRY_S", 0.001)
    monkeypatch.setattr(engine_places, "RETRY_S", 0.001)
    monkeypatch.setattr(engine_places, "SCRAPED_FOR_S", 0.0)


@asynccontextmanager
async def relayed(engines: Engines, folder: Path, concurrency: int = 2) -> AsyncIterator[Client]:
    settings = RelaySettings(addresses=folder / "addresses", kind=EngineKind.VLLM, concurrency=concurrency)
    async with TestClient(TestServer(Relay(settings, engines).application())) as client:
        yield client


def served(folder: Path, *pods: str) -> None:
    (folder / "addresses").write_text(",".join(pods))


def test_requests_are_marked_and_shared_out_and_no_more_than_so_many_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        engines = Engines()
        served(tmp_path, "198.18.0.1", "198.18.0.2")
        async with relayed(engines, tmp_path) as client:
            replies = await asyncio.gather(*(client.post("/v1/chat/completions", json=BODY) for _ in range(8)))
            assert [reply.status for reply in replies] == [200] * 8
            assert (await replies[0].json()) == {"path": "/v1/chat/completions", "echo": BODY}
            assert (await (await client.post("/v1/completions", json=BODY)).json())["path"] == "/v1/completions"
        assert engines.most == 2
        assert set(engines.seen) == {"198.18.0.1", "198.18.0.2"}
        assert engines.headers["x-fairlead-lane"] == "batch"

    asyncio.run(story())


def test_another_pod_answers_where_one_is_unreachable_or_busy(tmp_path: Path) -> None:
    async def story() -> None:
        engines = Engines()
        served(tmp_path, "198.18.0.1", "198.18.0.2")
        engines.gone, engines.busy = {"198.18.0.1"}, {"198.18.0.2": 1}
        async with relayed(engines, tmp_path) as client:
            assert (await client.post("/v1/chat/completions", json=BODY)).status == 200
            assert (await client.get("/v1/models")).status == 200
            engines.gone = {"198.18.0.1", "198.18.0.2"}
            assert (await client.post("/v1/chat/completions", json=BODY)).status == 503
            assert (await client.get("/v1/models")).status == 503

    asyncio.run(story())


def test_a_request_waits_while_users_do_and_while_no_pod_is_named(tmp_path: Path) -> None:
    async def story() -> None:
        engines = Engines()
        async with relayed(engines, tmp_path) as client:
            waiting = asyncio.create_task(client.post("/v1/chat/completions", json=BODY))
            await asyncio.sleep(0.02)
            engines.waiting = 2
            served(tmp_path, "198.18.0.1")
            await asyncio.sleep(0.02)
            assert not engines.seen
            engines.waiting = 0
            assert (await waiting).status == 200

    asyncio.run(story())


def test_a_stream_is_refused_in_a_sentence_and_nonsense_is_the_engines_to_refuse(tmp_path: Path) -> None:
    async def story() -> None:
        engines = Engines()
        served(tmp_path, "198.18.0.1")
        engines.busy = {"198.18.0.1": 9}
        async with relayed(engines, tmp_path) as client:
            reply = await client.post("/v1/chat/completions", json=BODY | {"stream": True})
            assert reply.status == 400
            assert "sends no streams; leave it out" in (await reply.json())["error"]["message"]
            python = json.dumps(BODY | {"stream": True, "temperature": float("nan"), "user": "\ud800"}).encode()
            assert (await client.post("/v1/chat/completions", data=python)).status == 400
            for body in (b"{", b"[" * 200_000):
                assert (await client.post("/v1/chat/completions", data=body)).status == 503, body[:2]
            assert (await client.post("/v1/embeddings", json=BODY)).status == 404

    asyncio.run(story())


def test_it_listens_on_the_loopback_until_the_pod_ends(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    async def story() -> None:
        settings = RelaySettings(addresses=tmp_path / "addresses", kind=EngineKind.VLLM, concurrency=1)
        serving = asyncio.create_task(relay.serve(settings, port))
        async with aiohttp.ClientSession() as session:
            for _ in range(200):
                await asyncio.sleep(0.01)
                try:
                    async with session.get(f"http://127.0.0.1:{port}/v1/models") as reply:
                        assert reply.status == 503
                        break
                except aiohttp.ClientConnectorError:
                    continue
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(story())
