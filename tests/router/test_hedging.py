"""Hedging the first token at a second engine: whichever of the two fails, and whenever."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fairlead.routing import watchdog
from fairlead.routing.endpoint import Endpoint
from tests.router.gated_engine import Gated
from tests.router.planes import HOST, STREAM, Plane, posted, run_story
from tests.router.test_engine_requests import router_before

AFTER = {"enabled": True, "afterSeconds": 0.03, "budget": 1.0}
SOON: dict[str, Any] = {"hedging": AFTER, "balancing": {"prefix": False}}
REFUSAL = b"HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
BUSY = b"HTTP/1.1 503 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
ERROR = b"HTTP/1.1 500 Oh\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


async def both_attempted(one: Gated, other: Gated) -> tuple[Gated, Gated]:
    """The one that was tried first, and its hedge."""
    while not (one.seen or other.seen):
        await asyncio.sleep(0.002)
    first, rival = (one, other) if one.seen else (other, one)
    while not rival.seen:
        await asyncio.sleep(0.002)
    return first, rival


async def until_given_up(router: Plane, engine: Gated) -> None:
    """Wait until the router has done with this one's attempt."""
    while next(one for one in await router.endpoints() if one["address"] == engine.address)["inflight"]:
        await asyncio.sleep(0.002)


async def failures(router: Plane, ending: str) -> float:
    """Attempts that failed so; what a canary's gate counts."""
    return await router.metric(f'fairlead_router_attempts_failed_total{{ending="{ending}"}}')


async def calm(router: Plane) -> None:
    """Wait until nothing is charged."""
    for one in await router.endpoints():
        assert (one["inflight"], one["load"]) == (0, {"promptTokens": 0, "replyTokens": 0})
    assert await router.metric("fairlead_router_requests_in_flight") == 0.0


def test_the_first_one_lost_while_both_are_silent_leaves_it_to_its_rival(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            first.data = None
            first.gate.set()
            await until_given_up(router, first)
            rival.gate.set()
            status, text = await task
            assert (status, text.count("data: ")) == (200, 2)
            assert await failures(router, "failed") == 1, "a client did not notice it, but it happened"
            await calm(router)

    run_story(story())


def test_a_hedge_that_is_lost_counts_as_a_failed_attempt_though_the_first_one_answers(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            rival.data = None
            rival.gate.set()
            await until_given_up(router, rival)
            first.gate.set()
            status, text = await task
            assert (status, text.count("data: ")) == (200, 2)
            assert await failures(router, "failed") == 1
            assert await router.metric('fairlead_router_hedges_total{result="lost"}') == 1
            await calm(router)

    run_story(story())


def test_the_first_one_answers_with_an_error_and_its_rival_goes_on(tmp_path: Path) -> None:
    async def story() -> None:
        for error, ending in ((ERROR, "failed"), (BUSY, "busy")):
            one, other = Gated(), Gated()
            async with router_before(tmp_path, one, other, **SOON) as router:
                task = asyncio.create_task(router.complete(STREAM))
                first, rival = await both_attempted(one, other)
                first.data = error
                first.gate.set()
                await until_given_up(router, first)
                rival.gate.set()
                status, text = await task
                assert (status, text.count("data: "), rival.left, len(rival.seen)) == (200, 2, 0, 1)
                assert await failures(router, ending) == 1
                await calm(router)

    run_story(story())


def test_where_both_answer_with_an_error_the_client_gets_one(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(ERROR), Gated(ERROR)
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            first.gate.set()
            await until_given_up(router, first)
            rival.gate.set()
            assert await task == (500, "{}")
            await calm(router)

    run_story(story())


def test_the_first_one_refuses_the_request_and_no_rival_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            first.data = REFUSAL
            first.gate.set()
            assert await task == (400, "{}")
            while not rival.left:
                await asyncio.sleep(0.002)
            await calm(router)

    run_story(story())


@pytest.mark.interpreted
def test_the_first_one_hangs_and_its_rival_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = set[str]()

    def reason(endpoint: Endpoint, _now: float, _cap: float) -> str | None:
        return "no progress for 60 s" if endpoint.address in hung and endpoint.inflight else None

    monkeypatch.setattr(watchdog, "hang_reason", reason)

    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            hung.add(first.address)
            while not first.left:
                await asyncio.sleep(0.002)
            rival.gate.set()
            status, text = await task
            assert (status, text.count("data: "), rival.left, len(rival.seen)) == (200, 2, 0, 1)
            assert await failures(router, "slow") == 1

    run_story(story())


def test_a_first_attempt_that_fails_after_its_hedge_took_over_affects_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            first, rival = await both_attempted(one, other)
            rival.gate.set()
            assert (await task)[1].count("data: ") == 2
            while not first.left:
                await asyncio.sleep(0.002)
            first.data = None
            first.gate.set()
            await calm(router)
            assert await router.states() == ["routable", "routable"]

    run_story(story())


def test_a_rival_whose_whole_answer_comes_at_once_ends_the_request_and_keeps_its_connection(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            _, rival = await both_attempted(one, other)
            rival.keeps = True
            rival.gate.set()
            assert (await task)[1].count("data: ") == 2
            await calm(router)
            result = 'fairlead_router_results_total{surface="completions",stream="true",result="answered"}'
            assert await router.metric(result) == 1.0

    run_story(story())


def test_a_rival_that_fails_leaves_the_first_one_alone(tmp_path: Path) -> None:
    async def story() -> None:
        for answer in (None, ERROR, REFUSAL, b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"):
            one, other = Gated(), Gated()
            async with router_before(tmp_path, one, other, **SOON) as router:
                task = asyncio.create_task(router.complete(STREAM))
                first, rival = await both_attempted(one, other)
                rival.data = answer
                rival.gate.set()
                await until_given_up(router, rival)
                first.gate.set()
                assert (await task)[0] == 200
                await calm(router)

    run_story(story())


def test_a_client_that_leaves_lets_both_go(tmp_path: Path) -> None:
    async def story() -> None:
        one, other = Gated(), Gated()
        async with router_before(tmp_path, one, other, **SOON) as router:
            _, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(STREAM))
            await both_attempted(one, other)
            writer.transport.abort()
            while not (one.left and other.left):
                await asyncio.sleep(0.002)
            await calm(router)

    run_story(story())


def test_without_a_budget_or_another_replica_the_first_one_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        few = SOON | {"hedging": AFTER | {"budget": 0.0}}
        for engines, more in (((Gated(), Gated()), few), ((Gated(),), SOON)):
            async with router_before(tmp_path, *engines, **more) as router:
                tasks = [asyncio.create_task(router.complete(STREAM)) for _ in range(30)]
                while sum(len(one.seen) for one in engines) < 30:
                    await asyncio.sleep(0.002)
                await asyncio.sleep(0.1)
                for one in engines:
                    one.gate.set()
                assert {status for status, _ in await asyncio.gather(*tasks)} == {200}
                if len(engines) > 1:
                    assert sum(len(one.seen) for one in engines) < 60
                await calm(router)

    run_story(story())


def test_an_attempt_that_failed_counts_also_if_its_hedge_took_over(tmp_path: Path) -> None:
    """Otherwise three engines worked on a request of at most two attempts, or the one that failed it got it again."""

    async def story() -> None:
        engines = [Gated(), Gated(), Gated()]
        retries = {"maxAttempts": 2, "budget": 1.0}
        async with router_before(tmp_path, *engines, retries=retries, **SOON) as router:
            task = asyncio.create_task(router.complete(STREAM))
            tried: list[Gated] = []
            while len(tried) < 2:
                tried += [engine for engine in engines if engine.seen and engine not in tried]
                await asyncio.sleep(0.002)
            (idle,) = (engine for engine in engines if engine not in tried)
            idle.gate.set()
            for engine in tried:
                engine.data = BUSY
                engine.gate.set()
                await until_given_up(router, engine)
            assert (await task)[0] == 503
            assert not idle.seen
            await calm(router)

    run_story(story())
