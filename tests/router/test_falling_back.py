"""A target that cannot answer: the next one of the chain does, once each, and all sides can see it."""

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulator.living import living, paced
from tests.router.gateways import Json, endpoints, gateway, posted, single, target, written
from tests.router.planes import STREAM, Plane, Raw, plane, run_story, whole

ANSWER: Final = whole(
    b'{"model":"base","choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}'
)
BROKEN: Final = whole(b'{"error":{"message":"it broke","code":500}}', 500)
FULL: Final = whole(b'{"error":{"message":"The request queue is full.","code":503}}', 503)
PROMPT: Final[Json] = {"model": "chat", "prompt": "one two three", "max_tokens": 4}
CHECKED: Final[Json] = {"targets": ["ns/a", "ns/b"], "check": "NotEmpty"}
EVERY: Final = ("Unavailable", "QueueFull", "Timeout", "EngineError", "ContextTooLong")


def came_from(headers: dict[str, str]) -> tuple[str, str]:
    """Which target answered, and why another one did not."""
    return headers["x-fairlead-target"], headers.get("x-fairlead-fallback", "")


def two(one: str, other: str, **more: Any) -> list[Json]:  # noqa: ANN401 - any JSON
    return [target("a", one, **more), target("b", other)]


def test_a_lost_deployment_is_answered_for_within_the_request_that_finds_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (lost,), Raw(*[ANSWER] * 9).listening() as other:
            config = written(tmp_path, two(lost.address, other.address), [single("chat", "ns/a", "ns/b")])
            async with gateway(config, log=tmp_path / "log") as router:
                status, headers, _ = await posted(router, PROMPT)
                assert (status, came_from(headers)) == (200, ("ns/a", ""))
                await lost.stop()
                for _ in range(3):
                    status, headers, _ = await posted(router, PROMPT)
                    assert (status, headers["x-fairlead-target"]) == (200, "ns/b")
                assert (
                    'fairlead_router_fallbacks_total{model="chat",target="ns/a",reason="Unavailable"} 1'
                    in await page(router)
                )
                await lost.start()
                while (await posted(router, PROMPT))[1]["x-fairlead-target"] != "ns/a":
                    await asyncio.sleep(0.01)
        first = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()][1]
        assert (first["target"], first["fallback"]) == ("ns/b", "Unavailable; from=ns/a")

    run_story(story())


@pytest.mark.parametrize("reasons", [EVERY, ("Unavailable",)])
def test_an_engines_error_goes_to_the_next_target_only_where_the_route_says_so(
    tmp_path: Path, reasons: tuple[str, ...]
) -> None:
    async def story() -> None:
        async with Raw(BROKEN).listening() as one, Raw(ANSWER).listening() as other:
            routes = [single("chat", "ns/a", "ns/b", reasons=reasons)]
            async with gateway(written(tmp_path, two(one.address, other.address), routes)) as router:
                status, headers, text = await posted(router, PROMPT)
                if reasons is EVERY:
                    assert (status, came_from(headers)) == (200, ("ns/b", "EngineError; from=ns/a"))
                else:
                    assert (status, came_from(headers)) == (500, ("ns/a", ""))
                    assert "it broke" in text
                assert await nothing_runs(router)

    run_story(story())


def test_a_full_engine_and_a_full_queue_are_overload(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(FULL, FULL).listening() as one, Raw(ANSWER, ANSWER).listening() as other:
            routes = [single("chat", "ns/a", "ns/b", reasons=["QueueFull"])]
            async with gateway(written(tmp_path, two(one.address, other.address), routes)) as router:
                _, headers, _ = await posted(router, PROMPT)
                assert came_from(headers) == ("ns/b", "QueueFull; from=ns/a")
        async with living(paced(0.5, 0.01)) as (busy,), Raw(ANSWER, ANSWER).listening() as other:
            targets = two(busy.address, other.address, maxSequences=1)
            config = written(tmp_path, targets, routes, limits={"maxQueued": 0})
            async with gateway(config) as router:
                held = asyncio.create_task(posted(router, PROMPT | {"stream": True}))
                while not busy.engine.now.running:
                    await asyncio.sleep(0.002)
                _, headers, _ = await posted(router, PROMPT)
                assert came_from(headers) == ("ns/b", "QueueFull; from=ns/a")
                assert came_from((await held)[1]) == ("ns/a", "")
                assert await nothing_runs(router)

    run_story(story())


def test_a_stream_that_does_not_begin_in_time_begins_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(60, 0.01)) as (slow,), living() as (quick,):
            slow.engine.pretence = paced(0.001, 0.001)
            routes = [single("chat", "ns/a", "ns/b", reasons=["Timeout"])]
            config = written(tmp_path, two(slow.address, quick.address), routes, timeouts={"firstTokenSeconds": 0.5})
            async with gateway(config) as router:
                slow.engine.pretence = paced(60, 0.01)
                status, headers, text = await posted(router, STREAM)
                assert (status, came_from(headers)) == (200, ("ns/b", "Timeout; from=ns/a"))
                assert text.endswith("data: [DONE]\n\n")
                await asyncio.wait_for(slow.engine.idle.wait(), 30)
                assert await nothing_runs(router)

    run_story(story())


def test_a_prompt_too_long_for_one_model_goes_to_one_with_a_longer_context(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as one, Raw(ANSWER).listening() as other:
            routes = [single("chat", "ns/a", "ns/b", reasons=["ContextTooLong"])]
            targets = two(one.address, other.address, maxContextTokens=50)
            async with gateway(written(tmp_path, targets, routes)) as router:
                _, headers, _ = await posted(router, PROMPT | {"prompt": "word " * 200})
                assert came_from(headers) == ("ns/b", "ContextTooLong; from=ns/a")
                _, headers, _ = await posted(router, PROMPT)
                assert came_from(headers) == ("ns/a", "")

    run_story(story())


def test_each_target_gets_one_attempt_and_the_client_gets_the_last_error(tmp_path: Path) -> None:
    async def story() -> None:
        names = ("a", "b", "c")
        engines = [Raw(whole(b'{"error":{"message":"%b broke","code":500}}' % name.encode(), 500)) for name in names]
        async with AsyncExitStack() as stack:
            for engine in engines:
                await stack.enter_async_context(engine.listening())
            targets = [target(name, engine.address) for name, engine in zip(names, engines, strict=True)]
            routes = [single("chat", "ns/a", "ns/b", "ns/c", reasons=EVERY)]
            async with gateway(written(tmp_path, targets, routes)) as router:
                status, headers, text = await posted(router, PROMPT)
                assert (status, came_from(headers)) == (500, ("ns/c", "EngineError; from=ns/b"))
                assert "c broke" in text
                assert [len(engine.seen) for engine in engines] == [1, 1, 1]
                assert await nothing_runs(router)

    run_story(story())


def test_a_request_is_charged_once_however_many_targets_it_saw(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "requestsPerMinute": 100, "tokensPerMinute": 10_000}

    async def story() -> None:
        async with Raw(BROKEN, ANSWER).listening() as one, Raw(ANSWER, ANSWER).listening() as other:
            routes = [single("chat", "ns/a", "ns/b", reasons=EVERY)]
            config = written(tmp_path, two(one.address, other.address), routes, tenants=[tenant])
            async with gateway(config) as router:
                for answered, remaining in (("ns/b", 99), ("ns/a", 98)):
                    _, headers, _ = await posted(router, PROMPT, authorization="Bearer secret")
                    assert headers["x-fairlead-target"] == answered
                    assert int(headers["x-ratelimit-remaining-requests"]) == remaining
                _, headers, _ = await posted(router, PROMPT, authorization="Bearer secret")
                # Each answer took 4 tokens by the engines' count; 8 were settled, and the third's reservation is out.
                assert int(headers["x-ratelimit-remaining-tokens"]) > 10_000 - 8 - 100

    run_story(story())


@pytest.mark.parametrize("way", ["fallback", "cascade"])
def test_in_shadow_mode_a_request_is_counted_once_however_many_targets_it_saw(tmp_path: Path, way: str) -> None:
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "models": ["other"]}
    empty = whole(ANSWER.partition(b"\r\n\r\n")[2].replace(b'"a"', b'""'))

    async def story() -> None:
        async with Raw(BROKEN if way == "fallback" else empty).listening() as one, Raw(ANSWER).listening() as other:
            route = single("chat", "ns/a", "ns/b", reasons=EVERY)
            if way == "cascade":
                route = {"name": "chat", "strategy": "Cascade", "cascade": CHECKED | {"maxExtraShare": 1.0}}
            limits = {"maxPromptTokens": 1, "maxOutputTokens": 1, "shadow": True}
            config = written(tmp_path, two(one.address, other.address), [route], tenants=[tenant], limits=limits)
            async with gateway(config) as router:
                status, headers, _ = await posted(router, PROMPT, authorization="Bearer secret")
                assert (status, headers["x-fairlead-target"]) == (200, "ns/b")
                for reason in ("prompt_too_long", "output_too_long", "model_not_allowed"):
                    counter = f'fairlead_router_shadow_refusals_total{{reason="{reason}"}} '
                    assert f"{counter}1\n" in await page(router), reason

    run_story(story())


@pytest.mark.parametrize("way", ["fallback", "cascade"])
def test_a_deployment_at_zero_sees_the_demand_that_its_fallback_serves_until_it_has_a_replica(
    tmp_path: Path, way: str
) -> None:
    async def story() -> None:
        async with living() as (late,), Raw(*[ANSWER] * 9).listening() as other:
            await late.stop()
            route = single("chat", "ns/a", "ns/b")
            if way == "cascade":
                route = {"name": "chat", "strategy": "Cascade", "cascade": CHECKED}
            async with plane(written(tmp_path, two(late.address, other.address), [route])) as router:
                await until_there_is_one(router)
                for count in (1, 2):
                    assert (await posted(router, PROMPT))[1]["x-fairlead-target"] == "ns/b"
                    report = (await router.page())["targets"]
                    assert [one["demand"]["arrivals"] for one in report.values()] == [count, count]
                    assert report["ns/a"]["demand"] == report["ns/b"]["demand"]
                    assert [one["queue"]["passedOver"] for one in report.values()] == [True, False]
                    assert report["ns/a"]["queue"]["held"] == 0
                await late.start()
                while (await posted(router, PROMPT))[1]["x-fairlead-target"] != "ns/a":
                    await asyncio.sleep(0.01)
                report = (await router.page())["targets"]
                assert not any(one["queue"]["passedOver"] for one in report.values())

    run_story(story())


def test_a_request_that_the_cache_answers_is_no_demand_of_a_deployment_at_zero(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(ANSWER).listening() as other:
            targets = two("127.0.0.22:1", other.address)
            file = written(tmp_path, targets, [single("chat", "ns/a", "ns/b")], cache={"enabled": True})
            async with plane(file) as router:
                await until_there_is_one(router)
                for _ in range(3):
                    assert (await posted(router, PROMPT | {"temperature": 0}))[0] == 200
                assert (await router.page())["targets"]["ns/a"]["demand"]["arrivals"] == 1

    run_story(story())


async def until_there_is_one(router: Plane) -> None:
    """Wait until one engine of any target is routable."""
    while "routable" not in [one["state"] for one in await endpoints(router)]:
        await asyncio.sleep(0.005)


async def page(router: Plane) -> str:
    async with router.session.get(router.pages + "/metrics") as answer:
        return await answer.text()


async def nothing_runs(router: Plane) -> bool:
    """Whether every target's counts are back at zero."""
    report = await router.page()
    waits = [lane for one in report["targets"].values() for lane in one["queue"]["lanes"].values()]
    return not any(one["waiting"] or one["inflight"] for one in waits) and not any(
        one["inflight"] for one in await endpoints(router)
    )
