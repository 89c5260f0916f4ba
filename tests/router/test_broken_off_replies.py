"""Replies that end early, because the client left or the engine broke: the tokens that were seen are paid for."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web

from fairlead.router import failed_attempts
from fairlead.router.attempt import EngineAttempt
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.expectations import REPLY_GUESS
from fairlead.routing.reasons import AttemptEnding
from tests.router.planes import CHAT, STREAM, Plane, answering, plane, run_story, written
from tests.router.test_engine_requests import DELTA, keyed

MINE: Final = {"Authorization": "Bearer sk-1"}
PIECES: Final = 5000
LENGTHY: Final = {"model": "chat", "prompt": "a long story", "max_tokens": PIECES}
END: Final = b'{"choices":[{"index":0,"text":"","finish_reason":"length"}]}'
COMPLETION: Final = b"data: %b\n\n" % DELTA * PIECES + b"data: %b\n\n" % END
BEGUN: Final = b'{"type":"message_start","message":{"usage":{"input_tokens":7,"output_tokens":1}}}'
WORD: Final = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}'
MESSAGE: Final = b"event: message_start\ndata: %b\n\n" % BEGUN + (
    b"event: content_block_delta\ndata: %b\n\n" % WORD * PIECES + b"event: message_delta\ndata: {}\n\n"
)


def writes(stream: bytes, go_on: Callable[[], Awaitable[None]]) -> Callable[[web.Request], Awaitable[Any]]:
    """An engine that writes this stream, and then neither counts its tokens nor ends it properly."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if not (await request.json()).get("stream"):
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(stream)
        await go_on()
        assert request.transport is not None
        request.transport.abort()
        return response

    return answer


async def for_ever() -> None:
    await asyncio.Event().wait()


async def abandoned(router: Plane) -> None:
    """A client that leaves before its whole reply, and the end of its request at the router."""
    sent = router.session.post(router.url + "/v1/completions", json=LENGTHY, headers=MINE)
    leaving = asyncio.ensure_future(sent)
    while await router.metric("fairlead_router_requests_in_flight") < 1:
        await asyncio.sleep(0.005)
    leaving.cancel()
    while await router.metric("fairlead_router_requests_in_flight"):
        await asyncio.sleep(0.005)


async def next_status(router: Plane) -> int:
    """The status of the tenant's next request: 429 if it has no tokens left, and will have none for a while."""
    async with router.session.post(router.url + "/v1/completions", json=CHAT, headers=MINE) as answer:
        return answer.status


@pytest.mark.parametrize(
    ("path", "body", "stream", "last"),
    [
        ("/v1/completions", STREAM | {"max_tokens": PIECES}, COMPLETION, b'"length"'),
        ("/v1/messages", CHAT | {"stream": True, "max_tokens": PIECES}, MESSAGE, b"message_delta"),
    ],
)
def test_a_client_that_leaves_when_it_has_all_of_a_stream_pays_for_it(
    tmp_path: Path, path: str, body: dict[str, Any], stream: bytes, last: bytes
) -> None:
    """Many do so before the engine has counted the tokens."""

    async def story() -> None:
        engine, tenant = writes(stream, for_ever), keyed(tmp_path, tokensPerMinute=1000)
        async with answering(engine) as address, plane(written(tmp_path, [address], **tenant)) as router:
            await router.until("routable")
            async with router.session.post(router.url + path, json=body, headers=MINE) as answer:
                while last not in (line := await answer.content.readline()):
                    assert line, "the stream ended before"
                answer.close()
            while await router.metric("fairlead_router_requests_in_flight"):
                await asyncio.sleep(0.005)
            assert await next_status(router) == 429

    run_story(story())


def test_a_stream_that_its_engine_breaks_is_paid_by_what_was_seen_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        engine, tenant = writes(COMPLETION, lambda: asyncio.sleep(0)), keyed(tmp_path, tokensPerMinute=1000)
        async with answering(engine) as address, plane(written(tmp_path, [address], **tenant)) as router:
            await router.until("routable")
            body = STREAM | {"max_tokens": PIECES}
            async with router.session.post(router.url + "/v1/completions", json=body, headers=MINE) as answer:
                assert b"stream_cut" in await answer.read()
            assert await next_status(router) == 429

    run_story(story())


def test_a_client_that_does_not_wait_for_its_whole_reply_pays_for_the_usual_one(tmp_path: Path) -> None:
    """Its engine may have worked on it for minutes, and the client sends it again."""

    async def story() -> None:
        async with answering(never) as address, plane(written(tmp_path, [address], **tenant)) as router:
            await router.until("routable")
            await abandoned(router)
            assert await next_status(router) == 429

    async def never(request: web.Request) -> web.Response:
        if "messages" not in (body := await request.json()) and body["prompt"] == LENGTHY["prompt"]:
            await for_ever()
        return web.json_response({"usage": {"completion_tokens": 1}})

    tenant = keyed(tmp_path, tokensPerMinute=REPLY_GUESS + 50)
    run_story(story())


@pytest.mark.interpreted
def test_a_client_that_leaves_before_an_engine_was_reached_pays_for_no_reply(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine whose machine is gone takes no connection, and so has done no work."""
    connects, gone, pools = UpstreamPool.connect, False, set[UpstreamPool]()

    def connect(pool: UpstreamPool, upstream: UpstreamConnection) -> None:
        pools.add(pool)
        if gone:
            upstream.connect_by(asyncio.ensure_future(for_ever()), asyncio.get_running_loop().time())
        else:
            connects(pool, upstream)

    async def answer(_: web.Request) -> web.Response:
        response = web.json_response({"usage": {"completion_tokens": 1}})
        response.force_close()
        return response

    async def story() -> None:
        nonlocal gone
        async with answering(answer) as address, plane(written(tmp_path, [address], **tenant)) as router:
            await router.until("routable")
            while any(pool.idle for pool in pools):
                await asyncio.sleep(0.002)
            gone = True
            await abandoned(router)
            gone = False
            assert await next_status(router) == 200

    monkeypatch.setattr(UpstreamPool, "connect", connect)
    tenant = keyed(tmp_path, tokensPerMinute=REPLY_GUESS + 50)
    run_story(story())


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("first", "hedge", "ending"),
    [
        (True, None, AttemptEnding.CLIENT_LEFT),
        (False, None, AttemptEnding.NOT_CONNECTED),
        (False, False, AttemptEnding.NOT_CONNECTED),
        (False, True, AttemptEnding.CLIENT_LEFT),
    ],
)
def test_who_leaves_pays_if_an_engine_was_reached_be_it_only_by_the_hedge(
    *, first: bool, hedge: bool | None, ending: AttemptEnding
) -> None:
    async def story() -> None:
        pool = UpstreamPool(Endpoint("a", "a:1", 0), HeadCache(), RouterCounters(()))

        def attempted(*, reached: bool) -> EngineAttempt:
            made = EngineAttempt.__new__(EngineAttempt)
            made.upstream = UpstreamConnection(pool)
            made.upstream.reached = reached
            return made

        attempt = attempted(reached=first)
        rival = None if hedge is None else attempted(reached=hedge)
        assert failed_attempts.abandoned(attempt, rival) is ending
        assert attempt.upstream is None

    run_story(story())
