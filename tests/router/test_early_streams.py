"""A stream that waits: its client gets comments instead of silence, and then the same events, or the error as one."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import openai
import pytest
from aiohttp import web

from fairlead.router.early_streams import EarlyStream
from tests.emulator.living import Living, free_port, living, paced
from tests.router.gated_engine import once_released
from tests.router.gateways import gateway, target
from tests.router.gateways import written as gateway_file
from tests.router.planes import (
    CHAT,
    STREAM,
    Plane,
    answering,
    before,
    exchange_bytes,
    plane,
    posted,
    run_story,
    whole,
    written,
)
from tests.router.recalling import CACHE, is_idle
from tests.router.recalling import STREAM as COLD_STREAM
from tests.router.test_judged_answers import QUESTION, cascade
from tests.router.test_judged_answers import stream as streamed

SOON: Final[dict[str, Any]] = {"streamKeepAliveSeconds": 0.02}
COMMENT: Final = b": waiting\n\n"
NOWHERE: Final = "127.0.0.1:1"


@asynccontextmanager
async def waiting(
    router: Plane, body: dict[str, Any] = STREAM, path: str = "/v1/completions"
) -> AsyncIterator[aiohttp.ClientResponse]:
    """A client that has read two comments of its stream."""
    async with router.session.post(router.url + path, json=body) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        assert await answer.content.readexactly(2 * len(COMMENT)) == 2 * COMMENT
        yield answer


async def rest(answer: aiohttp.ClientResponse) -> bytes:
    """All that follows, without comments."""
    return (await answer.read()).replace(COMMENT, b"")


@asynccontextmanager
async def held_engine(
    folder: Path, answer: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> AsyncIterator[Plane]:
    """A router before two engines that answer the same."""
    async with (
        answering(answer) as one,
        answering(answer) as other,
        plane(written(folder, [one, other], connections=SOON)) as router,
    ):
        await router.until("routable", "routable")
        yield router


def test_a_stream_held_for_a_replica_gets_comments_and_then_the_stream_of_any_other(tmp_path: Path) -> None:
    async def story() -> None:
        late = Living(port=free_port())
        async with plane(written(tmp_path, [late.address], connections=SOON)) as router:
            async with waiting(router) as answer:
                assert answer.headers["x-request-id"]
                await late.start()
                body = await rest(answer)
            async with router.session.post(router.url + "/v1/completions", json=STREAM) as answer:
                assert events_of(body) == events_of(await rest(answer))
            assert body.endswith(b"data: [DONE]\n\n")
            await is_idle(router)
            await late.stop()

    run_story(story())


def events_of(body: bytes) -> list[Any]:
    """Texts and ends of a stream's events, which are equal for equal requests."""
    found = [json.loads(one.removeprefix(b"data: ")) for one in body.split(b"\n\n")[:-2]]
    return [[(one["text"], one["finish_reason"]) for one in event["choices"]] for event in found]


def test_openais_client_ignores_comments(tmp_path: Path) -> None:
    async def story() -> None:
        late = Living(port=free_port())
        async with plane(written(tmp_path, [late.address], connections=SOON)) as router, openais(router) as client:
            stream = await client.completions.create(model="chat", prompt="one two", stream=True, max_tokens=5)
            await late.start()
            assert len([one async for one in stream]) > 1
            await late.stop()

    run_story(story())


def test_openais_client_raises_the_error_that_follows_them(tmp_path: Path) -> None:
    async def story() -> None:
        config = written(tmp_path, [NOWHERE], connections=SOON)
        async with plane(config) as router, openais(router) as client:
            stream = await client.completions.create(model="chat", prompt="one two", stream=True)
            refuse_soon(tmp_path)
            with pytest.raises(openai.APIError, match="No replica was ready") as error:
                _ = [one async for one in stream]
            assert error.value.code == "no_replica_routable"

    run_story(story())


def refuse_soon(folder: Path) -> None:
    """Change the configuration, so that what waits for a replica is refused a moment from now."""
    written(folder, [NOWHERE], connections=SOON, hold={"maxSeconds": 0.01})


def openais(router: Plane) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=router.url + "/v1", api_key="none", max_retries=0)


@pytest.mark.parametrize(("path", "shape"), [("/v1/completions", "openai"), ("/v1/messages", "anthropic")])
def test_an_error_that_comes_later_is_the_last_event_and_is_logged_as_itself(
    tmp_path: Path, path: str, shape: str
) -> None:
    async def story() -> None:
        body = STREAM if shape == "openai" else CHAT | {"stream": True, "max_tokens": 5}
        config = written(tmp_path, [NOWHERE], connections=SOON)
        async with plane(config, log=tmp_path / "log") as router:
            async with waiting(router, body, path) as answer:
                refuse_soon(tmp_path)
                last = await rest(answer)
            event = next(one for one in last.split(b"\n") if one.startswith(b"data: {"))
            error = json.loads(event.removeprefix(b"data: "))
            assert error["error"]["code"] == "no_replica_routable"
            if shape == "openai":
                assert last.endswith(b"data: [DONE]\n\n")
            else:
                assert b"event: error\n" in last
            assert (await router.complete())[0] == 503, "one that is no stream has its status"
        line, _ = (json.loads(one) for one in (tmp_path / "log").read_text().splitlines())
        assert (line["status"], line["reason"]) == (503, "no_replica_routable")

    run_story(story())


def test_nothing_is_sent_early_by_default_to_old_clients_and_for_whole_answers(tmp_path: Path) -> None:
    async def story(connections: dict[str, Any], sent: bytes) -> None:
        hold = {"maxSeconds": 0.1}
        async with plane(written(tmp_path, [NOWHERE], connections=connections, hold=hold)) as router:
            assert (await exchange_bytes(router, sent)).startswith(b"HTTP/1.1 503 ")

    async def early() -> None:
        async with plane(written(tmp_path, [NOWHERE], connections=SOON)) as router, waiting(router):
            pass

    run_story(story({}, posted(STREAM)))
    run_story(story(SOON, posted(STREAM, version="1.0")))
    run_story(story(SOON, posted(STREAM | {"stream": False})))
    run_story(story(SOON, posted(STREAM, "/v1/embeddings")))
    run_story(early())


EVENT: Final = b'data: {"choices":[{"index":0,"text":"a","finish_reason":"stop"}]}\n\n'
ENDED: Final = EVENT + b"data: [DONE]\n\n"
TYPED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
BAD: Final = b'{"error":{"message":"bad value of x","type":"BadRequestError","code":400,"param":"x"}}'
IN_CHUNKS: Final = b"HTTP/1.1 400 Bad\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TYPED + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(ENDED), ENDED), ENDED),
        (TYPED + b"content-length: %d\r\n\r\n%b" % (len(ENDED), ENDED), ENDED),
        (TYPED + b"connection: close\r\n\r\n" + ENDED, ENDED),
        (whole(b'{"a":\n1}'), b'data: {"a":\ndata: 1}\n\n'),
    ],
    ids=["chunks", "length", "closes", "no stream"],
)
def test_what_the_engine_answers_becomes_the_rest_of_the_stream(tmp_path: Path, answer: bytes, expected: bytes) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        async with held_engine(tmp_path, once_released(go_on, answer)) as router:
            async with waiting(router) as client:
                go_on.set()
                assert await rest(client) == expected
            await is_idle(router)

    run_story(story())


@pytest.mark.parametrize(
    "answer",
    [whole(BAD, 400), IN_CHUNKS + b"5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (BAD[:5], len(BAD) - 5, BAD[5:])],
    ids=["length", "chunks"],
)
def test_an_engines_own_error_is_an_event(tmp_path: Path, answer: bytes) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        async with held_engine(tmp_path, once_released(go_on, answer)) as router:
            async with waiting(router) as client:
                go_on.set()
                frame, done = (await rest(client)).strip(b"\n").split(b"\n\n")
            error = json.loads(frame.removeprefix(b"data: "))["error"]
            assert (error["message"], error["code"], error["param"]) == ("bad value of x", "400", "x")
            assert done == b"data: [DONE]"
            await is_idle(router)

    run_story(story())


def test_another_replica_may_still_answer_and_the_connection_serves_the_next_request(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        broken = whole(b'{"error":{"message":"no","code":503}}', 503)
        good = TYPED + b"content-length: %d\r\n\r\n%b" % (len(ENDED), ENDED)
        async with held_engine(tmp_path, once_released(go_on, broken, good)) as router:
            async with waiting(router) as client:
                connection = client.connection
                go_on.set()
                assert await rest(client) == ENDED
            assert connection is not None
            assert await router.metric("fairlead_router_retries_total") == 1
            opened = await router.metric('fairlead_router_client_connection_events_total{event="opened"}')
            assert (await router.complete())[0] == 200
            again = await router.metric('fairlead_router_client_connection_events_total{event="opened"}')
            assert again == opened

    run_story(story())


def test_those_who_follow_an_identical_request_get_comments_too(tmp_path: Path) -> None:
    async def story() -> None:
        late = Living(port=free_port())
        async with plane(written(tmp_path, [late.address], connections=SOON, cache=CACHE)) as router:
            path = "/v1/chat/completions"
            async with waiting(router, COLD_STREAM, path) as first, waiting(router, COLD_STREAM, path) as second:
                await late.start()
                body = await rest(first)
                assert await rest(second) == body
                assert body.endswith(b"data: [DONE]\n\n")
            await is_idle(router)
            await late.stop()

    run_story(story())


def test_a_judged_answer_follows_the_comments(tmp_path: Path) -> None:
    async def story() -> None:
        go_on = asyncio.Event()
        empty = streamed("")
        async with (
            answering(once_released(go_on, empty)) as small,
            answering(once_released(go_on, streamed("yes"))) as large,
        ):
            targets = [target("a", small), target("b", large)]
            config = gateway_file(tmp_path, targets, [cascade("a", "b")], connections=SOON)
            async with gateway(config) as router:
                async with waiting(router, QUESTION | {"stream": True}, "/v1/chat/completions") as client:
                    go_on.set()
                    body = await rest(client)
                assert b'"content":"yes"' in body
                assert body.count(b"[DONE]") == 1
                await is_idle(router)

    run_story(story())


def test_a_client_that_leaves_while_it_waits_is_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(5, 5)) as engines, before(tmp_path, engines, connections=SOON) as router:
            gc.collect()
            gc.disable()
            try:
                async with waiting(router) as client:
                    client.close()
                await is_idle(router)
                assert [one for one in gc.get_objects() if type(one) is EarlyStream] == []
            finally:
                gc.enable()

    run_story(story())
