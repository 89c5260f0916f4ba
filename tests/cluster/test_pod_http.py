"""Requests to pods whose programs anyone may have chosen: replies that grow, never end, or send us elsewhere."""

import gzip
from pathlib import Path

import aiohttp
from aiohttp import web

from fairlead.cluster import pod_http
from fairlead.cluster.pod_http import LARGEST, LARGEST_METRICS, PodReply, ReplyBounds
from tests.cluster.served_pods import HOST, Engine
from tests.cluster.worlds import run
from tests.router.test_tls import certified, secure_engine


def test_a_page_is_read_as_it_was_sent_and_never_decompressed() -> None:
    bomb = gzip.compress(b"x" * 50_000_000)

    async def compressed(request: web.Request) -> web.Response:
        assert request.headers["accept-encoding"] == "identity"
        return web.Response(body=bomb, headers={"content-encoding": "gzip"})

    async def story() -> None:
        async with Engine(compressed) as engine, aiohttp.ClientSession() as session:
            page = await pod_http.fetch(session, engine.url)
            reply = await pod_http.post(session, engine.url, b"{}", {}, ReplyBounds(5.0))
            assert page is not None
            assert len(page) <= len(bomb)
            assert reply == PodReply(200, bomb)

    run(story())


def test_each_kind_of_page_has_its_own_limit() -> None:
    async def large(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * int(request.query["size"]))

    async def story() -> None:
        async with Engine(large) as engine, aiohttp.ClientSession() as session:
            path = f"/metrics?size={LARGEST_METRICS + 1}"
            assert await pod_http.metrics(session, HOST, engine.port, path) is None
            assert await pod_http.fetch(session, f"http://{HOST}:{engine.port}{path}") is not None
            assert await pod_http.fetch(session, f"{engine.url}?size={LARGEST + 1}") is None

    run(story())


def test_a_pod_that_sends_us_elsewhere_is_not_followed_and_the_key_stays_here() -> None:
    async def inside(_: web.Request) -> web.Response:
        return web.Response(text="of somebody else")

    async def story() -> None:
        async with Engine(inside) as other, aiohttp.ClientSession() as session:

            async def elsewhere(_: web.Request) -> web.Response:
                return web.Response(status=302, headers={"location": other.url})

            async with Engine(elsewhere) as engine:
                assert await pod_http.fetch(session, engine.url, "key") is None
                assert await pod_http.act(session, HOST, engine.port, "/sleep", 2.0) == 302
            assert other.requests == 0

    run(story())


def test_a_server_with_a_certificate_of_a_private_authority_is_not_taken_for_a_silent_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with secure_engine(certified(tmp_path, 1)) as address, aiohttp.ClientSession() as session:
            reply = await pod_http.post(session, f"https://{address}", b"{}", {}, ReplyBounds(seconds=5.0))
            assert reply == PodReply(pod_http.CERTIFICATE_UNTRUSTED, b"")

    run(story())
