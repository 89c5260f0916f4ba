"""What engines see of the router: reused connections, additions to requests, and the handling of strange answers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fairlead.router import upstream_requests
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_pool import KEEP_ALIVE_SECONDS, UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing.endpoint import Endpoint
from tests.emulator.living import living, paced
from tests.router.planes import (
    CHAT,
    PROMPT,
    STREAM,
    Plane,
    Raw,
    events,
    exchange_bytes,
    plane,
    posted,
    run_story,
    whole,
    written,
)

DELTA = b'{"choices":[{"index":0,"text":"a","finish_reason":null}]}'
USAGE = b'{"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}'
ANSWER = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}')
METRICS = b"""# HELP vllm:num_requests_running x
vllm:num_requests_running{engine="0",model_name="chat"} 3.0
vllm:num_requests_waiting{engine="0",model_name="chat"} 1.0
vllm:kv_cache_usage_perc{engine="0",model_name="chat"} 0.25
vllm:cache_config_info{block_size="16",engine="0",kv_cache_size_tokens="None",num_gpu_blocks="100"} 1.0
"""


@asynccontextmanager
async def router_before(folder: Path, *engines: Raw, **routing: Any) -> AsyncIterator[Plane]:  # noqa: ANN401 - any JSON
    """A router in front of them, all proved."""
    async with AsyncExitStack() as stack:
        for engine in engines:
            await stack.enter_async_context(engine.listening())
        config = written(folder, [engine.address for engine in engines], **routing)
        router = await stack.enter_async_context(plane(config))
        await router.until(*["routable"] * len(engines))
        yield router


def test_one_connection_serves_one_request_after_another(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(*[ANSWER] * 5)
        async with router_before(tmp_path, engine) as router:
            for _ in range(5):
                assert (await router.complete())[0] == 200
            assert engine.connections <= 2

    run_story(story())


def test_a_request_on_a_connection_that_the_engine_just_closed_is_sent_again_without_using_a_retry() -> None:
    async def story() -> None:
        async with Raw(ANSWER, None, ANSWER).listening() as engine:
            pool = UpstreamPool(Endpoint("a", engine.address, 0), HeadCache(), RouterCounters(()))
            for _ in range(2):
                answer = await upstream_requests.fetch(
                    pool, upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}"), 1
                )
                assert answer.status == 200
            assert (len(engine.seen), engine.connections) == (3, 2)
            pool.close()

    run_story(story())


def test_the_router_closes_idle_connections_before_the_engine_does() -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as engine:
            pool = UpstreamPool(Endpoint("a", engine.address, 0), HeadCache(), RouterCounters(()))
            answer = await upstream_requests.fetch(
                pool, upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}"), 1
            )
            assert (answer.status, pool.idle) == (200, 1)
            pool.sweep(asyncio.get_running_loop().time() + KEEP_ALIVE_SECONDS + 0.1, 2.0)
            while not engine.closed:
                await asyncio.sleep(0.002)
            assert pool.idle == 0

    run_story(story())


def test_a_connection_idle_for_too_long_gets_no_request_however_late_the_sweep_is() -> None:
    async def story() -> None:
        async with Raw(ANSWER, ANSWER).listening() as engine:
            pool = UpstreamPool(Endpoint("a", engine.address, 0), HeadCache(), RouterCounters(()))
            message = upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}")
            first = await upstream_requests.fetch(pool, message, 1)
            kept = pool.idle
            late = upstream_requests.UpstreamRequest()
            pool.send(late, message, asyncio.get_running_loop().time() + KEEP_ALIVE_SECONDS + 0.1)
            assert (await late.answer()).status == 200
            assert (first.status, kept, engine.connections) == (200, 1, 2)
            pool.close()

    run_story(story())


def test_garbage_from_an_engine_becomes_a_502_and_no_byte_of_it_is_passed_on(tmp_path: Path) -> None:
    async def story() -> None:
        garbage = b"\x00\xff\x00 no answer\r\n\r\n"
        async with router_before(tmp_path, Raw(garbage), retries={"maxAttempts": 1}) as router:
            status, text = await router.complete()
            assert (status, json.loads(text)["error"]["code"]) == (502, "replica_unreachable")

    run_story(story())


def test_an_answer_that_ends_with_its_connection_is_sent_to_the_client_in_chunks(tmp_path: Path) -> None:
    async def story() -> None:
        closing = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n{}"

        class Closing(Raw):
            async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
                return await super()._answered(reader, writer) and not self.seen

        async with router_before(tmp_path, Closing(closing)) as router:
            answer = await exchange_bytes(router, posted(PROMPT))
            assert answer.endswith(b"2\r\n{}\r\n0\r\n\r\n")

    run_story(story())


def keyed(folder: Path, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """One tenant, as the operator renders it."""
    (folder / "key").write_text("sk-1")
    return {"tenants": [{"name": "shop", "keyFiles": [str(folder / "key")]} | more]}


def test_a_request_without_a_valid_key_reaches_no_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with router_before(tmp_path, Raw(ANSWER), **keyed(tmp_path)) as router:
            status, text = await router.complete()
            assert (status, json.loads(text)["error"]["code"]) == (401, "unknown_key")
            answer = await exchange_bytes(router, posted(PROMPT, "/v1/completions", "X-Api-Key: sk-1"))
            assert answer.startswith(b"HTTP/1.1 200")

    run_story(story())


def test_a_tenants_key_stays_at_the_router_and_its_priority_and_salt_reach_the_engine(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        bands = {
            "bands": [{"name": "gold", "priority": 9}, {"name": "iron", "priority": 1}],
            "balancing": {"salt": True},
        }
        async with router_before(tmp_path, engine, **keyed(tmp_path, band="iron"), **bands) as router:
            await exchange_bytes(
                router, posted(PROMPT, "/v1/completions", "Authorization: Bearer sk-1", "traceparent: 00-1-2-01")
            )
            head, _, body = engine.seen[0].partition(b"\r\n\r\n")
            assert b"sk-1" not in head
            assert b"x-vllm-priority: 1\r\n" in head
            assert b"traceparent: 00-1-2-01\r\n" in head
            salt = sha256(b"fairlead:shop").hexdigest()[:32]
            assert json.loads(body) == PROMPT | {"cache_salt": salt}

    run_story(story())


def test_no_client_sends_the_salt_of_another_tenant_whatever_the_route(tmp_path: Path) -> None:
    async def story() -> None:
        engine, mine = Raw(*[ANSWER] * 5), {"Authorization": "Bearer sk-1"}
        office, shop = (sha256(b"fairlead:" + name).hexdigest()[:32] for name in (b"office", b"shop"))
        async with router_before(tmp_path, engine, **keyed(tmp_path), balancing={"salt": True}) as router:
            for path in ("/v1/chat/completions", "/v1/embeddings", "/v1/rerank", "/v1/systemone"):
                body = {"model": "chat", "input": "a", "state": "a", "max_tokens": 1, "cache_salt": office}
                await exchange_bytes(router, posted(body, path, "Authorization: Bearer sk-1"))
            async with router.session.post(router.url + "/v1/audio/translations", data=b"RIFF", headers=mine) as answer:
                assert answer.status == 200
        bodies = [one.partition(b"\r\n\r\n")[2] for one in engine.seen]
        assert [json.loads(body)["cache_salt"] for body in bodies[:4]] == [shop] * 4
        assert bodies[4] == b"RIFF"

    run_story(story())


def test_a_stream_of_a_tenant_with_a_token_rate_is_counted_and_keeps_the_form_the_client_requested(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        engine = Raw(events(DELTA, USAGE))
        async with router_before(tmp_path, engine, **keyed(tmp_path, tokensPerMinute=1000)) as router:
            answer = await exchange_bytes(router, posted(STREAM, "/v1/completions", "Authorization: Bearer sk-1"))
            assert json.loads(engine.seen[0].partition(b"\r\n\r\n")[2])["stream_options"] == {"include_usage": True}
            assert b"usage" not in answer
            assert answer.count(b"data: ") == 2
            assert await router.metric('fairlead_router_output_tokens_total{tenant="shop",model="chat"}') in (1.0, -1.0)

    run_story(story())


def test_the_limit_on_output_is_written_into_requests_that_set_none(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER, ANSWER)
        async with router_before(tmp_path, engine, limits={"maxOutputTokens": 50}) as router:
            await router.complete(CHAT, "/v1/chat/completions")
            await router.complete(CHAT | {"max_tokens": 7}, "/v1/chat/completions")
            entries = [json.loads(one.partition(b"\r\n\r\n")[2])["max_tokens"] for one in engine.seen]
            assert entries == [50, 7]

    run_story(story())


@pytest.mark.parametrize("of", ["limits", "tenant"])
def test_a_limit_on_output_in_shadow_mode_changes_no_request(tmp_path: Path, of: str) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        routing: dict[str, Any] = {"limits": {"maxOutputTokens": 50, "shadow": of == "limits"}}
        routing |= keyed(tmp_path, shadow=of == "tenant")
        async with router_before(tmp_path, engine, **routing) as router:
            answer = await exchange_bytes(router, posted(CHAT, "/v1/chat/completions", "Authorization: Bearer sk-1"))
            assert answer.startswith(b"HTTP/1.1 200")
            assert json.loads(engine.seen[0].partition(b"\r\n\r\n")[2]) == CHAT

    run_story(story())


@pytest.mark.parametrize("surface", ["/v1/completions", "/v1/chat/completions"])
def test_limits_on_output_and_context_apply_to_each_of_several_answers(tmp_path: Path, surface: str) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        limits = {"maxOutputTokens": 50}
        async with router_before(tmp_path, engine, limits=limits) as router:
            body = CHAT if "chat" in surface else PROMPT
            status, _ = await router.complete(body | {"max_tokens": 50, "n": 8}, surface)
            assert status == 200
            status, text = await router.complete(body | {"max_tokens": 51, "n": 8}, surface)
            assert (status, "max_tokens: 51: the limit here is 50 tokens" in text) == (400, True)

    run_story(story())


def test_a_client_that_requests_an_explanation_gets_it_in_the_headers(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with router_before(tmp_path, engine) as router:
            answer = await exchange_bytes(router, posted(PROMPT, "/v1/completions", "x-fairlead-explain: 1"))
            head = answer.partition(b"\r\n\r\n")[0].decode()
            assert f"x-fairlead-replica: {engine.address}" in head
            assert "x-fairlead-decision: only_one; held=0/0" in head
            assert f"x-fairlead-candidates: {engine.address} adjusted=" in head
            assert b"x-fairlead-explain" not in engine.seen[0]

    run_story(story())


def test_scraped_figures_of_engines_appear_in_the_endpoint_report(tmp_path: Path) -> None:
    async def story() -> None:
        async with router_before(tmp_path, Raw(metrics=METRICS)) as router:
            while (one := (await router.endpoints())[0])["figures"] is None:
                await asyncio.sleep(0.005)
            assert (one["figures"]["running"], one["figures"]["waiting"], one["figures"]["kvUsage"]) == (3.0, 1.0, 0.25)
            assert one["kvTokens"] == 1600

    run_story(story())


def test_a_slow_first_engine_is_overtaken_by_a_hedge_at_a_second_one(tmp_path: Path) -> None:
    async def story() -> None:
        hedging: dict[str, Any] = {"hedging": {"enabled": True, "afterSeconds": 0.05}, "balancing": {"prefix": False}}
        async with living(paced(5, 0.001)) as (slow,), living() as (quick,):
            slow.engine.pretence = paced(0.001, 0.001)
            async with plane(written(tmp_path, [slow.address, quick.address], **hedging)) as router:
                await router.until("routable", "routable")
                slow.engine.pretence = paced(600, 0.001)
                for _ in range(4):
                    assert (await router.complete(STREAM))[1].endswith("data: [DONE]\n\n")
                await asyncio.wait_for(slow.engine.idle.wait(), 30)
                assert [one["inflight"] for one in await router.endpoints()] == [0, 0]
                assert [one["load"]["promptTokens"] for one in await router.endpoints()] == [0, 0]

    run_story(story())
