"""Adapters that engines load while they run: routers follow what engines list, and split a name by its versions."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.emulator.living import CHAT, QUICK, Living, living
from tests.router.planes import HOST, PROMPT, Plane, plane, run_story, written

JSON: Final = "application/json"
OLD, NEW = "sql@0000aaaa", "sql@0000bbbb"
UPDATED: Final = replace(CHAT, answering=replace(CHAT.answering, runtime_adapters=True))


def versions(old: int, new: int, trial: str = "") -> list[dict[str, Any]]:
    both = [{"name": OLD, "percent": old}, {"name": NEW, "percent": new}]
    return [{"name": "sql", "versions": both, "trial": trial}]


def serving(
    folder: Path,
    engines: list[str],
    old: int,
    new: int,
    *,
    trial: str = "",
    **routing: Any,  # noqa: ANN401 - any JSON
) -> Path:
    """The file of a router that offers the adapter to clients."""
    document = json.loads(written(folder, engines, ["chat", "sql"], **routing).read_text(encoding="utf-8"))
    fresh = folder / "router.json.new"
    fresh.write_text(json.dumps(document | {"adapterVersions": versions(old, new, trial)}), encoding="utf-8")
    return fresh.replace(folder / "router.json")


@asynccontextmanager
async def routed(folder: Path, old: int, new: int, **routing: Any) -> AsyncIterator[tuple[Plane, Living]]:  # noqa: ANN401 - any JSON
    """A router in front of one engine that has no adapter yet."""
    async with (
        living(QUICK, serve_arguments=UPDATED) as (engine,),
        plane(serving(folder, [engine.address], old, new, **routing)) as router,
    ):
        await router.until("routable")
        yield router, engine


async def order(router: Plane, engine: Living, verb: str, name: str) -> None:
    """A loader's request to the engine in its pod."""
    body = {"lora_name": name, "lora_path": "org/sql"}
    async with router.session.post(f"http://{engine.address}/v1/{verb}_lora_adapter", json=body) as answer:
        assert answer.status == 200


async def completed(
    router: Plane, model: str = "sql", session: str | None = None, **more: object
) -> tuple[int, str, str]:
    """Status, the version that the header names, and the one in the body."""
    headers = {"x-session-id": session} if session else {}
    body = PROMPT | {"model": model, "temperature": 0, "max_tokens": 4} | more
    async with router.session.post(router.url + "/v1/completions", json=body, headers=headers) as answer:
        text = await answer.text()
        return answer.status, answer.headers.get("x-fairlead-adapter", ""), json.loads(text).get("model", "")


async def until_served(router: Plane) -> None:
    while (await completed(router))[0] != 200:
        await asyncio.sleep(0.01)


def test_an_adapter_is_served_once_an_engine_lists_it_and_never_before(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 100, 0) as (router, engine):
            assert (await completed(router))[0] == 503
            await order(router, engine, "load", OLD)
            await until_served(router)
            assert await completed(router) == (200, OLD, OLD)
            assert (await completed(router, "chat"))[0] == 200

    run_story(story(), 30)


def test_model_names_that_no_object_has_get_404_and_reach_no_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 100, 0) as (router, engine):
            await order(router, engine, "load", OLD)
            await until_served(router)
            before = engine.engine.answered
            for name in ("../x", "other", OLD, NEW, "sql/../sql"):
                assert (await completed(router, name))[0] == 404, name
            assert engine.engine.answered == before

    run_story(story(), 30)


def test_conversations_are_divided_by_the_shares_and_a_share_of_nothing_moves_them_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 50, 50) as (router, engine):
            for name in (OLD, NEW):
                await order(router, engine, "load", name)
            await until_served(router)
            while {(await completed(router, session=f"s{number}"))[1] for number in range(20)} != {OLD, NEW}:
                await asyncio.sleep(0.01)
            first = {number: (await completed(router, session=f"s{number}"))[1] for number in range(20)}
            again = {number: (await completed(router, session=f"s{number}"))[1] for number in range(20)}
            assert again == first, "one conversation, one version"
            serving(tmp_path, [engine.address], 100, 0)
            while {(await completed(router, session=f"s{number}"))[1] for number in range(20)} != {OLD}:
                await asyncio.sleep(0.01)

    run_story(story(), 30)


def test_clients_do_not_notice_that_an_engine_lost_an_adapter_while_another_one_has_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            living(QUICK, QUICK, serve_arguments=UPDATED) as (one, other),
            plane(serving(tmp_path, [one.address, other.address], 100, 0)) as router,
        ):
            await router.until("routable", "routable")
            for engine in (one, other):
                await order(router, engine, "load", OLD)
            await until_served(router)
            await asyncio.sleep(0.1)
            await order(router, one, "unload", OLD)
            answers = [(await completed(router, prompt=f"question {number}"))[0] for number in range(20)]
            assert answers == [200] * 20
            await order(router, other, "unload", OLD)
            lost = {(await completed(router, prompt=f"later {number}"))[0] for number in range(6)}
            assert lost == {503}, "and where nobody has it, it is the router that says so"

    run_story(story(), 30)


@asynccontextmanager
async def forgetful(engine: Living) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """An engine that, once the event is set, loses the adapter during a request and is scraped before it answers."""
    forgets, listed = asyncio.Event(), asyncio.Event()

    async def forward(request: web.Request) -> web.Response:
        async with aiohttp.ClientSession() as session:
            if request.method == "POST" and forgets.is_set():
                body = {"lora_name": OLD}
                await session.post(f"http://{engine.address}/v1/unload_lora_adapter", json=body)
                listed.clear()
                await listed.wait()
                await asyncio.sleep(0.1)
            whole = await request.read()
            url = f"http://{engine.address}{request.path}"
            async with session.request(request.method, url, data=whole, headers={"content-type": JSON}) as answer:
                page = await answer.read()
        if request.path == "/v1/models":
            listed.set()
        return web.Response(status=answer.status, body=page, content_type=answer.content_type)

    application = web.Application()
    application.router.add_route("*", "/{rest:.*}", forward)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    try:
        yield f"{HOST}:{runner.addresses[0][1]}", forgets
    finally:
        await runner.cleanup()


def test_an_engine_whose_list_shows_the_loss_before_its_answer_does_fails_no_client(tmp_path: Path) -> None:
    async def story() -> None:
        async with (
            living(QUICK, serve_arguments=UPDATED) as (engine,),
            forgetful(engine) as (address, forgets),
            plane(serving(tmp_path, [address], 100, 0)) as router,
        ):
            await router.until("routable")
            await order(router, engine, "load", OLD)
            await until_served(router)
            forgets.set()
            assert (await completed(router))[0] == 503, "the router says so, and not the engine with its 404"

    run_story(story(), 30)


def test_a_404_for_another_reason_takes_no_adapter_from_other_clients(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 100, 0) as (router, engine):
            await order(router, engine, "load", OLD)
            await until_served(router)
            for _ in range(3):
                assert (await router.complete({"model": "sql", "input": "hi"}, "/v1/embeddings"))[0] == 404
                assert await completed(router) == (200, OLD, OLD)

    run_story(story(), 30)


def test_without_balancing_by_prefix_a_conversation_still_stays_with_its_version(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 50, 50, balancing={"prefix": False}) as (router, engine):
            for name in (OLD, NEW):
                await order(router, engine, "load", name)
            await until_served(router)
            while {(await completed(router))[1] for _ in range(20)} != {OLD, NEW}:
                await asyncio.sleep(0.01)
            for number in range(10):
                opening = f"conversation {number} " * 40
                turns = {(await completed(router, prompt=opening + "and then? " * turn))[1] for turn in range(4)}
                assert len(turns) == 1

    run_story(story(), 30)


def test_the_response_cache_keeps_versions_apart(tmp_path: Path) -> None:
    async def story() -> None:
        cache = {"enabled": True}
        async with routed(tmp_path, 100, 0, cache=cache) as (router, engine):
            for name in (OLD, NEW):
                await order(router, engine, "load", name)
            await until_served(router)
            assert await completed(router, seed=1) == (200, OLD, OLD)
            assert await completed(router, seed=1) == (200, OLD, OLD)
            serving(tmp_path, [engine.address], 0, 100, cache=cache)
            while await completed(router, prompt="x") != (200, NEW, NEW):
                await asyncio.sleep(0.01)
            assert await completed(router, seed=1) == (200, NEW, NEW)

    run_story(story(), 30)


def test_clients_see_the_name_in_the_list_of_models_and_not_its_versions(tmp_path: Path) -> None:
    async def story() -> None:
        async with routed(tmp_path, 100, 0) as (router, engine):
            await order(router, engine, "load", OLD)
            async with router.session.get(router.url + "/v1/models") as answer:
                assert [card["id"] for card in (await answer.json())["data"]] == ["chat", "sql"]

    run_story(story(), 30)


def test_requests_to_both_versions_are_reported_while_one_is_on_trial_and_forgotten_with_its_share(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with routed(tmp_path, 50, 50) as (router, engine):
            for name in (OLD, NEW):
                await order(router, engine, "load", name)
            await until_served(router)
            assert await compared(router) == {"share": None, "rows": [], "count": 0}, "nothing is on trial"

            serving(tmp_path, [engine.address], 50, 50, trial=NEW)
            while (await compared(router))["share"] is None:
                await completed(router)
            answered = [await completed(router, session=f"talk-{number}", stream=False) for number in range(30)]
            found = await compared(router)
            assert found["share"] == {"revision": NEW, "percent": 50, "step": 0}
            last = found["rows"][-30:]
            assert [row[1] for row in last] == [int(version == NEW) for _, version, _ in answered]
            assert 3 <= sum(row[1] for row in last) <= 27
            assert (await compared(router, f"&after={found['count'] - 2}"))["rows"] == found["rows"][-2:]
            assert (await compared(router, adapter="chat"))["count"] == 0

            serving(tmp_path, [engine.address], 90, 10, trial=NEW)
            while (await compared(router))["count"] >= found["count"]:
                await asyncio.sleep(0.01)

    run_story(story(), 60)


async def compared(router: Plane, query: str = "", adapter: str = "sql") -> Any:  # noqa: ANN401 - any JSON
    """The report on both versions."""
    async with router.session.get(f"{router.pages}/fairlead/v1/samples?adapter={adapter}{query}") as answer:
        return await answer.json()
