"""The router's time-outs: for a place, for the first token, between two, for the whole, and for its client."""

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

from aiohttp import web

from fairlead.emulator.emulation_knobs import EngineFault
from tests.emulator.living import QUICK, faulty, living, paced
from tests.router.planes import HOST, PROMPT, STREAM, Plane, answering, before, plane, run_story, written


def error_code(text: str) -> str:
    return str(json.loads(text)["error"]["code"])


def test_more_than_may_be_held_and_longer_than_may_be_held_get_503(tmp_path: Path) -> None:
    async def story() -> None:
        hold = {"maxRequests": 1}
        async with plane(written(tmp_path, ["127.0.0.1:1"], hold=hold)) as router:
            held = asyncio.create_task(router.complete())
            while not await router.metric("fairlead_router_requests_held"):
                await asyncio.sleep(0.002)
            async with router.session.post(router.url + "/v1/completions", json=PROMPT) as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
                assert "1 request waits for one, which is the limit" in await answer.text()
            written(tmp_path, ["127.0.0.1:1"], hold=hold | {"maxSeconds": 0.01})
            status, text = await held
            assert (status, error_code(text)) == (503, "no_replica_routable")
            assert "send the request again in" in text

    run_story(story())


def test_batch_work_that_waits_in_vain_is_in_the_queue_time_of_its_own_lane(tmp_path: Path) -> None:
    async def story() -> None:
        lane, hold = {"maxQueued": 8}, {"maxSeconds": 0.05}
        async with plane(written(tmp_path, ["127.0.0.1:1"], batchLane=lane, hold=hold)) as router:
            url, batch = router.url + "/v1/completions", {"x-fairlead-lane": "batch"}
            async with router.session.post(url, json=PROMPT, headers=batch) as answer:
                assert (answer.status, error_code(await answer.text())) == (503, "no_replica_routable")
            counted = 'fairlead_router_queue_seconds_count{model="chat",revision="",band="",lane="batch",target=""}'
            assert await router.metric(counted) == 1

    run_story(story())


def test_an_engine_that_stops_talking_is_found_by_its_requests(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts = {"firstTokenSeconds": 0.5}
        mute = faulty(EngineFault.NO_TOKENS, after=2)
        async with living(mute, QUICK) as engines, before(tmp_path, engines, timeouts=timeouts) as router:
            slow = 0
            while (await router.states())[0] == "routable":
                status, text = await router.complete(STREAM)
                assert status == 200 or error_code(text) == "replica_timeout"
                slow += status == 504
                assert status == 200 or "no first token within 0.5 s (timeouts.firstToken); send the request" in text
            assert slow >= 3
            assert (await router.endpoints())[0]["state"] == "ejected"
            assert (await router.complete(STREAM))[0] == 200

    run_story(story())


def test_a_stream_that_falls_silent_is_ended_with_an_error_frame(tmp_path: Path) -> None:
    async def story() -> None:
        timeouts = {"betweenTokensSeconds": 0.05}
        async with living(paced(0.001, 5)) as engines, before(tmp_path, engines, timeouts=timeouts) as router:
            status, text = await router.complete(STREAM)
            assert (status, "silent for 0.05 s, in the middle of the answer" in text) == (200, True)
            await asyncio.wait_for(engines[0].engine.idle.wait(), 30)

    run_story(story())


def test_a_request_is_not_held_for_longer_than_it_may_take_in_all(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], timeouts={"totalSeconds": 0.05})) as router:
            status, text = await router.complete()
            assert (status, error_code(text)) == (503, "no_replica_routable")
            assert "send the request again in" in text

    run_story(story())


def test_the_total_time_out_ends_streams_and_answers_alike(tmp_path: Path) -> None:
    async def story() -> None:
        pace = paced(0.001, 0.1)
        async with living(pace) as engines, before(tmp_path, engines, timeouts={"totalSeconds": 0.5}) as router:
            status, text = await router.complete(STREAM)
            assert (status, text.endswith("[DONE]\n\n")) == (200, True)
            assert "did not finish within 0.5 s (timeouts.total)" in text
            status, text = await router.complete(PROMPT | {"max_tokens": 40, "ignore_eos": True})
            assert (status, error_code(text)) == (504, "replica_timeout")

    run_story(story())


def test_batch_work_may_wait_longer_than_the_total_time_out_which_begins_when_it_is_sent(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"timeouts": {"totalSeconds": 0.5}, "batchLane": {}}

    async def story() -> None:
        async with living(paced(0.001, 0.001)) as (engine,):
            await engine.stop()
            async with plane(written(tmp_path, [engine.address], **settings)) as router:
                work = asyncio.create_task(batch_work(router))
                assert (await router.complete())[0] == 503
                assert not work.done()
                await engine.start()
                assert (await work)[0] == 200
                engine.engine.pretence = paced(60, 60)
                status, text = await batch_work(router)
                assert (status, error_code(text)) == (504, "replica_timeout")
                assert "did not finish within 0.5 s" in text

    run_story(story())


def test_batch_work_has_the_usual_time_where_there_is_no_lane_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], timeouts={"totalSeconds": 0.05})) as router:
            assert (await batch_work(router))[0] == 503

    run_story(story())


async def batch_work(router: Plane) -> tuple[int, str]:
    """Status and text of the answer to batch work."""
    url, lane = router.url + "/v1/completions", {"x-fairlead-lane": "batch"}
    async with router.session.post(url, json=PROMPT, headers=lane) as answer:
        return answer.status, await answer.text()


END = b"\r\n0\r\n\r\n"


def whole_reply(deaf: socket.socket) -> bytes:
    """What waits for a client: up to the end of the connection, or of the reply if the buffers took all of it."""
    text = bytearray()
    while not text.endswith(END) and (piece := deaf.recv(2**20)):
        text += piece
    return bytes(text)


def test_a_client_that_reads_nothing_is_cut_at_the_total_time_out(tmp_path: Path) -> None:
    gone, short = asyncio.Event(), {"totalSeconds": 0.5}

    async def flood(request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b"data: " + b"x" * 2**20 + b"\n\n")
        finally:
            gone.set()

    async def story() -> None:
        async with answering(flood) as address, plane(written(tmp_path, [address], timeouts=short)) as router:
            await router.until("routable")
            body = json.dumps(STREAM)
            head = f"POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            with socket.create_connection((HOST, router.port), timeout=10) as deaf:
                deaf.sendall((head + body).encode())
                await asyncio.wait_for(gone.wait(), 30)
                while await router.metric("fairlead_router_requests_in_flight"):
                    await asyncio.sleep(0.01)
                text = await asyncio.to_thread(whole_reply, deaf)
            whole = text.endswith(END)
            assert whole == (b"replica_timeout" in text) == (b"[DONE]" in text), "an error event, if there was room"
            assert await router.metric("fairlead_router_answers_cut_total") == 1.0
            assert await router.metric('fairlead_router_requests_total{code="499"}') == -1.0

    run_story(story())
