"""Engines that are not ideal: strange answers, slow between requests."""

import asyncio
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from fairlead.router import upstream_requests
from fairlead.router.observability.counters import RouterCounters
from fairlead.router.upstream_connection import UpstreamConnection
from fairlead.router.upstream_pool import UpstreamPool
from fairlead.router.upstream_requests import NoUpstreamAnswer
from fairlead.router.wire.head_cache import HeadCache
from fairlead.routing.endpoint import Endpoint
from tests.emulator.living import living
from tests.router.planes import (
    HOST,
    PROMPT,
    STREAM,
    Raw,
    answering,
    before,
    events,
    exchange_bytes,
    plane,
    posted,
    run_story,
    whole,
    written,
)
from tests.router.test_engine_requests import ANSWER, DELTA, USAGE, keyed, router_before
from tests.router.test_faults import fails, listening

BEARER = "Authorization: Bearer sk-1"


def test_a_stream_whose_first_event_is_an_error_of_its_clients_own_is_passed_on(tmp_path: Path) -> None:
    async def story() -> None:
        first = b'{"error":{"message":"no such grammar","code":400}}'
        async with router_before(tmp_path, Raw(events(first))) as router:
            status, text = await router.complete(STREAM)
            assert (status, "no such grammar" in text) == (200, True)
            assert await router.states() == ["routable"]

    run_story(story())


def test_an_error_that_comes_in_pieces_is_judged_whole(tmp_path: Path) -> None:
    async def breaking(request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(status=500)
        await response.prepare(request)
        for piece in (b'{"error"', b': "broke', b'n"}'):
            await response.write(piece)
            await asyncio.sleep(0.01)
        return response

    async def story() -> None:
        async with answering(breaking) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            assert await router.complete() == (500, '{"error": "broken"}')

    run_story(story())


def test_a_counted_stream_that_arrives_in_small_pieces_keeps_the_form_the_client_requested(tmp_path: Path) -> None:
    async def pieces(request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        whole_text = b"".join(b"data: %b\n\n" % one for one in (DELTA, DELTA, DELTA, USAGE, b"[DONE]"))
        for at in range(0, len(whole_text), 40):
            await response.write(whole_text[at : at + 40])
            await asyncio.sleep(0.002)
        return response

    async def story() -> None:
        tenants = keyed(tmp_path, tokensPerMinute=100_000)
        async with answering(pieces) as address, plane(written(tmp_path, [address], **tenants)) as router:
            await router.until("routable")
            answer = await exchange_bytes(router, posted(STREAM, "/v1/completions", BEARER))
            assert b"usage" not in answer
            assert answer.endswith(b"0\r\n\r\n")
            assert answer.count(b'"text"') == 3
            old = await exchange_bytes(router, posted(STREAM, "/v1/completions", BEARER, version="1.0"))
            head, _, body = old.partition(b"\r\n\r\n")
            assert b"transfer-encoding" not in head.lower()
            assert body == b"".join(b"data: %b\n\n" % one for one in (DELTA, DELTA, DELTA, b"[DONE]"))

    run_story(story())


def test_a_counted_stream_with_a_length_ends_with_an_old_clients_connection(tmp_path: Path) -> None:
    async def story() -> None:
        kept = b"data: %b\n\ndata: [DONE]\n\n" % DELTA
        stream = kept.replace(b"data: [", b"data: %b\n\ndata: [" % USAGE)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(stream)
        engine = Raw(head + stream)
        async with router_before(tmp_path, engine, **keyed(tmp_path, tokensPerMinute=100_000)) as router:
            old = posted(STREAM, "/v1/completions", BEARER, "Connection: keep-alive", version="1.0")
            head, _, body = (await exchange_bytes(router, old)).partition(b"\r\n\r\n")
            assert (b"content-length" in head.lower(), b"transfer-encoding" in head.lower()) == (False, False)
            assert body == kept

    run_story(story())


class Closing(Raw):
    """Closes its connection after an answer, which is how a client sees its end."""

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        seen = len(self.seen)
        return await super()._answered(reader, writer) and len(self.seen) == seen


LAST = b'{"choices":[{"index":0,"text":"","finish_reason":"stop"}]}'
UNFRAMED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


@pytest.mark.parametrize("payloads", [(DELTA, LAST, b"[DONE]"), (DELTA, LAST), (DELTA, b"[DONE]")])
def test_a_stream_that_ends_with_its_connection_is_complete_after_its_last_event(
    tmp_path: Path, payloads: tuple[bytes, ...]
) -> None:
    async def story() -> None:
        sent = b"".join(b"data: %b\n\n" % one for one in payloads)
        async with router_before(tmp_path, Closing(UNFRAMED + sent)) as router:
            assert await router.complete(STREAM) == (200, sent.decode())
            assert await router.metric("fairlead_router_answers_cut_total") == 0.0

    run_story(story())


def test_a_stream_that_ends_with_its_connection_before_its_last_event_was_cut(tmp_path: Path) -> None:
    async def story() -> None:
        half = b"data: %b\n\n" % DELTA
        async with router_before(tmp_path, Closing(UNFRAMED + half)) as router:
            status, text = await router.complete(STREAM)
            assert (status, text.startswith(half.decode())) == (200, True)
            *_, frame, done, rest = text.split("\n\n")
            assert (json.loads(frame.removeprefix("data: "))["error"]["code"], done, rest) == (
                *("stream_cut", "data: [DONE]"),
                "",
            )
            assert await router.metric("fairlead_router_answers_cut_total") == 1.0

    run_story(story())


def test_a_stream_that_ends_with_its_connection_before_its_first_event_is_sent_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with router_before(tmp_path, Closing(UNFRAMED, events(DELTA))) as router:
            assert await router.complete(STREAM) == (200, f"data: {DELTA.decode()}\n\ndata: [DONE]\n\n")

    run_story(story())


def test_a_very_long_answer_passes_without_being_kept(tmp_path: Path) -> None:
    async def story() -> None:
        long = whole(json.dumps({"text": "x" * 3_000_000}).encode())
        async with router_before(tmp_path, Raw(long)) as router:
            status, text = await router.complete()
            assert (status, len(text)) == (200, len(long.partition(b"\r\n\r\n")[2]))

    run_story(story())


def test_the_models_of_all_engines_are_listed_where_none_are_configured(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines, models=[]) as router:
            cards: list[dict[str, object]] = []
            while not cards:
                async with router.session.get(router.url + "/v1/models") as answer:
                    cards = (await answer.json())["data"]
            assert "chat" in [card["id"] for card in cards]

    run_story(story())


def test_a_talk_keeps_its_name_where_there_are_several_routers(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER, ANSWER)
        async with engine.listening():
            config = written(tmp_path, [engine.address])
            config.write_text(json.dumps(json.loads(config.read_text()) | {"routers": 3}))
            async with plane(config) as router:
                await router.until("routable")
                for line in ("x-session-id: one", "x-other: one"):
                    answer = await exchange_bytes(router, posted(PROMPT, "/v1/completions", line))
                    assert answer.startswith(b"HTTP/1.1 200")

    run_story(story())


def test_traces_reach_engines_where_they_are_collected(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        document = {"otlpEndpoint": f"http://{HOST}:1", "traceShare": 1.0}
        async with router_before(tmp_path, engine, telemetry=document) as router:
            assert (await router.complete())[0] == 200
            assert b"\r\ntraceparent: 00-" in engine.seen[0]

    run_story(story())


def test_our_own_questions_have_answers_of_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_requests, "MAX_BYTES", 10)

    async def story() -> None:
        async with Raw(whole(b"x" * 11)).listening() as engine:
            pool = UpstreamPool(Endpoint("a", engine.address, 0), HeadCache(), RouterCounters(()))
            with pytest.raises(NoUpstreamAnswer, match="over 10 bytes"):
                await upstream_requests.fetch(
                    pool, upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}"), 1
                )
            pool.close()

    run_story(story())


def test_a_question_that_is_not_answered_in_time_is_not_waited_for() -> None:
    async def story() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, HOST, 0)
        try:
            pool = UpstreamPool(
                Endpoint("a", f"{HOST}:{server.sockets[0].getsockname()[1]}", 0), HeadCache(), RouterCounters(())
            )
            with pytest.raises(TimeoutError):
                await upstream_requests.fetch(pool, upstream_requests.upstream_message(pool, b"GET", b"/metrics"), 0.05)
            pool.close()
        finally:
            server.close()

    run_story(story())


class Faulty(upstream_requests.UpstreamRequest):
    """Has a internal error."""

    def data_received(self, upstream: UpstreamConnection, data: bytes) -> None:
        fails(upstream, data)


def test_a_fault_in_the_middle_of_our_own_question_is_no_answer() -> None:
    async def story() -> None:
        async with listening(Raw(ANSWER)) as (router, _):
            (endpoint,) = router.sole.dispatcher.table.endpoints
            pool = router.sole.pool(endpoint)
            question = Faulty()
            pool.send(
                question,
                upstream_requests.upstream_message(pool, b"POST", b"/v1/completions", b"{}"),
                router.context.now(),
            )
            with pytest.raises(NoUpstreamAnswer, match="internal error"):
                await question.answer()

    run_story(story())


def test_a_missing_key_file_is_logged_and_it_serves(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        tenants: Any = [{"name": "shop", "keyFiles": [str(tmp_path / "absent")]}]
        async with plane(written(tmp_path, ["127.0.0.1:1"], tenants=tenants)) as router:
            assert (await router.complete())[0] == 401

    with caplog.at_level(logging.WARNING):
        run_story(story())
    assert "absent" in caplog.text
