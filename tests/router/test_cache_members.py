"""The body's `cache`, as LiteLLM's clients send it: obeyed by the router's cache, and never sent to an engine."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.emulator.living import living
from tests.router.planes import CHAT, answering, before, plane, run_story, written
from tests.router.recalling import CACHE, COLD, STREAM, got, is_idle


def test_a_client_may_request_a_fresh_answer_in_its_body(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            for body in (COLD, STREAM):
                assert (await got(router, body))[0] == "miss"
                fresh = await got(router, body | {"cache": {"no-cache": True}})
                assert fresh[0] == "miss"
                assert await got(router, body) == ("hit", fresh[1]), "what was answered again replaces the older one"
                assert (await got(router, body | {"cache": {"no-store": True}}))[0] == "pass; reason=no_store"
                assert (await got(router, body | {"cache": {"ttl": 60, "no-cache": False}}))[0] == "hit"
                assert (await got(router, body | {"cache": {"s-maxage": 0}}))[0] == "miss"
            await is_idle(router)

    run_story(story())


def test_each_namespace_has_answers_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            spaces: list[dict[str, Any]] = [{}, {"namespace": "a"}, {"namespace": "b"}]
            assert [(await got(router, COLD | {"cache": one}))[0] for one in spaces] == ["miss"] * 3
            assert [(await got(router, COLD | {"cache": one}))[0] for one in spaces] == ["hit"] * 3
            assert (await got(router, COLD))[0] == "hit", "no member and no namespace are the same"

    run_story(story())


def test_a_cache_that_is_by_request_only_is_requested_in_the_body(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            use = COLD | {"cache": {"use-cache": True}}
            assert [(await got(router, use))[0] for _ in range(2)] == ["miss", "hit"]
            assert (await got(router, COLD | {"cache": {"ttl": 60}}))[0] == "pass; reason=off"
            assert (await got(router, COLD))[0] == ""

    run_story(story())


@pytest.mark.parametrize("member", [{"no-cache": True}, None, "", [], {"type": "exact_match"}])
@pytest.mark.parametrize("cache", [{}, CACHE])
def test_no_engine_gets_the_member(tmp_path: Path, member: object, cache: dict[str, Any]) -> None:
    async def story() -> None:
        seen: list[dict[str, Any]] = []

        async def strict(request: web.Request) -> web.Response:
            body = await request.json()
            if "messages" not in body:
                return web.json_response({"usage": {"completion_tokens": 1}})
            seen.append(body)
            return web.json_response({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]})

        async with answering(strict) as address, plane(written(tmp_path, [address], cache=cache)) as router:
            await router.until("routable")
            for body in (COLD, CHAT):
                await got(router, body | {"cache": member})
        assert seen == [COLD, CHAT]

    run_story(story())


def test_another_generation_empties_the_cache_of_a_running_router(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            assert [(await got(router))[0] for _ in range(2)] == ["miss", "hit"]
            written(tmp_path, [engines[0].address], cache=CACHE | {"generation": 1})
            async with asyncio.timeout(30):
                while await router.metric("fairlead_router_cache_entries"):
                    await asyncio.sleep(0.005)
            assert [(await got(router))[0] for _ in range(2)] == ["miss", "hit"]

    run_story(story())
