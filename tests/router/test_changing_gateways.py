"""A gateway whose routes, targets and keys change while it serves: nothing is cut, and no request is left over."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.emulator.living import living, paced
from tests.router.gated_engine import Gated
from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import HOST, STREAM, Plane, Raw, plane, run_story, whole
from tests.router.recalling import CACHE
from tests.router.test_hedging import ERROR
from tests.router.test_token_counts import LIMITED, LONG, Tokenizing

ANSWER: Final = whole(
    b'{"model":"base","choices":[{"text":"a","finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1}}'
)


def body(model: str, prompt: str = "one two three", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"model": model, "prompt": prompt, "max_tokens": 4} | more


def seen(engine: Raw) -> list[dict[str, Any]]:
    """The bodies that an engine got."""
    return [json.loads(one.partition(b"\r\n\r\n")[2]) for one in engine.seen]


def test_aliases_change_under_load_and_nothing_is_cut(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.005, 0.005)) as (one,), living(paced(0.005, 0.005)) as (other,):
            both = [target("a", one.address), target("b", other.address)]
            async with gateway(written(tmp_path, both, [single("chat", "ns/a")])) as router:
                stop = asyncio.Event()

                async def client() -> list[tuple[int, str, bool]]:
                    found = []
                    while not stop.is_set():
                        status, headers, text = await posted(router, STREAM)
                        found.append((status, headers["x-fairlead-target"], text.endswith("data: [DONE]\n\n")))
                    return found

                clients = [asyncio.create_task(client()) for _ in range(8)]
                for place in range(12):
                    await asyncio.sleep(0.05)
                    to = "ab"[place % 2]
                    only = both if place % 3 else [both[place % 2]]
                    written(tmp_path, only, [single("chat", f"ns/{to}")], limits={"maxQueued": 100 + place})
                stop.set()
                answers = [answer for one in clients for answer in await one]
                assert {(status, whole) for status, _, whole in answers} == {(200, True)}
                assert {to for _, to, _ in answers} == {"ns/a", "ns/b"}
                while one.engine.now.running or other.engine.now.running:
                    await asyncio.sleep(0.005)

    run_story(story(), seconds=30)


def test_a_target_that_is_removed_ends_its_stream_and_what_waits_for_it_goes_elsewhere(tmp_path: Path) -> None:
    async def story() -> None:
        async with living(paced(0.01, 0.01)) as (one,), living() as (other,):
            both = [target("a", one.address, maxSequences=1), target("b", other.address)]
            async with gateway(written(tmp_path, both, [single("chat", "ns/a")]), log=tmp_path / "log") as router:
                running = asyncio.create_task(posted(router, STREAM | {"max_tokens": 60}))
                while not one.engine.now.running:
                    await asyncio.sleep(0.002)
                one.engine.hold()
                waiting = asyncio.create_task(posted(router, STREAM))
                while (await router.page())["targets"]["ns/a"]["queue"]["lanes"]["interactive"]["waiting"] == 0:
                    await asyncio.sleep(0.002)
                written(tmp_path, both[1:], [single("chat", "ns/b")])
                _, headers, text = await waiting
                assert (headers["x-fairlead-target"], text.endswith("data: [DONE]\n\n")) == ("ns/b", True)
                assert not running.done(), "it is still being answered"
                assert (await router.page())["retiring"] == ["ns/a"]
                one.engine.go_on()
                _, headers, text = await running
                assert (headers["x-fairlead-target"], text.count("data: ")) == ("ns/a", 61)
                assert list((await router.page())["targets"]) == ["ns/b"]
                while (await router.page())["retiring"]:
                    await asyncio.sleep(0.01)

    run_story(story())


def test_a_request_that_changes_its_target_while_it_waits_counts_once_in_shadow_mode(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("secret")
    tenant = {"name": "shop", "keyFiles": [str(tmp_path / "key")], "models": ["other"], "shadow": True}

    async def story() -> None:
        async with living() as (one,):
            targets = [target("a", "127.0.0.22:1"), target("b", one.address)]
            async with plane(written(tmp_path, targets, [single("chat", "ns/a")], tenants=[tenant])) as router:
                waiting = asyncio.create_task(posted(router, STREAM, authorization="Bearer secret"))
                while (await router.page())["targets"]["ns/a"]["queue"]["held"] == 0:
                    await asyncio.sleep(0.002)
                written(tmp_path, targets[1:], [single("chat", "ns/b")], tenants=[tenant])
                assert (await waiting)[1]["x-fairlead-target"] == "ns/b"
                counted = await router.metric('fairlead_router_shadow_refusals_total{reason="model_not_allowed"}')
                assert counted == 1

    run_story(story())


def test_a_target_that_is_removed_while_a_prompt_is_counted_there_leaves_its_request_to_another(tmp_path: Path) -> None:
    async def story() -> None:
        one = Tokenizing(None, silent=True)
        async with one.listening(), Raw(*[ANSWER] * 2).listening() as other:
            both = [target("a", one.address), target("b", other.address)]
            async with gateway(written(tmp_path, both, [single("chat", "ns/a")], limits=LIMITED)) as router:
                counting = asyncio.create_task(posted(router, LONG))
                while not one.bodies:
                    await asyncio.sleep(0.002)
                written(tmp_path, both[1:], [single("chat", "ns/b")], limits=LIMITED)
                status, headers, _ = await counting
                assert (status, headers["x-fairlead-target"], one.seen) == (200, "ns/b", [])
                while list((await router.page())["targets"]) != ["ns/b"]:
                    await asyncio.sleep(0.005)

    run_story(story())


def test_a_request_that_follows_another_in_the_cache_outlives_the_target_that_both_were_for(tmp_path: Path) -> None:
    async def story() -> None:
        first, second = Gated(ERROR), Gated(ERROR)
        async with first.listening(), second.listening(), Raw(ANSWER).listening() as third:
            targets = [target(name, one.address) for name, one in (("a", first), ("b", second), ("c", third))]
            question = body("chat", temperature=0)
            config = written(tmp_path, targets, [single("chat", "ns/a", "ns/b", reasons=("EngineError",))], cache=CACHE)
            async with gateway(config) as router:
                leads = asyncio.create_task(posted(router, question))
                while not first.seen:
                    await asyncio.sleep(0.002)
                follows = asyncio.create_task(posted(router, question))
                while await router.metric("fairlead_router_requests_in_flight") < 2:
                    await asyncio.sleep(0.002)
                written(tmp_path, targets[1:], [single("chat", "ns/c")], cache=CACHE)
                while list((await router.page())["targets"]) != ["ns/b", "ns/c"]:
                    await asyncio.sleep(0.005)
                first.gate.set()
                while not second.seen:
                    await asyncio.sleep(0.002)
                await asyncio.sleep(0.6)  # some sweeps, which drop targets without requests
                second.gate.set()
                assert (await leads)[0] == 500
                status, headers, _ = await follows
                assert (status, headers["x-fairlead-target"]) == (200, "ns/c")

    run_story(story())


def test_clients_of_a_target_that_moves_away_find_its_own_routers_with_their_next_request(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,), living() as (other,):
            stays, routes = target("b", other.address), [single("chat", "ns/a"), single("code", "ns/b")]
            file = written(tmp_path, [target("a", one.address), stays], routes)
            async with gateway(file) as router:
                _, headers, _ = await posted(router, STREAM)
                assert "connection" not in headers
                written(tmp_path, [target("a", one.address, leaving=True), stays], routes)
                while "connection" not in headers:
                    _, headers, _ = await posted(router, STREAM)
                assert headers["connection"] == "close"
                _, headers, _ = await posted(router, STREAM | {"model": "code"})
                assert "connection" not in headers

    run_story(story())


def test_an_idle_client_of_a_removed_target_must_reconnect_and_others_stay_connected(tmp_path: Path) -> None:
    """It may have been idle while the target left; its router no longer knows that model."""

    async def story() -> None:
        async with living() as (one,), living() as (other,):
            both, routes = [target("a", one.address), target("b", other.address)], [single("code", "ns/b")]
            async with gateway(written(tmp_path, both, [single("chat", "ns/a"), *routes])) as router:
                gone, stays = [await line_to(router) for _ in both]
                assert "200 OK" in await answer_to(gone, body("chat"))
                assert "200 OK" in await answer_to(stays, body("code"))
                written(tmp_path, both[1:], routes)
                assert await gone[0].read() == b"", "closed without another byte"
                assert "200 OK" in await answer_to(stays, body("code"))
                for _, writer in (gone, stays):
                    writer.close()

    run_story(story())


Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def line_to(router: Plane) -> Line:
    """A connection that a client keeps."""
    return await asyncio.open_connection(HOST, router.port)


async def answer_to(line: Line, wanted: Json) -> str:
    """One request and its whole reply on a connection that stays open; returns the status line."""
    (reader, writer), text = line, json.dumps(wanted).encode()
    head = "POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    writer.write(f"{head}content-length: {len(text)}\r\n\r\n".encode() + text)
    received = (await reader.readuntil(b"\r\n\r\n")).decode()
    length = next(one for one in received.lower().splitlines() if one.startswith("content-length"))
    await reader.readexactly(int(length.partition(":")[2]))
    return received.splitlines()[0]


def test_keys_in_a_folder_are_rotated_while_it_runs(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    (keys / "shop").write_text("first\n")
    (keys / "bank.2026.sha256").write_text(sha256(b"theirs").hexdigest())

    async def story() -> None:
        async with Raw(*[ANSWER] * 99).listening() as engine:
            tenants = [{"name": "shop"}, {"name": "bank"}]
            config = written(
                tmp_path, [target("a", engine.address)], [single("chat", "ns/a")], keys=keys, tenants=tenants
            )
            async with gateway(config) as router:

                async def status(key: str) -> int:
                    return (await posted(router, body("chat"), authorization=f"Bearer {key}"))[0]

                assert [await status(key) for key in ("first", "theirs", "second")] == [200, 200, 401]
                (keys / "shop.new").write_text("second")
                while await status("second") != 200:
                    await asyncio.sleep(0.01)
                assert await status("first") == 200
                (keys / "shop").unlink()
                while await status("first") != 401:
                    await asyncio.sleep(0.01)
                assert [await status(key) for key in ("theirs", "second")] == [200, 200]

    run_story(story())
