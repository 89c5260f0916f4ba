"""Bodies on their way: none is read for a client without a key, and all of them together have a limit."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairlead.router.wire import unfinished_bodies
from tests.router.planes import HOST, PROMPT, Plane, Raw, exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import ANSWER, keyed, router_before

KEY = "Authorization: Bearer sk-1"
LONG = PROMPT | {"prompt": "x" * 3000}


def code(answer: bytes) -> tuple[bytes, str]:
    return answer[9:12], json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"]


@asynccontextmanager
async def sending(router: Plane, data: bytes) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A client that has sent a part of its request."""
    reader, writer = await asyncio.open_connection(HOST, router.port)
    writer.write(data)
    try:
        yield reader, writer
    finally:
        writer.close()


@pytest.mark.parametrize("path", ["/v1/completions", "/fairlead/v1/outcomes"])
@pytest.mark.parametrize("more", [(), ("Expect: 100-continue",)], ids=["sends at once", "asks first"])
def test_a_client_without_a_key_is_refused_by_its_head_before_its_body_arrives(
    tmp_path: Path, path: str, more: tuple[str, ...]
) -> None:
    async def story() -> None:
        unfinished = posted(LONG, path, *more)[: -2990 if not more else -len(json.dumps(LONG))]
        async with plane(written(tmp_path, ["127.0.0.1:1"], **keyed(tmp_path))) as router:
            answer = await exchange_bytes(router, unfinished)
            assert code(answer) == (b"401", "unknown_key")
            assert b"\r\nconnection: close\r\n" in answer
            if path == "/v1/completions":
                assert b"\r\nx-request-id: " in answer
                assert await router.metric('fairlead_router_requests_total{code="401"}') == 1.0
            assert await router.metric("fairlead_router_requests_in_flight") == 0.0

    run_story(story())


def test_bodies_that_do_not_fit_beside_the_others_are_refused_until_those_have_arrived_or_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished_bodies, "MAX_BYTES", 6000)
    monkeypatch.setattr(unfinished_bodies, "LARGEST_BODIES", 1)

    async def story() -> None:
        engine, whole = Raw(*[ANSWER] * 3), posted(LONG, "/v1/completions", KEY)
        half, rest = whole[:-200], whole[-200:]
        async with router_before(tmp_path, engine, **keyed(tmp_path), limits={"maxRequestBytes": 4000}) as router:
            async with sending(router, half) as (first, writer), sending(router, half) as (_, _):
                while await router.metric("fairlead_router_requests_in_flight") < 2:
                    await asyncio.sleep(0.002)
                answer = await exchange_bytes(router, half)
                assert code(answer) == (b"503", "too_many_bodies")
                assert b"\r\nretry-after: 1\r\n" in answer
                assert (await exchange_bytes(router, whole))[9:12] == b"200", "a whole body is never one too many"
                writer.write(rest)
                assert (await first.read())[9:12] == b"200"
            while await router.metric("fairlead_router_requests_in_flight"):
                await asyncio.sleep(0.002)
            assert (await exchange_bytes(router, half, rest, pause=0.05))[9:12] == b"200"

    run_story(story())


def test_a_tenant_that_fills_the_room_gives_way_to_others_and_the_log_says_whose_body_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rates and its concurrency do not help: they count only whole requests."""
    monkeypatch.setattr(unfinished_bodies, "MAX_BYTES", 6000)
    monkeypatch.setattr(unfinished_bodies, "LARGEST_BODIES", 1)
    tenants = [{"name": name, "keyFiles": [str(tmp_path / name)]} for name in ("shop", "evil")]
    for one in tenants:
        (tmp_path / str(one["name"])).write_text(f"sk-{one['name']}")

    async def story() -> None:
        engine = Raw(*[ANSWER] * 2)
        evil = posted(LONG, "/v1/completions", "Authorization: Bearer sk-evil", "x-request-id: e-1")[:-200]
        good = posted(LONG, "/v1/completions", "Authorization: Bearer sk-shop")
        async with engine.listening():
            config = written(tmp_path, [engine.address], tenants=tenants, limits={"maxRequestBytes": 4000})
            async with plane(config, log=tmp_path / "log") as router:
                await router.until("routable")
                async with sending(router, evil) as (first, writer), sending(router, evil) as (second, other):
                    while await router.metric("fairlead_router_requests_in_flight") < 2:
                        await asyncio.sleep(0.002)
                    assert (await exchange_bytes(router, good[:-200], good[-200:], pause=0.05))[9:12] == b"200"
                    writer.write(b"x" * 200)
                    other.write(b"x" * 200)
                    answers = [code(await each.read()) for each in (first, second)]
        assert sorted(answers) == [(b"400", "invalid_json"), (b"503", "too_many_bodies")]

    run_story(story())
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    (refused,) = [line for line in lines if line["status"] == 503]
    assert (refused["tenant"], refused["request_id"], refused["surface"]) == ("evil", "e-1", "completions")
