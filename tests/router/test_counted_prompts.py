"""Prompts that are only counted: no model computes them, so they are no demand, no tokens, and in no cache."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.router import planes
from tests.router.gateways import gateway, posted, single, target, written
from tests.router.planes import CHAT, Raw, plane, run_story, whole

COUNT = whole(b'{"count":900}')
ANSWER = whole(
    b'{"choices":[{"message":{"content":"a"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":900,"completion_tokens":1}}'
)
LONG: dict[str, Any] = CHAT | {"messages": [{"role": "user", "content": "one two " * 450}]}
BLOCKS = ("queried", "held")
PATHS = ["/tokenize", "/v1/tokenize", "/v1/messages/count_tokens"]


@pytest.mark.parametrize("path", PATHS)
def test_an_agent_that_counts_before_each_turn_is_half_the_demand_that_its_requests_are(
    tmp_path: Path, path: str
) -> None:
    """The autoscaler takes each arrival for a request of the average length, with as many tokens written."""

    async def story() -> None:
        async with (
            Raw(COUNT, ANSWER).listening() as engine,
            plane(planes.written(tmp_path, [engine.address]), log=tmp_path / "log") as router,
        ):
            await router.until("routable")
            assert (await router.complete(LONG, path))[0] == 200
            page = await router.page()
            assert (page["demand"]["arrivals"], page["demand"]["promptTokens"]) == (0, 0)
            assert page["tenants"][""]["tokensPerMinute"] == 0
            assert (await router.complete(LONG, "/v1/chat/completions"))[0] == 200
            page = await router.page()
            assert (page["demand"]["arrivals"], page["demand"]["promptTokens"]) == (1, 902)
            assert page["tenants"][""]["tokensPerMinute"] == 901
            assert await router.metric('fairlead_router_arrivals_total{model="chat",lane="interactive"}') == 1
            labels = '{model="chat",revision="",band="",lane="interactive",target=""}'
            found = [await router.metric(f"fairlead_router_prefix_blocks_{what}_total{labels}") for what in BLOCKS]
            assert found == [7, 0], "the engine has computed none of it yet"
        counted, computed = map(json.loads, (tmp_path / "log").read_text().splitlines())
        assert ("prompt_tokens_estimated" in counted, computed["prompt_tokens_estimated"]) == (False, 902)

    run_story(story())


@pytest.mark.parametrize("path", PATHS)
def test_no_limit_of_prompts_refuses_to_count_one_and_it_is_no_long_job(tmp_path: Path, path: str) -> None:
    """A client that asks how long its prompt is would not learn it from the refusal of one that is too long."""

    async def story() -> None:
        routing: dict[str, Any] = {"limits": {"maxPromptTokens": 100}, "longLane": {"minPromptTokens": 200}}
        async with (
            Raw(COUNT).listening() as engine,
            plane(planes.written(tmp_path, [engine.address], **routing), log=tmp_path / "log") as router,
        ):
            await router.until("routable")
            assert (await router.complete(LONG, path))[0] == 200
            assert (await router.complete(LONG, "/v1/chat/completions"))[0] == 400
        assert json.loads((tmp_path / "log").read_text().splitlines()[0])["lane"] == "interactive"

    run_story(story())


@pytest.mark.parametrize("path", PATHS)
def test_one_that_finds_no_replica_is_demand_as_the_autoscaler_counts_the_time_without_any_from_the_last(
    tmp_path: Path, path: str
) -> None:
    async def story() -> None:
        async with plane(planes.written(tmp_path, ["127.0.0.22:1"])) as router:
            waiting = asyncio.create_task(router.complete(LONG, path))
            while (page := await router.page())["queue"]["held"] == 0:
                await asyncio.sleep(0.005)
            assert page["demand"]["arrivals"] == 1
            waiting.cancel()

    run_story(story())


@pytest.mark.parametrize("path", PATHS)
def test_at_a_gateway_it_is_no_demand_of_its_target(tmp_path: Path, path: str) -> None:
    async def story() -> None:
        async with Raw(COUNT, ANSWER).listening() as engine:
            config = written(tmp_path, [target("a", engine.address)], [single("chat", "ns/a")])
            async with gateway(config) as router:
                for route, arrived in ((path, (0, 0)), ("/v1/chat/completions", (1, 902))):
                    assert (await posted(router, LONG, route))[0] == 200
                    demand = (await router.page())["targets"]["ns/a"]["demand"]
                    assert (demand["arrivals"], demand["promptTokens"]) == arrived

    run_story(story())
