"""The page that a router serves to other processes: requests are counted on arrival, whatever becomes of them."""

import asyncio
import json
from pathlib import Path

from fairlead.fleet.tenants import Lane
from tests.router.planes import PROMPT, Raw, plane, run_story, whole, written

ANSWER = whole(b'{"choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}')


def test_requests_and_the_tokens_of_their_prompts_are_counted_as_they_come(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 4).listening() as engine, plane(written(tmp_path, [engine.address])) as router:
            await router.until("routable")
            before = (await router.page())["demand"]
            for _ in range(2):
                await router.complete()
            await router.complete({**PROMPT, "model": "nobody"})
            page = await router.page()
            assert before == {"arrivals": 0, "promptTokens": 0, "batchArrivals": 0, "asked": 0}
            assert page["demand"]["arrivals"] == 2
            assert page["demand"]["asked"] == 2, "autoscalers of the release before read only this"
            assert page["demand"]["promptTokens"] > 0
            use = page["tenants"][""]
            assert (use["requestsPerMinute"], use["inflight"]) == (3, 0), "without tenants all requests are of one"

    run_story(story())


def test_how_long_an_engine_was_not_used_is_reported_once_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with Raw(*[ANSWER] * 4).listening() as engine, plane(written(tmp_path, [engine.address])) as router:
            await router.until("routable")
            assert (await router.endpoints())[0]["idleSeconds"] is None, "it may have started a moment ago"
            await router.complete()
            used = (await router.endpoints())[0]["idleSeconds"]
            while (await router.endpoints())[0]["idleSeconds"] <= used:
                await asyncio.sleep(0.05)

    run_story(story())


def test_batch_work_is_counted_apart_since_no_fleet_grows_for_it(tmp_path: Path) -> None:
    lane = {"x-fairlead-lane": "batch"}

    async def story() -> None:
        async with (
            Raw(*[ANSWER] * 4).listening() as engine,
            plane(written(tmp_path, [engine.address], batchLane={})) as router,
        ):
            await router.until("routable")
            await router.complete()
            demand = (await router.page())["demand"]
            for _ in range(3):
                async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=lane) as answer:
                    assert answer.status == 200
            assert (await router.page())["demand"] == demand | {"batchArrivals": 3}
            family = "fairlead_router_arrivals_total"
            counted = [await router.metric(f'{family}{{model="chat",lane="{one}"}}') for one in Lane]
            assert counted == [1, -1, 3]

    run_story(story())


def test_without_a_batch_lane_its_header_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            lane = {"x-fairlead-lane": "batch"}
            waits = router.session.post(router.url + "/v1/completions", json=PROMPT, headers=lane)
            work = asyncio.ensure_future(waits)
            while (await router.page())["demand"]["arrivals"] < 1:
                await asyncio.sleep(0.005)
            assert (await router.page())["demand"]["batchArrivals"] == 0
            work.cancel()

    run_story(story())


def test_a_share_of_the_traffic_is_reported_as_soon_as_it_is_applied(tmp_path: Path) -> None:
    async def story() -> None:
        file = written(tmp_path, ["127.0.0.1:1"])
        document = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(document | {"share": {"revision": "1a2b3c4d", "percent": 5}}), encoding="utf-8")
        async with plane(file) as router:
            assert (await router.page())["share"] == {"revision": "1a2b3c4d", "percent": 5}

    run_story(story())
