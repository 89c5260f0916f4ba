"""Failures upstream of the router and what its clients see of them: as little as possible."""

import asyncio
import json
import random
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.emulator.emulation_knobs import EngineFault
from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.emulator.living import CHAT, QUICK, Living, faulty, free_port, living, paced
from tests.router import planes
from tests.router.planes import PROMPT, STREAM, Cluster, Plane, before, plane, run_story, written

FEW = {"maxAttempts": 1}


async def all_well(router: Plane, count: int, body: dict[str, Any] = PROMPT) -> None:
    """This many requests one after the other, none of which fails."""
    for _ in range(count):
        assert (await router.complete(body))[0] == 200


def error_code(text: str) -> str:
    return str(json.loads(text)["error"]["code"])


def test_an_engine_that_refuses_is_left_out_and_the_request_goes_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(QUICK, QUICK) as engines, before(tmp_path, engines) as router:
            await engines[0].stop()
            await all_well(router, 6)
            await router.until("ejected", "routable")
            assert "Connection refused" in (await router.endpoints())[0]["reason"]
            assert await router.metric("fairlead_router_retries_total") >= 1.0
            await engines[0].start()
            await router.until("routable", "routable")

    run_story(story())


def test_requests_are_held_until_an_engine_appears(tmp_path: Path) -> None:
    async def story() -> None:
        late = Living(port=free_port())
        async with plane(written(tmp_path, [late.address])) as router:
            tasks = [asyncio.create_task(router.complete()) for _ in range(5)]
            while await router.metric("fairlead_router_requests_held") < 5:
                await asyncio.sleep(0.005)
            await late.start()
            assert {status for status, _ in await asyncio.gather(*tasks)} == {200}
            assert await router.metric("fairlead_router_requests_held") == 0.0
            await late.stop()

    run_story(story())


def test_a_held_client_that_leaves_gives_its_place_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            held = asyncio.create_task(router.complete())
            while not await router.metric("fairlead_router_requests_held"):
                await asyncio.sleep(0.002)
            held.cancel()
            while await router.metric("fairlead_router_requests_held"):
                await asyncio.sleep(0.002)
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())


def test_no_request_fails_while_an_engine_drains_under_twenty_streams(tmp_path: Path) -> None:
    async def story() -> None:
        pace = paced(0.005, 0.002)
        async with living(pace, pace) as engines, before(tmp_path, engines) as router:
            answers: list[tuple[int, str]] = []

            async def send() -> None:
                answers.extend([await router.complete(STREAM) for _ in range(4)])

            streams = [asyncio.create_task(send()) for _ in range(20)]
            await asyncio.sleep(0.06)
            leaving = engines[0].engine
            leaving.drain()
            await leaving.idle.wait()
            await engines[0].stop()
            await asyncio.gather(*streams)
            assert [text for status, text in answers if status != 200] == []
            assert {text.count("data: ") for _, text in answers} == {21}
            assert not any("error" in text for _, text in answers)
            assert leaving.answered < engines[1].engine.answered

    run_story(story())


def test_a_pod_being_deleted_gets_nothing_new_and_its_stream_ends_well(tmp_path: Path) -> None:
    async def story() -> None:
        cluster, config = Cluster(), written(tmp_path, ["x:1"])
        async with living(paced(0.005, 0.05), QUICK) as (old, new), plane(config, cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="old", address=old.address))
            await router.until("routable")
            stream = asyncio.create_task(router.complete(STREAM))
            while not old.engine.now.running:
                await asyncio.sleep(0.002)
            old.engine.hold()
            ending = DiscoveredEndpoint(pod="old", address=old.address, ending=True)
            cluster.announce(ending, DiscoveredEndpoint(pod="new", address=new.address))
            await router.until("draining", "routable")
            answered = old.engine.answered
            await all_well(router, 3)
            cluster.announce(DiscoveredEndpoint(pod="new", address=new.address))
            assert [one["reason"] for one in await router.endpoints()] == ["no longer listed", ""]
            assert old.engine.now.running == 1
            old.engine.go_on()
            assert (await stream)[1].endswith("data: [DONE]\n\n")
            assert old.engine.answered == answered + 1
            await router.until("routable")

    run_story(story())


def test_a_pod_that_loses_its_readiness_is_proved_again_when_it_returns(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (engine,), plane(written(tmp_path, ["x:1"]), cluster := Cluster()) as router:
            async with router.session.get(router.url + "/ready") as answer:
                assert (answer.status, await answer.text()) == (503, "not ready: the endpoints are not known yet\n")
            for ready, state in ((False, "notReady"), (True, "routable"), (False, "notReady"), (True, "routable")):
                cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, ready=ready))
                await router.until(state)
            assert engine.engine.answered == 2

    run_story(story())


def test_an_engine_that_is_healthy_and_says_nothing_never_becomes_routable(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts = {"firstTokenSeconds": 0.5}
        async with living(faulty(EngineFault.NO_TOKENS), QUICK) as engines:
            config = written(tmp_path, [engine.address for engine in engines], timeouts=timeouts)
            async with plane(config) as router:
                await router.until("probing", "routable")
                await all_well(router, 4)
                while "no token within" not in (reason := (await router.endpoints())[0]["reason"]):
                    await asyncio.sleep(0.01)
                assert reason == "probe: no token within 0.5 s"

    run_story(story())


def test_an_engine_that_only_errs_is_left_out_after_three(tmp_path: Path) -> None:
    async def story() -> None:
        hold = {"maxSeconds": 0.05}
        async with (
            living(faulty(EngineFault.ERRORS, after=1)) as engines,
            before(tmp_path, engines, hold=hold) as router,
        ):
            answers = [await router.complete() for _ in range(4)]
            assert [status for status, _ in answers] == [500, 500, 500, 503]
            assert "Internal server error" in answers[0][1]

    run_story(story())


def test_a_full_engine_is_well_and_the_request_goes_to_one_with_room(tmp_path: Path) -> None:
    async def story() -> None:
        full = replace(CHAT, limits=replace(CHAT.limits, max_unfinished=1))
        pace = paced(0.04, 0.001)
        async with living(pace, pace, serve_arguments=full) as engines, before(tmp_path, engines) as router:
            async with router.session.post(engines[0].url + "/v1/completions", json=STREAM):
                await all_well(router, 2)
            for engine in engines:
                engine.engine.hold()
            full_ones = [asyncio.create_task(router.complete()) for _ in range(3)]
            await asyncio.wait(full_ones, return_when=asyncio.FIRST_COMPLETED)
            for engine in engines:
                engine.engine.go_on()
            assert sorted(status for status, _ in await asyncio.gather(*full_ones)) == [200, 200, 503]
            assert await router.states() == ["routable", "routable"]

    run_story(story())


async def moved(
    router: Plane, old: Living, streams: list[asyncio.Task[tuple[int, str]]], folder: Path
) -> list[tuple[int, str]]:
    """What the clients of these streams get if their engine dies before a token, and another one is there."""
    old.engine.pretence = paced(60, 0.001)
    while old.engine.now.running < len(streams):
        await asyncio.sleep(0.002)
    async with living() as (new,):
        written(folder, [old.address, new.address])
        while "routable" not in (await router.states())[1:]:
            await asyncio.sleep(0.005)
        old.engine.die()
        return await asyncio.gather(*streams)


def test_streams_without_a_token_move_to_another_engine_when_their_engine_is_killed(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (old,), before(tmp_path, [old]) as router:
            streams = [asyncio.create_task(router.complete(STREAM)) for _ in range(5)]
            answers = await moved(router, old, streams, tmp_path)
            assert {text.count("data: ") for _, text in answers} == {21}

    run_story(story())


@pytest.mark.parametrize(
    ("path", "prompt", "last"),
    [
        ("/v1/messages", {"messages": planes.CHAT["messages"], "max_tokens": 20}, "event: message_stop\n"),
        ("/v1/responses", {"input": "one two three"}, "event: response.completed\n"),
    ],
)
def test_streams_of_named_events_move_as_well_when_their_engine_is_killed(
    tmp_path: Path, path: str, prompt: dict[str, Any], last: str
) -> None:
    async def story() -> None:
        async with living() as (old,), before(tmp_path, [old]) as router:
            body = prompt | {"model": "chat", "stream": True}
            streams = [asyncio.create_task(router.complete(body, path)) for _ in range(5)]
            answers = await moved(router, old, streams, tmp_path)
            assert {(status, last in text, "EngineCore" in text) for status, text in answers} == {(200, True, False)}

    run_story(story())


def test_after_clients_left_at_every_stage_nothing_is_counted_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        late = Living(paced(0.01, 0.002), port=free_port())
        chance = random.Random(7)  # noqa: S311 - no secret

        async def leaves(after: float) -> None:
            with suppress(TimeoutError):
                async with asyncio.timeout(after):
                    await router.complete(STREAM if after > 0.02 else PROMPT)

        async with plane(written(tmp_path, [late.address])) as router:
            starting = asyncio.create_task(late.start())
            await asyncio.gather(*(leaves(chance.uniform(0.0, 0.08)) for _ in range(200)))
            await starting
            await asyncio.wait_for(late.engine.idle.wait(), 30)
            await router.until("routable")
            while (await router.endpoints())[0]["inflight"]:
                await asyncio.sleep(0.005)
            async with asyncio.timeout(30):
                while await router.metric("fairlead_router_requests_in_flight"):
                    await asyncio.sleep(0.005)
            assert await router.metric("fairlead_router_requests_held") == 0.0
            assert (await router.complete())[0] == 200
        await late.stop()

    run_story(story())


def test_one_attempt_means_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(QUICK, QUICK) as engines, before(tmp_path, engines, retries=FEW) as router:
            for engine in engines:
                await engine.stop()
            status, text = await router.complete()
            assert (status, error_code(text)) == (502, "replica_unreachable")
            assert await router.metric("fairlead_router_retries_total") == 0.0

    run_story(story())
