"""The response cache through a whole router: answers stored and followed, whoever leaves or breaks meanwhile."""

import asyncio
import gc
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.router.attempt import EngineAttempt
from fairlead.router.cache_bridge import CacheBridge
from fairlead.router.exchange import Exchange
from fairlead.router.reply import Reply
from fairlead.router.request import Request
from tests.emulator.living import faulty, living, paced
from tests.router.planes import CHAT, answering, before, plane, run_story, written
from tests.router.recalling import (
    CACHE,
    COLD,
    STREAM,
    got,
    idle,
    is_idle,
    requested,
    rest,
    slow,
    talkative,
    until_followed,
)


def test_the_same_question_has_the_same_bytes_and_needs_no_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            for body in (COLD, STREAM, STREAM | {"stream_options": {"include_usage": True}}):
                first, answered = await got(router, body), engines[0].engine.answered
                assert await got(router, body) == ("hit", first[1])
                assert first[0] == "miss"
                assert engines[0].engine.answered == answered
            async with requested(router, x_request_id="mine") as again:
                assert (again.headers["x-request-id"], again.headers["age"]) == ("mine", "0")
            await is_idle(router)

    run_story(story())


def test_without_tenants_an_answer_is_for_those_with_the_same_credentials(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            words = [(await got(router, authorization=f"Bearer {key}"))[0] for key in ("mine", "other", "mine")]
            assert words == ["miss", "miss", "hit"]
            assert [(await got(router))[0], (await got(router))[0]] == ["miss", "hit"]

    run_story(story())


def test_many_that_ask_at_once_are_one_to_the_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            before_them = engines[0].engine.answered
            engines[0].engine.hold()
            tasks = [asyncio.create_task(got(router, STREAM)) for _ in range(50)]
            await until_followed(router, 50)
            engines[0].engine.go_on()
            answers = await asyncio.gather(*tasks)
            assert len({body for _, body in answers}) == 1
            assert Counter(word for word, _ in answers) == {"miss": 1, "joined": 49}
            assert engines[0].engine.answered == before_them + 1
            await is_idle(router)

    run_story(story())


def test_a_leaders_answer_goes_on_for_those_who_follow(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            before_them = engines[0].engine.answered
            engines[0].engine.hold()
            leader = asyncio.create_task(got(router, STREAM))
            await until_followed(router, 1)
            followers = [asyncio.create_task(got(router, STREAM)) for _ in range(3)]
            await until_followed(router, 4)
            leader.cancel()
            await asyncio.wait([leader])
            engines[0].engine.go_on()
            answers = await asyncio.gather(*followers)
            assert {(word, body[-14:]) for word, body in answers} == {("joined", b"data: [DONE]\n\n")}
            assert engines[0].engine.answered == before_them + 1
            assert (await got(router, STREAM))[0] == "hit"
            await is_idle(router)

    run_story(story())


def test_when_all_have_left_the_engine_is_free_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.01, 5)) as engines, before(tmp_path, engines, cache=CACHE) as router:
            tasks = [asyncio.create_task(got(router, STREAM)) for _ in range(3)]
            await until_followed(router, 3)
            for task in tasks:
                task.cancel()
            await idle(engines[0])
            await is_idle(router)

    run_story(story())


def test_a_follower_that_leaves_affects_no_other_client(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            engines[0].engine.hold()
            leader = asyncio.create_task(got(router, STREAM))
            await until_followed(router, 1)
            follower = asyncio.create_task(got(router, STREAM))
            await until_followed(router, 2)
            follower.cancel()
            await asyncio.wait([follower])
            engines[0].engine.go_on()
            word, body = await leader
            assert (word, body.endswith(b"data: [DONE]\n\n")) == ("miss", True)
            await is_idle(router)

    run_story(story())


def test_when_the_leaders_engine_fails_one_follower_sends_the_request_again(tmp_path: Path) -> None:
    async def story() -> None:
        request_times, go_on = 0, asyncio.Event()

        async def first_no(request: web.Request) -> web.Response:
            nonlocal request_times
            if "messages" not in await request.json():
                return web.json_response({"usage": {"completion_tokens": 1}})
            request_times += 1
            if request_times == 1:
                await go_on.wait()
                return web.json_response({"error": {"message": "no", "code": 500}}, status=500)
            return web.json_response({"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}]})

        async with answering(first_no) as address:
            config = written(tmp_path, [address], cache=CACHE, retries={"maxAttempts": 1})
            async with plane(config) as router:
                await router.until("routable")
                tasks = [asyncio.create_task(got(router)) for _ in range(4)]
                await until_followed(router, 4)
                go_on.set()
                words = sorted(word for word, _ in await asyncio.gather(*tasks))
                assert words == ["joined", "joined", "miss", "miss"]
                assert request_times == 2
                await is_idle(router)

    run_story(story())


def test_a_stream_that_breaks_breaks_for_all_and_is_not_kept(tmp_path: Path) -> None:
    async def story() -> None:
        engine = faulty(EngineFault.CUT_STREAM, after=1)
        async with living(engine) as engines, before(tmp_path, engines, cache=CACHE) as router:
            tasks = [asyncio.create_task(got(router, STREAM)) for _ in range(3)]
            answers = await asyncio.gather(*tasks)
            assert all(b"stream_cut" in body and body.endswith(b"data: [DONE]\n\n") for _, body in answers)
            assert (await got(router, STREAM))[0] == "miss"
            await is_idle(router)

    run_story(story())


def test_an_answer_that_breaks_and_is_no_stream_ends_each_connection_and_each_request_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story() -> None:
        go_on = asyncio.Event()

        async def half(request: web.Request) -> web.StreamResponse:
            if "messages" not in await request.json():
                return web.json_response({"usage": {"completion_tokens": 1}})
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "100"})
            await go_on.wait()
            await response.prepare(request)
            await response.write(b'{"choices": [')
            assert request.transport is not None
            request.transport.close()
            return response

        async with answering(half) as address, plane(written(tmp_path, [address], cache=CACHE)) as router:
            await router.until("routable")
            tasks = [asyncio.create_task(got(router)) for _ in range(2)]
            await until_followed(router, 2)
            go_on.set()
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert [isinstance(one, aiohttp.ClientError) for one in ends] == [True, True]
            await is_idle(router)

    run_story(story())
    assert [one.getMessage() for one in caplog.records if one.exc_info is not None] == []


@pytest.mark.parametrize("slow_one_leads", [True, False])
def test_a_slow_reader_delays_no_other_client_and_gets_the_whole_answer_in_the_end(
    tmp_path: Path, *, slow_one_leads: bool
) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        async with talkative(200, go_on) as address, plane(written(tmp_path, [address], cache=CACHE)) as router:
            await router.until("routable")
            quick = None if slow_one_leads else asyncio.create_task(got(router, STREAM))
            if quick is not None:
                await until_followed(router, 1)
            reader, writer = await slow(router)
            await until_followed(router, 1 if quick is None else 2)
            quick = quick or asyncio.create_task(got(router, STREAM))
            await until_followed(router, 2)
            go_on.set()
            _, whole = await quick
            assert len(whole) > 12_000_000
            assert await rest(reader) == whole
            writer.close()
            await is_idle(router)

    run_story(story())


def test_what_passes_by_says_why(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, cache=CACHE) as router:
            assert (await got(router, Cache_Control="no-store"))[0] == "pass; reason=no_store"
            assert (await got(router, CHAT))[0] == "pass; reason=sampled"
            await is_idle(router)

    run_story(story())


def test_a_cache_that_is_off_is_for_those_who_ask_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            assert (await got(router))[0] == ""
            first = await got(router, x_fairlead_cache="on")
            assert await got(router, x_fairlead_cache="on") == ("hit", first[1])
            assert (await got(router))[0] == ""

    run_story(story())


def test_after_three_failed_attempts_each_follower_sends_its_own_request(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()

        async def no(request: web.Request) -> web.Response:
            if "messages" not in await request.json():
                return web.json_response({"usage": {"completion_tokens": 1}})
            await go_on.wait()
            return web.json_response({"error": {"message": "no", "code": 500}}, status=500)

        once = {"maxAttempts": 1}
        async with answering(no) as address, plane(written(tmp_path, [address], cache=CACHE, retries=once)) as router:
            await router.until("routable")
            tasks = [asyncio.create_task(got(router)) for _ in range(5)]
            await until_followed(router, 5)
            go_on.set()
            words = sorted(word for word, _ in await asyncio.gather(*tasks))
            assert words == ["", "", "miss", "miss", "miss"]
            await is_idle(router)

    run_story(story())


def test_no_circle_of_references_stays_behind(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.05, 0.001)) as engines, before(tmp_path, engines, cache=CACHE) as router:
            gc.collect()
            gc.disable()
            try:
                await asyncio.gather(*(got(router, STREAM) for _ in range(20)))
                await got(router)
                await got(router)
                await is_idle(router)
                kinds = (CacheBridge, EngineAttempt, Exchange, Reply, Request)
                assert [one for one in gc.get_objects() if type(one) in kinds] == []
            finally:
                gc.enable()

    run_story(story())


def test_a_request_past_its_total_timeout_gets_a_timeout_error_even_if_it_only_followed(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.01, 5)) as engines:
            limits = {"totalSeconds": 0.3}
            async with before(tmp_path, engines, cache=CACHE, timeouts=limits) as router:
                first = asyncio.create_task(got(router))
                await until_followed(router, 1)
                second = asyncio.create_task(got(router))
                for _, body in await asyncio.gather(first, second):
                    assert b"replica_timeout" in body
                await is_idle(router)

    run_story(story())
