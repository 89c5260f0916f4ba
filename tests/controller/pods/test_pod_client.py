"""Requests to running pods are bounded: an engine's figures are read once, a silent pod is tried again later."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from aiohttp import web

from fairlead.cluster.kinds import Manifest
from fairlead.cluster.pod_http import LARGEST_REPLY, PodReply
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.controller.pods.pod_client import AGAIN_S, PodClient
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.endpoints import GatewayReport, RouterReport
from fairlead.fleet.router_keys import RouterKeys
from fairlead.objects import labels
from tests.cluster.worlds import run

VLLM: Final = EngineKind.VLLM
THIRD: Final = SamplesPage(after=3)
PAGE: Final = """\
# TYPE vllm:cache_config_info gauge
vllm:cache_config_info{engine="0",block_size="16",num_gpu_blocks="1000"} 1.0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 0.0
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="m"} 0.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="m"} 0.0
"""


class Clock:
    """A manual clock."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def pod(uid: str, address: str = "") -> Manifest:
    """A pod that listens, or has no address yet."""
    return {"metadata": {"uid": uid, "name": uid}, "status": {"podIP": address} if address else {}}


def test_a_pod_without_an_address_gets_no_request() -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            pods = PodClient(session, Clock())
            assert await pods.endpoints(pod("r")) is None
            assert await pods.load(pod("e"), EngineKind.VLLM) is None

    run(story())


def test_what_an_engine_measured_once_is_not_scraped_again(tmp_path: Path) -> None:
    """Its KV capacity does not change while it runs; a page without it is not final, and an invalid page is none."""

    async def story() -> None:
        pages, clock = ["nonsense", PAGE.replace("cache_config_info", "other_info"), PAGE], Clock()

        async def metrics(_: web.Request) -> web.Response:
            return web.Response(text=pages.pop(0))

        app = web.Application()
        app.add_routes([web.get("/metrics", metrics)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "engine")).start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            connector = aiohttp.UnixConnector(str(tmp_path / "engine"))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            pods = PodClient(session, clock)
            assert await pods.load(pod("e", "10.0.0.1"), EngineKind.VLLM) is None
            clock.now += AGAIN_S
            unsized = await pods.load(pod("e", "10.0.0.1"), EngineKind.VLLM)
            assert unsized is not None
            assert unsized.capacity_blocks is None
            clock.now += AGAIN_S
            measured = await pods.load(pod("e", "10.0.0.1"), EngineKind.VLLM)
            assert measured is not None
            assert measured.capacity_blocks == 1000
            clock.now += AGAIN_S
            assert await pods.load(pod("e", "10.0.0.1"), EngineKind.VLLM) == measured
        assert pages == []

    run(story())


@pytest.mark.trial(16)
def test_a_router_is_queried_on_its_metrics_port_with_the_key_of_its_deployment(tmp_path: Path) -> None:
    router = pod("r", "10.0.0.1")
    router["metadata"] |= {"namespace": "team", "labels": {labels.DEPLOYMENT: "chat"}}
    keys = RouterKeys(secret=b"s" * 32)
    pairs: list[tuple[int | None, str | None]] = []

    async def story() -> None:
        async def endpoints(request: web.Request) -> web.Response:
            pairs.append((request.url.port, request.headers.get("Authorization")))
            return web.json_response({"endpoints": []})

        app = web.Application()

        async def samples(request: web.Request) -> web.Response:
            assert request.query == {"after": "3"}
            pairs.append((request.url.port, request.headers.get("Authorization")))
            return web.json_response({"rows": [], "count": 3})

        app.add_routes([web.get("/fairlead/v1/endpoints", endpoints), web.get("/fairlead/v1/samples", samples)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "router")).start()
        connector = aiohttp.UnixConnector(str(tmp_path / "router"))
        async with aiohttp.ClientSession(connector=connector) as session:
            assert await PodClient(session, Clock(), keys).endpoints(router) == RouterReport()
            assert await PodClient(session, Clock()).endpoints(router) == RouterReport()
            found = await PodClient(session, Clock(), keys).samples(router, THIRD)
            assert found == ReportedSamples(share=None, count=3)
            router["status"] = {}
            assert await PodClient(session, Clock(), keys).samples(router, THIRD) is None
        await runner.cleanup()

    run(story())
    bearer = f"Bearer {keys.bearer('team', 'chat')}"
    assert pairs == [(9090, bearer), (9090, None), (9090, bearer)]


@pytest.mark.trial(16)
def test_a_gateways_router_is_queried_with_the_key_of_its_gateway(tmp_path: Path) -> None:
    router = pod("r", "10.0.0.1")
    router["metadata"] |= {"namespace": "team", "labels": {labels.GATEWAY: "front"}}
    keys = RouterKeys(secret=b"s" * 32)
    requests: list[tuple[str, str | None]] = []

    async def story() -> None:
        async def endpoints(request: web.Request) -> web.Response:
            requests.append((request.path_qs, request.headers.get("Authorization")))
            return web.json_response({"endpoints": []} if request.query else {"targets": {}})

        app = web.Application()
        app.add_routes([web.get("/fairlead/v1/endpoints", endpoints)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "router")).start()
        connector = aiohttp.UnixConnector(str(tmp_path / "router"))
        async with aiohttp.ClientSession(connector=connector) as session:
            client = PodClient(session, Clock(), keys)
            assert await client.endpoints(router, "team/chat") == RouterReport()
            assert await client.gateway_report(router) == GatewayReport(targets={}, tenants={})
            lost = pod("r", "")
            assert await client.gateway_report(lost | {"status": {}}) is None
        await runner.cleanup()

    run(story())
    bearer = f"Bearer {keys.bearer('team', 'gateway/front')}"
    assert requests == [
        ("/fairlead/v1/endpoints?deployment=team/chat", bearer),
        ("/fairlead/v1/endpoints", bearer),
    ]


def test_an_engine_is_put_to_sleep_and_woken_where_it_knows_how(tmp_path: Path) -> None:
    """An engine without those endpoints is awake; one that fails is tried again."""
    lines: list[str] = []

    async def story() -> None:
        async def act(request: web.Request) -> web.Response:
            lines.append(request.path_qs)
            return web.Response(status=statuses.pop(0))

        statuses = [200, 500, 200, 404, 503]
        app = web.Application()
        app.add_routes([web.post("/{any}", act)])
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "engine")).start()
        connector = aiohttp.UnixConnector(str(tmp_path / "engine"))
        async with aiohttp.ClientSession(connector=connector) as session:
            pods, engine = PodClient(session, Clock()), pod("e", "10.0.0.1")
            assert [await pods.sleep(engine, VLLM), await pods.sleep(engine, VLLM)] == [True, False]
            assert [await pods.wake(engine, VLLM), await pods.wake(engine, VLLM), await pods.wake(engine, VLLM)] == [
                True,
                True,
                False,
            ]
            assert not await pods.wake(pod("no address yet"), VLLM)
        await runner.cleanup()
        async with aiohttp.ClientSession() as session:
            assert not await PodClient(session, Clock()).sleep(pod("e", "127.0.0.254"), VLLM)

    run(story())
    assert lines == ["/sleep?level=1&mode=wait"] * 2 + ["/wake_up"] * 3


def test_an_engine_that_does_not_answer_is_scraped_again_after_a_while() -> None:
    """Nothing listens there."""

    async def story() -> None:
        clock, sent, trace = Clock(), list[aiohttp.TraceRequestStartParams](), aiohttp.TraceConfig()

        async def starts(_: object, __: object, request: aiohttp.TraceRequestStartParams) -> None:
            sent.append(request)

        trace.on_request_start.append(starts)
        async with aiohttp.ClientSession(trace_configs=[trace]) as session:
            pods = PodClient(session, clock)
            silent = pod("e", "127.0.0.254")
            assert await pods.endpoints(silent) is None

            async def scraped(kind: EngineKind) -> int:
                before = len(sent)
                assert await pods.load(silent, kind) is None
                return len(sent) - before

            assert [await scraped(VLLM), await scraped(VLLM)] == [1, 0]
            clock.now += AGAIN_S
            assert [await scraped(EngineKind.TENSORRT_LLM), await scraped(VLLM)] == [1, 0]
            pods.forget("e")
            assert await scraped(VLLM) == 1

    run(story())


def test_an_engine_is_sent_our_own_request_behind_those_of_users(tmp_path: Path) -> None:
    """At the lowest priority where it has any; a time-out is distinguished from a refused connection."""

    async def story() -> None:
        seen: list[tuple[str, str]] = []

        async def complete(request: web.Request) -> web.Response:
            seen.append((request.headers["x-vllm-priority"], request.headers["x-fairlead-lane"]))
            if await request.text() == "slow":
                await asyncio.sleep(5)
            if await request.text() == "large":
                return web.Response(body=b"x" * (LARGEST_REPLY + 1))
            return web.Response(status=503, text="busy")

        async def models(_: web.Request) -> web.Response:
            return web.Response(text='{"data": []}')

        app = web.Application()
        app.add_routes([web.post("/v1/chat/completions", complete), web.get("/v1/models", models)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "engine")).start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            connector = aiohttp.UnixConnector(str(tmp_path / "engine"))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            pods, lane = PodClient(session), {"x-fairlead-lane": "batch"}
            there = pod("e", "10.0.0.1")
            assert await pods.complete(there, VLLM, b"{}", lane, 2) == PodReply(503, b"busy")
            assert await pods.complete(there, VLLM, b"slow", lane, 0.1) == PodReply(408, b"no reply within 0.1 s")
            assert await pods.complete(there, VLLM, b"large", lane, 2) == PodReply(413, b"the reply is too large")
            assert await pods.models(there, VLLM) == '{"data": []}'
            assert await pods.models(pod("away"), VLLM) is None
            assert await pods.complete(pod("away"), VLLM, b"{}", lane, 2) is None
            await runner.cleanup()
            assert await pods.complete(there, VLLM, b"{}", lane, 2) is None
        assert set(seen) == {("1000000", "batch")}

    run(story())


def test_a_judge_that_sends_us_elsewhere_is_not_followed_there(tmp_path: Path) -> None:
    """The key is for its own address only."""

    async def story() -> None:
        seen: list[tuple[str, str]] = []

        async def complete(request: web.Request) -> web.Response:
            seen.append((request.path, request.headers["Authorization"]))
            return web.Response(status=307, headers={"Location": "/elsewhere"}, text="there")

        app = web.Application()
        app.add_routes([web.post("/{path:.*}", complete)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(tmp_path / "judge")).start()
        async with AsyncExitStack() as stack:
            stack.push_async_callback(runner.cleanup)
            connector = aiohttp.UnixConnector(str(tmp_path / "judge"))
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
            reply = await PodClient(session).post("http://judge/v1/chat", b"{}", {"Authorization": "Bearer a"}, 2)
            assert reply == PodReply(307, b"there")
        assert seen == [("/v1/chat", "Bearer a")]

    run(story())
