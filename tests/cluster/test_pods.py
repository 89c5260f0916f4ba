"""What pods return: a page or nothing; a router's report or nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from fairlead.cluster import pod_http, router_client
from fairlead.cluster.router_client import ReportedSamples, SamplesPage
from fairlead.fleet.endpoints import EndpointState, GatewayReport, HourSpend, RouterEndpoint, RouterReport, TenantUse
from fairlead.fleet.request_samples import Fault, RequestSample
from fairlead.fleet.traffic_shares import TrafficShare
from tests.cluster.worlds import run

TWO = [
    {"pod": "chat-b", "address": "10.0.0.2:8000", "state": "ejected", "inflight": 0, "reason": "refused 3 times"},
    {"pod": "chat-a", "address": "10.0.0.1:8000", "state": "routable", "inflight": 3, "newer": {}},
    {"pod": "chat-c", "address": "10.0.0.3:8000", "state": "sleeping", "inflight": None, "reason": None},
]


@asynccontextmanager
async def answering(status: int, text: str) -> AsyncIterator[tuple[aiohttp.ClientSession, int]]:
    """A pod with one answer to everything, and a session for requests to it."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={"Location": str(request.path)})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield session, runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "text", "expected"),
    [
        (200, "vllm:num_requests_waiting 2", "vllm:num_requests_waiting 2"),
        (500, "no", None),
        (302, "", None),
        (200, "x" * (pod_http.LARGEST + 1), None),
    ],
    ids=["a page", "an error", "a redirection", "too much"],
)
def test_an_engines_page_or_nothing(status: int, text: str, expected: str | None) -> None:
    async def story() -> None:
        async with answering(status, text) as (session, port):
            assert await pod_http.metrics(session, "127.0.0.1", port, "/metrics") == expected

    run(story())


def test_a_pod_that_cannot_be_reached_returns_none() -> None:
    async def story() -> None:
        async with aiohttp.ClientSession() as session:
            assert await pod_http.metrics(session, "127.0.0.1", 1, "/metrics") is None
            assert await router_client.endpoints(session, "::1", None, 1) is None

    run(story())


def test_a_routers_report_is_read_by_pod_and_its_unknown_values_do_no_harm() -> None:
    async def story() -> None:
        async with answering(200, json.dumps({"endpoints": TWO})) as (session, port):
            found = await router_client.endpoints(session, "127.0.0.1", "key", port)
            assert found is not None
            assert found.hour is None
            assert found.endpoints == (
                RouterEndpoint(pod="chat-a", address="10.0.0.1:8000", state=EndpointState.ROUTABLE, inflight=3),
                RouterEndpoint(
                    pod="chat-b",
                    address="10.0.0.2:8000",
                    state=EndpointState.EJECTED,
                    inflight=0,
                    reason="refused 3 times",
                ),
                RouterEndpoint(pod="chat-c", address="10.0.0.3:8000", state=EndpointState.UNKNOWN, inflight=0),
            )

    run(story())


@pytest.mark.parametrize(
    ("written", "seconds"), [(130.5, 130.5), (None, None), (-1, None), (float("nan"), None), (float("inf"), None)]
)
def test_a_routers_report_says_how_long_an_engine_has_hung_or_was_not_used(
    written: float | None, seconds: float | None
) -> None:
    entry = {"pod": "a", "address": "10.0.0.1:8000", "state": "ejected", "hungSeconds": written}
    report = router_client.parsed(json.dumps({"endpoints": [entry | {"idleSeconds": written}]}))
    assert report is not None
    assert (report.endpoints[0].hung_seconds, report.endpoints[0].idle_seconds) == (seconds, seconds)


@pytest.mark.parametrize(
    "text",
    ["", "<html>", "[]", "{}", '{"endpoints": 3}', '{"endpoints": [3]}', '{"endpoints": [{"pod": "a"}]}', "[" * 10**5],
    ids=range(8),
)
def test_what_is_no_report_is_nothing(text: str) -> None:
    assert router_client.parsed(text) is None


def test_a_report_says_how_many_requests_wait_in_all_lanes() -> None:
    lanes = {"interactive": {"waiting": 2, "inflight": 5}, "long": {"waiting": 1}, "batch": {}}
    found = router_client.parsed(json.dumps({"endpoints": [], "queue": {"held": 3, "lanes": lanes}}))
    assert found == RouterReport(waiting=3)
    assert router_client.parsed('{"endpoints": [], "queue": {"lanes": {"batch": {"waiting": "some"}}}}') is None


def test_a_report_says_what_the_last_hour_cost() -> None:
    found = router_client.parsed('{"endpoints": [], "lastHour": {"cost": 1.5, "tokens": 2000}}')
    assert found == RouterReport(hour=HourSpend(cost=1.5, tokens=2000))
    assert router_client.parsed('{"endpoints": [], "lastHour": {"cost": "much"}}') is None
    found = router_client.parsed(
        '{"endpoints": [], "tenants": {"shop": {"inflight": 2, "spent": 12.5, "shared": true}}}'
    )
    assert found is not None
    assert found.tenants == {"shop": TenantUse(running=2, spent=12.5, shared=True)}


def test_requests_at_two_revisions_are_read_from_a_row_on() -> None:
    row = [1.5, 1, "c", 900, 512, 2, 250.0, None, 3]
    page = {"share": {"revision": "b", "percent": 5}, "rows": [row], "count": 7}

    async def story() -> None:
        async with answering(200, json.dumps(page)) as (session, port):
            found = await router_client.samples(session, "127.0.0.1", "key", SamplesPage(port=port, after=6))
            assert found == ReportedSamples(
                share=TrafficShare(revision="b", percent=5),
                rows=(
                    RequestSample(
                        at=1.5,
                        candidate=True,
                        conversation="c",
                        prompt_tokens=900,
                        cached_tokens=512,
                        load=2,
                        ttft_s=0.25,
                        faults=frozenset({Fault.ERROR, Fault.CUT}),
                    ),
                ),
                count=7,
            )
            assert await router_client.samples(session, "::1", None, SamplesPage(port=1)) is None

    run(story())


def test_requests_of_one_adapter_and_one_target_are_queried_by_name() -> None:
    page = SamplesPage(adapter="a b", target="demo/chat", after=3)
    assert page.query == "after=3&deployment=demo%2Fchat&adapter=a+b"
    assert SamplesPage().query == "after=0"


def test_a_router_says_what_a_new_revision_gets_of_its_traffic() -> None:
    found = router_client.parsed('{"endpoints": [], "share": {"revision": "1a2b3c4d", "percent": 5}}')
    assert found == RouterReport(share=TrafficShare(revision="1a2b3c4d", percent=5))
    assert router_client.parsed('{"endpoints": [], "share": {"percent": 5}}') is None


def test_no_engines_is_a_report_too() -> None:
    assert router_client.parsed('{"endpoints": []}') == RouterReport()


def test_a_gateways_router_reports_all_its_targets_and_tenants() -> None:
    one = {"pod": "a", "address": "10.0.0.1:8000", "state": "routable", "inflight": 2}
    money = {"spent": 1.5, "shared": True}
    page = {
        "targets": {"team/chat": {"endpoints": [one]}, "team/code": {"endpoints": []}},
        "retiring": ["team/old"],
        "tenants": {
            "shop": {"inflight": 1, "waiting": 2, "requestsPerMinute": 3, "tokensPerMinute": 4} | money,
            "rest": {},
        },
        "routes": {},
    }
    endpoint = RouterEndpoint(pod="a", address="10.0.0.1:8000", state=EndpointState.ROUTABLE, inflight=2)
    assert router_client.parsed_gateway(json.dumps(page)) == GatewayReport(
        targets={"team/chat": (endpoint,), "team/code": ()},
        tenants={
            "shop": TenantUse(running=1, waiting=2, requests=3, tokens=4, spent=1.5, shared=True),
            "rest": TenantUse(),
        },
        retiring=frozenset({"team/old"}),
    )
    assert router_client.parsed_gateway('{"targets": {}}') == GatewayReport(targets={}, tenants={})


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"targets": []}', '{"targets": {"a": 3}}', '{"targets": {}, "tenants": {"a": {"waiting": "x"}}}'],
    ids=range(5),
)
def test_what_is_no_report_of_a_gateway_is_nothing(text: str) -> None:
    assert router_client.parsed_gateway(text) is None


def test_a_gateways_router_is_queried_for_one_of_its_targets() -> None:
    assert router_client.path_of("team/chat") == "/fairlead/v1/endpoints?deployment=team/chat"
    assert router_client.path_of("") == "/fairlead/v1/endpoints"
