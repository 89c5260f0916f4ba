"""The playground's path from a browser to a model: what is forwarded, returned and refused."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from fairlead.cli import cluster_client, console_proxy
from fairlead.cluster.kinds import Manifest
from tests.cli.pretend_cluster import running
from tests.cli.test_console import ConsoleCluster
from tests.cluster.fake_api import FakeRequest, Fault

CHAT = "playground/team/chat-router:http"
BODY = {"model": "chat", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


class ModelCluster(ConsoleCluster):
    """A model that answers with one word, and with the next only after the first was read."""

    def __init__(self) -> None:
        super().__init__()
        self.chats: list[tuple[str, dict[str, str], Any]] = []
        """Path, headers and body of each request to it."""
        self.breaks_off = False
        self.forbids = False
        self.went: list[str] = []
        self.next_word = threading.Event()

    async def _carry_out(self, request: web.Request, sent: FakeRequest, body: Manifest) -> web.StreamResponse:
        if sent.resource.plural != "services":
            return await super()._carry_out(request, sent, body)
        if self.forbids:
            return web.json_response({"kind": "Status", "message": "services is forbidden: services/proxy"}, status=403)
        self.chats.append((request.path, dict(request.headers), body))
        own = {"Server-Timing": "queue;dur=1.0", "X-Fairlead-Replica": "a", "X-Other": "b", "Set-Cookie": "c=d"}
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream", **own})
        await answer.prepare(request)
        await answer.write(b"data: one\n\n")
        try:
            async with asyncio.timeout(10):
                while not self.next_word.is_set():
                    await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.went.append("client")
            raise
        if self.breaks_off and request.transport is not None:
            request.transport.abort()
        await answer.write(b"data: two\n\n")
        return answer


Scenario = Callable[[aiohttp.ClientSession, URL, ModelCluster], Awaitable[None]]


def entered(folder: Path, monkeypatch: pytest.MonkeyPatch, scenario: Scenario, *, enters: bool = True) -> ModelCluster:
    """A browser at the open proxy; cookies are kept if it came by the printed address."""
    with running(folder, ModelCluster) as (cluster, kubeconfig):
        monkeypatch.setenv("KUBECONFIG", kubeconfig)
        monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
        assert isinstance(cluster, ModelCluster)
        cluster.has_consoles()

        async def run() -> None:
            async with cluster_client.open_cluster(None) as reached:
                way = await console_proxy.passage(reached, None)
                async with (
                    console_proxy.opened(way, 0) as address,
                    aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
                ):
                    if enters:
                        async with session.get(address) as answer:
                            assert answer.status == 200
                    await scenario(session, URL(address).origin(), cluster)

        asyncio.run(run())
        return cluster


def own(root: URL, **more: str) -> dict[str, str]:
    """What the playground's page sends."""
    return {"Origin": str(root), "X-Fairlead-Explain": "1", **more}


def test_an_answer_comes_part_by_part_with_the_routers_headers_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, cluster: ModelCluster) -> None:
        headers = own(root, **{"X-Api-Key": "sk-1", "X-Other": "x"})
        async with session.post(root / CHAT, json=BODY, headers=headers) as answer:
            assert (answer.status, answer.content_type) == (200, "text/event-stream")
            assert await answer.content.readany() == b"data: one\n\n"
            cluster.next_word.set()
            assert await answer.content.read() == b"data: two\n\n"
            assert (answer.headers["Server-Timing"], answer.headers["X-Fairlead-Replica"]) == ("queue;dur=1.0", "a")
            assert not {"X-Other", "Set-Cookie"} & set(answer.headers)
            assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")

    ((path, headers, body),) = entered(tmp_path, monkeypatch, scenario).chats
    assert path == "/api/v1/namespaces/team/services/chat-router:http/proxy/v1/chat/completions"
    assert (headers["X-Api-Key"], headers["X-Fairlead-Explain"], headers["Authorization"]) == ("sk-1", "1", "Bearer t")
    assert not {"X-Other", "Cookie", "Origin", "Fairlead-Authorization"} & set(headers)
    assert body == BODY


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (CHAT, {"Origin": "http://127.0.0.1:1"}, 403),
        (CHAT, {"Origin": "null"}, 403),
        (CHAT, {"Host": "evil.example"}, 403),
        (CHAT, {"Content-Type": "text/plain"}, 415),
        ("playground/team/chat-router:9090", {}, 404),
        ("playground/team/chat-router", {}, 404),
        ("playground/TEAM/chat-router:http", {}, 404),
        ("playground/team/http:chat-router:http", {}, 404),
    ],
)
def test_what_no_page_of_ours_sends_is_refused_and_not_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, headers: dict[str, str], status: int
) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, _: ModelCluster) -> None:
        sent = own(root, **{"Content-Type": "application/json"}) | headers
        async with session.post(root / path, data=b"{}", headers=sent) as answer:
            assert answer.status == status, await answer.text()

    assert entered(tmp_path, monkeypatch, scenario).chats == []


def test_without_the_printed_address_nothing_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, _: ModelCluster) -> None:
        async with session.post(root / CHAT, json=BODY, headers=own(root)) as answer:
            assert (answer.status, await answer.text()) == (403, console_proxy.CLOSED)

    assert entered(tmp_path, monkeypatch, scenario, enters=False).chats == []


def test_a_missing_permission_is_shown_with_the_message_of_the_api_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, cluster: ModelCluster) -> None:
        cluster.forbids = True
        async with session.post(root / CHAT, json=BODY, headers=own(root)) as answer:
            assert (answer.status, (await answer.json())["message"]) == (403, "services is forbidden: services/proxy")

    entered(tmp_path, monkeypatch, scenario)


def test_an_unreachable_api_server_is_reported_in_the_error_format_of_routers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, cluster: ModelCluster) -> None:
        cluster.fail(Fault(code=0), "create")
        async with session.post(root / CHAT, json=BODY, headers=own(root)) as answer:
            assert (answer.status, "create services/proxy" in (await answer.json())["error"]["message"]) == (502, True)

    entered(tmp_path, monkeypatch, scenario)


def test_what_breaks_off_at_the_model_breaks_off_in_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, cluster: ModelCluster) -> None:
        cluster.breaks_off = True
        async with session.post(root / CHAT, json=BODY, headers=own(root)) as answer:
            assert await answer.content.readany() == b"data: one\n\n"
            cluster.next_word.set()
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read()

    entered(tmp_path, monkeypatch, scenario)


def test_who_stops_reading_ends_the_request_at_the_model_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(session: aiohttp.ClientSession, root: URL, cluster: ModelCluster) -> None:
        async with session.post(root / CHAT, json=BODY, headers=own(root)) as answer:
            await answer.content.readany()
        for _ in range(200):
            if cluster.went:
                return
            await asyncio.sleep(0.02)

    assert entered(tmp_path, monkeypatch, scenario).went == ["client"]
