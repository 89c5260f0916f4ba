"""Client behaviour, good and bad: slow, rude, browsers, old ones."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from fairlead.router import client_connection
from tests.emulator.living import living, paced
from tests.router.planes import (
    HOST,
    PROMPT,
    STREAM,
    Raw,
    answering,
    before,
    exchange_bytes,
    plane,
    posted,
    run_story,
    written,
)
from tests.router.test_engine_requests import ANSWER, router_before


def code(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"])


def test_a_client_that_expects_100_continue_before_its_body_receives_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            whole = posted(PROMPT, "/v1/completions", "Expect: 100-continue")
            end = whole.index(b"\r\n\r\n") + 4
            answer = await exchange_bytes(router, whole[:end], whole[end:], pause=0.05)
            assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")

    run_story(story())


def test_the_second_of_two_requests_at_once_is_not_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            one = posted(PROMPT).replace(b"Connection: close\r\n", b"")
            answer = await exchange_bytes(router, one + one)
            assert answer.count(b"HTTP/1.1 200") == 1

    run_story(story())


def test_an_old_client_gets_no_chunks_and_an_end_by_closing(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            answer = await exchange_bytes(router, posted(STREAM, version="1.0"))
            head, _, body = answer.partition(b"\r\n\r\n")
            assert b"chunked" not in head
            assert body.startswith(b"data: ")
            assert body.endswith(b"data: [DONE]\n\n")

    run_story(story())


SLOW = {"headSeconds": 0.1, "bodySeconds": 0.1, "idleSeconds": 0.1}


@pytest.mark.parametrize("sent", [b"POST /v1/comp", posted(PROMPT)[:-5]])
def test_a_client_that_trickles_gets_408(tmp_path: Path, sent: bytes) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], connections=SLOW)) as router:
            answer = await exchange_bytes(router, sent)
            assert (answer[:12], code(answer)) == (b"HTTP/1.1 408", "request_timeout")
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())


def test_an_idle_connection_is_closed_without_a_word(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], connections=SLOW)) as router:
            assert await exchange_bytes(router) == b""

    run_story(story())


def test_one_connection_too_many_is_refused_with_that_reason(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"], connections={"maxConnections": 2})) as router:
            writers = [(await asyncio.open_connection(HOST, router.port))[1] for _ in range(2)]
            answer = await exchange_bytes(router)
            assert (answer[:12], code(answer)) == (b"HTTP/1.1 503", "too_many_connections")
            for writer in writers:
                writer.close()

    run_story(story())


def test_half_a_goodbye_is_a_goodbye(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            engines[0].engine.pretence = paced(5, 5)
            reader, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(STREAM))
            while not engines[0].engine.now.running:
                await asyncio.sleep(0.002)
            writer.write_eof()
            await asyncio.wait_for(engines[0].engine.idle.wait(), 30)
            assert await reader.read() == b""
            writer.close()

    run_story(story())


def test_a_client_that_leaves_in_the_middle_of_its_body_is_counted_and_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            _, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(PROMPT)[:-5])
            while not await router.metric("fairlead_router_requests_in_flight"):
                await asyncio.sleep(0.002)
            writer.close()
            while await router.metric("fairlead_router_requests_in_flight"):
                await asyncio.sleep(0.002)
            assert await router.metric('fairlead_router_requests_total{code="499"}') == 1.0

    run_story(story())


def test_garbage_is_answered_and_closed(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            answer = await exchange_bytes(router, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
            assert (answer[:12], code(answer)) == (b"HTTP/1.1 400", "tls_on_plain_port")
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())


def test_pages_of_the_routers_own_are_read_and_not_written(tmp_path: Path) -> None:
    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            async with router.session.head(router.url + "/health") as answer:
                assert (answer.status, answer.headers["Content-Length"]) == (200, "3")
            async with router.session.post(router.url + "/health") as answer:
                assert answer.status == 405
            async with router.session.get(router.url + "/v1/models/de") as answer:
                assert (await answer.json())["id"] == "de"
            async with router.session.get(router.url + "/v1/models/xx") as answer:
                assert (answer.status, (await answer.json())["error"]["code"]) == (404, "model_not_found")

    run_story(story())


def test_models_are_listed_as_the_engines_report_them(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as engines, before(tmp_path, engines) as router:
            cards: list[dict[str, object]] = [{}]
            while "max_model_len" not in cards[0]:
                async with router.session.get(router.url + "/v1/models") as answer:
                    cards = (await answer.json())["data"]
            assert [card["id"] for card in cards] == ["chat", "de"]

    run_story(story())


def test_browsers_of_known_origins_may_ask(tmp_path: Path) -> None:
    async def story() -> None:
        connections = {"corsOrigins": ["https://app.example"]}
        async with living() as engines, before(tmp_path, engines, connections=connections) as router:
            texts, other = {"Origin": "https://app.example"}, {"Origin": "https://evil.example"}
            values = texts | {"Access-Control-Request-Headers": "authorization"}
            async with router.session.options(router.url + "/v1/completions", headers=values) as answer:
                assert answer.status == 204
                assert answer.headers["Access-Control-Allow-Headers"] == "authorization"
                assert not {"Content-Length", "Content-Type"} & set(answer.headers), "it has no content"
            async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=texts) as answer:
                assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example"
            async with router.session.post(router.url + "/v1/completions", json=PROMPT, headers=other) as answer:
                assert "Access-Control-Allow-Origin" not in answer.headers

    run_story(story())


@pytest.mark.parametrize("status", [b"200 OK", b"400 Bad Request"])
def test_an_engine_that_lets_every_browser_read_leaves_that_to_the_router(tmp_path: Path, status: bytes) -> None:
    """Engines allow all origins by default, and a browser refuses a reply that names two."""

    async def story() -> None:
        engines_own = b"Access-Control-Allow-Origin: *\r\naccess-control-allow-credentials: true\r\nx-engine: yes"
        engine = Raw(*[b"HTTP/1.1 %b\r\n%b\r\ncontent-length: 2\r\n\r\n{}" % (status, engines_own)] * 2)
        async with router_before(tmp_path, engine, connections={"corsOrigins": ["https://app.example"]}) as router:
            allowed = await exchange_bytes(router, posted(PROMPT, "/v1/completions", "Origin: https://app.example"))
            other = await exchange_bytes(router, posted(PROMPT, "/v1/completions", "Origin: https://evil.example"))
        heads = [one.partition(b"\r\n\r\n")[0].lower() for one in (allowed, other)]
        assert [head.count(b"access-control-allow-origin") for head in heads] == [1, 0]
        assert b"\r\naccess-control-allow-origin: https://app.example\r\n" in heads[0]
        assert all(b"x-engine: yes" in head and b"credentials" not in head for head in heads)

    run_story(story())


@pytest.mark.interpreted
def test_a_client_that_takes_nothing_of_its_answer_is_cut_and_its_engine_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_connection, "STALL_SECONDS", 0.1)

    async def endless(request: web.Request) -> web.StreamResponse:
        if b"ping" in await request.read():
            return web.json_response({"usage": {"completion_tokens": 1}})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b'data: {"choices":[{"text":"%b"}]}\n\n' % (b"x" * 60_000))
        finally:
            left.set()

    left = asyncio.Event()

    async def story() -> None:
        async with answering(endless) as address, plane(written(tmp_path, [address])) as router:
            await router.until("routable")
            reader, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(posted(STREAM))
            await reader.readuntil(b"data: ")
            await left.wait()
            while await router.metric("fairlead_router_requests_in_flight"):
                await asyncio.sleep(0.005)
            assert [one["inflight"] for one in await router.endpoints()] == [0]
            writer.close()

    run_story(story())


@pytest.mark.interpreted
def test_a_client_that_stays_after_its_last_answer_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_connection, "GRACE_SECONDS", 0.05)

    async def story() -> None:
        async with plane(written(tmp_path, ["127.0.0.1:1"])) as router:
            reader, writer = await asyncio.open_connection(HOST, router.port)
            writer.write(b"POST /v1/x HTTP/1.1\r\nno header\r\n\r\n")
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 400")
            with suppress(ConnectionError):
                while True:
                    writer.write(b"and more of it")
                    await asyncio.sleep(0.01)
                    await writer.drain()
            writer.close()

    run_story(story())


def test_a_changed_limit_applies_to_connections_that_are_kept(tmp_path: Path) -> None:
    large = PROMPT | {"prompt": "x" * 900}

    async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(posted(large).replace(b"Connection: close\r\n", b""))
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        return head[9:12]

    async def story() -> None:
        engine = Raw(*[ANSWER] * 1000)
        async with router_before(tmp_path, engine) as router:
            reader, writer = await asyncio.open_connection(HOST, router.port)
            assert await status(reader, writer) == b"200"
            written(tmp_path, [engine.address], limits={"maxRequestBytes": 500})
            while not (await exchange_bytes(router, posted(large))).startswith(b"HTTP/1.1 413"):
                await asyncio.sleep(0.005)
            assert await status(reader, writer) == b"413"
            writer.close()

    run_story(story())
