"""A request's way through the router: bytes unchanged, names that exist, headers that belong to the other side."""

import asyncio
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from multidict import CIMultiDict

from fairlead.emulator.emulation_knobs import EngineFault
from tests.emulator.living import faulty, living, paced
from tests.router.planes import CHAT, PROMPT, STREAM, Plane, answering, before, plane, run_story, written


async def raw(plane: Plane, path: str, body: dict[str, Any], **headers: str) -> tuple[int, bytes]:
    async with plane.session.post(plane.url + path, json=body, headers=headers) as answer:
        return answer.status, await answer.read()


def test_whole_answers_and_streams_arrive_byte_for_byte(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            usage = {"stream_options": {"include_usage": True}}
            for path, body in (
                ("/v1/chat/completions", CHAT),
                ("/v1/chat/completions", CHAT | {"stream": True} | usage),
                ("/v1/completions", STREAM | {"seed": 7}),
                ("/v1/completions", PROMPT | {"max_tokens": 0}),
                ("/tokenize", PROMPT),
            ):
                sent = {"X-Request-Id": "same"}
                async with router.session.post(engines[0].url + path, json=body, headers=sent) as answer:
                    straight = answer.status, await answer.read()
                assert await raw(router, path, body, **sent) == straight

    run_story(story())


def test_no_engine_compresses_a_reply_which_the_router_has_to_read(tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        seen.append(request.headers)
        return web.json_response({"usage": {"completion_tokens": 1}})

    seen: list[Mapping[str, str]] = []

    async def story() -> None:
        async with answering(answer) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            sent = {"Accept-Encoding": "gzip, br", "X-Mine": "1"}
            assert (await raw(router, "/v1/completions", PROMPT, **sent))[0] == 200
        assert ("Accept-Encoding" in seen[-1], seen[-1]["X-Mine"]) == (False, "1")

    run_story(story())


def test_a_token_reaches_the_client_before_the_next_one_exists(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.001, 600)) as engines, before(tmp_path, engines) as router:
            async with router.session.post(router.url + "/v1/completions", json=STREAM) as stream:
                chunk = await stream.content.readany()
                stream.close()
            assert chunk.count(b"data: ") == 1

    run_story(story())


def test_a_client_that_leaves_frees_the_engine_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.001, 5)) as engines, before(tmp_path, engines) as router:
            async with router.session.post(router.url + "/v1/completions", json=STREAM) as stream:
                await stream.content.readany()
                stream.close()
            await asyncio.wait_for(engines[0].engine.idle.wait(), 30)
            whole = asyncio.create_task(router.complete())
            while not engines[0].engine.now.running:
                await asyncio.sleep(0.002)
            whole.cancel()
            await asyncio.wait_for(engines[0].engine.idle.wait(), 30)
            while (await router.endpoints())[0]["inflight"]:
                await asyncio.sleep(0.002)
            assert await router.metric('fairlead_router_requests_total{code="499"}') == 2.0
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())


def test_the_engine_with_the_fewest_requests_is_chosen_and_equals_take_turns(tmp_path: Path) -> None:
    async def story() -> None:
        pace = paced(0.05, 0.001)
        async with living(pace, pace, pace) as engines, before(tmp_path, engines) as router:
            running = [asyncio.create_task(router.complete()) for _ in range(6)]
            while sum(one["inflight"] for one in await router.endpoints()) < 6:
                await asyncio.sleep(0.002)
            assert [one["inflight"] for one in await router.endpoints()] == [2, 2, 2]
            assert {status for status, _ in await asyncio.gather(*running)} == {200}

    run_story(story())


def test_headers_of_one_connection_stay_there_and_all_others_go_through(tmp_path: Path) -> None:
    async def story() -> None:
        seen: list[CIMultiDict[str]] = []

        async def echo(request: web.Request) -> web.Response:
            seen.append(request.headers.copy())
            texts = {"X-Engine": "yes", "Keep-Alive": "timeout=5", "Connection": "X-Hop", "X-Hop": "1"}
            return web.json_response({"usage": {"completion_tokens": 1}}, headers=texts)

        async with answering(echo) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            sent = {"Authorization": "Bearer k", "X-Session-ID": "s", "Connection": "X-Private", "X-Private": "1"}
            async with router.session.post(router.url + "/v1/embeddings?a=%20b", data=b"{}", headers=sent) as answer:
                headers = answer.headers
            assert (seen[-1]["Authorization"], seen[-1]["X-Session-ID"]) == ("Bearer k", "s")
            assert seen[-1]["Host"] == address
            assert not {"X-Private", "Connection"} & set(seen[-1].keys())
            assert seen[-1]["X-Request-Id"] == headers["X-Request-Id"]
            assert len(headers["X-Request-Id"]) == 32
            assert headers["X-Engine"] == "yes"
            assert not {"Keep-Alive", "X-Hop"} & set(headers)

    run_story(story())


def test_what_the_router_knows_itself_needs_noanswering(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            async with router.session.get(router.url + "/v1/models") as answer:
                assert [card["id"] for card in (await answer.json())["data"]] == ["chat", "de"]
            async with router.session.get(router.url + "/ready") as answer:
                assert answer.status == 200
            (one,) = await router.endpoints()
            assert (one["pod"], one["state"], one["inflight"]) == ("127.0.0.1:1", "probing", 0)
            assert await router.metric('fairlead_router_endpoints{state="probing"}') == 1.0

    run_story(story())


NOT_PASSED_ON: Final[dict[str, tuple[str, dict[str, Any], int, str]]] = {
    "model_not_found": (
        "/v1/completions",
        PROMPT | {"model": "gpt"},
        404,
        "gpt: there is no such model here; ask for one of",
    ),
    "not_found": ("/v2/completions", PROMPT, 404, "POST /v2/completions: there is no such route"),
    "request_too_large": ("/v1/completions", PROMPT | {"prompt": "x" * 900}, 413, "over 500 bytes"),
}


@pytest.mark.parametrize("code", NOT_PASSED_ON)
def test_what_cannot_be_passed_on_is_refused_in_openais_shape(tmp_path: Path, code: str) -> None:
    path, body, status, why = NOT_PASSED_ON[code]

    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, limits={"maxRequestBytes": 500}) as router:
            answered, text = await router.complete(body, path)
            error = json.loads(text)["error"]
            assert (answered, error["code"], error["type"]) == (status, code, "invalid_request_error")
            assert why in error["message"]

    run_story(story())


def test_a_body_without_a_length_is_read_up_to_the_limit(tmp_path: Path) -> None:
    async def pieces(count: int) -> Any:  # noqa: ANN401 - any JSON
        for _ in range(count):
            yield b" " * 100

    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, limits={"maxRequestBytes": 500}) as router:
            for count, status in ((4, 400), (6, 413)):
                async with router.session.post(router.url + "/v1/completions", data=pieces(count)) as answer:
                    assert answer.status == status

    run_story(story())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "probe: the answer is not a completion"),
        (b'{"usage": {"completion_tokens": 0}}', "probe: an answer without a token"),
    ],
)
def test_what_answers_a_probe_without_a_token_gets_no_requests(tmp_path: Path, body: bytes, reason: str) -> None:
    async def other(_: web.Request) -> web.Response:
        return web.Response(body=body)

    async def story() -> None:
        async with answering(other) as address, plane(written(tmp_path, [address])) as router:
            while (await router.endpoints())[0]["reason"] != reason:
                await asyncio.sleep(0.005)
            assert await router.states() == ["probing"]

    run_story(story())


def test_a_large_body_goes_through_whole(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            large = json.dumps(PROMPT | {"a_field_nobody_knows": "x" * 3_000_000}).encode()
            texts = {"Content-Type": "application/json"}
            async with router.session.post(
                router.url + "/v1/completions", data=BytesIO(large), headers=texts
            ) as answer:
                assert (await answer.json())["usage"]["completion_tokens"] == 16

    run_story(story())


def test_any_model_goes_through_where_none_are_named(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, models=[]) as router:
            status, text = await router.complete(PROMPT | {"model": "gpt"})
            assert (status, "Valid aliases: chat." in text) == (404, True)

    run_story(story())


def test_a_broken_stream_ends_with_an_error_frame_and_a_whole_answer_with_502(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(faulty(EngineFault.CUT_STREAM, after=1)) as engines, before(tmp_path, engines) as router:
            status, text = await router.complete(STREAM)
            *_, frame, done, rest = text.split("\n\n")
            assert (status, done, rest) == (200, "data: [DONE]", "")
            error = json.loads(frame.removeprefix("data: "))["error"]
            assert (error["type"], error["code"]) == ("server_error", "stream_cut")
            assert f"replica {engines[0].address}: the connection broke" in error["message"]
            status, text = await router.complete()
            assert (status, json.loads(text)["error"]["code"]) == (502, "replica_unreachable")
            assert await router.metric("fairlead_router_answers_cut_total") == 1.0

    run_story(story())


def test_an_answer_with_a_length_that_breaks_is_cut_and_not_ended(tmp_path: Path) -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        await asyncio.sleep(0.02)
        request.transport.abort()
        return response

    async def story() -> None:
        async with answering(half) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            with pytest.raises(aiohttp.ClientPayloadError):
                await router.complete()

    run_story(story())
