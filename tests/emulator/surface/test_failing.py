"""The engine refuses, fails, drops a connection or aborts, and a client leaves."""

import asyncio
import json
from collections.abc import Callable
from typing import Final

import aiohttp
import pytest

from fairlead.emulator.surface.jobs import EngineRefusal, JobEnding
from tests.emulator.surface.pretending import PretendDriver, run_story, serving
from tests.emulator.surface.wrong_requests import CHAT, X

BUSY: Final = "cannot accept new requests. Please try again later or on a different instance."


NOES: Final[dict[EngineRefusal, tuple[int, str, str]]] = {
    EngineRefusal.BUSY: (503, "The engine is currently busy and " + BUSY, "Service Unavailable"),
    EngineRefusal.BACKLOG: (503, "The engine has reached its prefill token backlog limit.", "Service Unavailable"),
    EngineRefusal.LAGGING: (503, "The simulated engine is 250 ms behind the time it simulates.", "Service Unavailable"),
    EngineRefusal.DRAINING: (500, "cannot schedule new futures after shutdown", "InternalServerError"),
    EngineRefusal.DEAD: (500, "EngineCore encountered an issue. See stack trace (above)", "InternalServerError"),
    EngineRefusal.OUT_OF_ORDER: (500, "Internal server error", "InternalServerError"),
    EngineRefusal.DUPLICATE: (500, "Internal server error", "InternalServerError"),
}


@pytest.mark.parametrize("why", EngineRefusal)
@pytest.mark.parametrize("late", [False, True])
def test_an_engine_that_accepts_no_request_states_why_before_any_response_header_is_sent(
    why: EngineRefusal, late: bool
) -> None:
    driver = PretendDriver(lag_seconds=0.25)
    if late:
        driver.refuses_late = why
    else:
        driver.refuses = why

    async def story() -> None:
        async with serving(driver=driver) as engine:
            for stream in (False, True):
                status, body = await engine.post("/v1/chat/completions", CHAT | {"stream": stream})
                assert (status, body["error"]["type"]) == (NOES[why][0], NOES[why][2])
                assert NOES[why][1] in body["error"]["message"]

    run_story(story())


def test_an_engine_that_crashes_in_between_gives_500_or_an_error_event() -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            for stream in (False, True):
                engine.driver.runs.clear()
                answer = asyncio.create_task(engine.post("/v1/completions", X | {"stream": stream}))
                run = await engine.driver.taken()
                run.step()
                run.listener.on_end(JobEnding.DEAD)
                status, body = await answer
                if stream:
                    events = body.split("\n\n")
                    assert (status, events[-2]) == (200, "data: [DONE]")
                    body = json.loads(events[-3].removeprefix("data: "))
                assert "EngineCore encountered an issue." in body["error"]["message"]
                assert (body["error"]["code"], stream or status == 500) == (500, True)

    run_story(story())


def test_a_dropped_connection_has_no_end() -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            for stream in (False, True):
                engine.driver.runs.clear()
                answer = asyncio.create_task(engine.post("/v1/completions", X | {"stream": stream}))
                (await engine.driver.taken()).listener.on_end(JobEnding.CUT)
                with pytest.raises(aiohttp.ClientError):
                    await answer

    run_story(story())


def test_an_aborted_request_is_answered_with_what_there_is() -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            for stream in (False, True):
                engine.driver.runs.clear()
                answer = asyncio.create_task(
                    engine.post("/v1/completions", X | {"stream": stream, "n": 2, "temperature": 1})
                )
                run = await engine.driver.taken()
                run.step()
                run.listener.on_end(JobEnding.ABORTED)
                run.listener.on_end(JobEnding.DEAD)
                _, body = await answer
                if stream:
                    assert body.count('"finish_reason":"abort"') == 2
                else:
                    assert [choice["finish_reason"] for choice in body["choices"]] == ["abort"] * 2
                    assert body["usage"]["completion_tokens"] == 2

    run_story(story())


def test_a_client_that_leaves_frees_its_request() -> None:
    async def story() -> None:
        async with serving(driver=PretendDriver(by_hand=True)) as engine:
            for stream in (False, True):
                engine.driver.runs.clear()
                answer = asyncio.create_task(engine.post("/v1/completions", X | {"stream": stream}))
                run = await engine.driver.taken()
                answer.cancel()
                await until(lambda: run.cancelled)  # noqa: B023 - awaited before the next round

    run_story(story())


async def until(true: Callable[[], bool]) -> None:
    while not true():
        await asyncio.sleep(0.001)
