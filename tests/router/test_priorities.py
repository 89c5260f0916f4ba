"""Who is served first is the router's decision: a client's own priority reaches no engine that serves tenants."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from fairlead.emulator import dialects
from fairlead.engines.sglang import environment
from fairlead.fleet.endpoints import DiscoveredEndpoint
from tests.emulator.living import Living, living, paced
from tests.router.planes import CHAT, PROMPT, Cluster, Raw, exchange_bytes, plane, posted, run_story, written
from tests.router.test_engine_requests import ANSWER, keyed, router_before
from tests.router.test_other_kinds import of_sglang

KEY = "Authorization: Bearer sk-1"
BANDS: Final[dict[str, Any]] = {"bands": [{"name": "gold", "priority": 9}, {"name": "iron", "priority": 1}]}
FIRST = ("X-Vllm-Priority: -1000", "x-override-priority: -1000")


MESSAGE = {"role": "user", "content": "hello"}


async def inside(engine: Living, requests: int) -> None:
    """Wait until it has so many."""
    while engine.engine.now.running < requests:
        await asyncio.sleep(0.001)


def priorities(request: bytes) -> list[bytes]:
    head = request.partition(b"\r\n\r\n")[0]
    return [line for line in head.lower().split(b"\r\n") if b"-priority:" in line]


@pytest.mark.parametrize(("bands", "wanted"), [(BANDS, [b"x-vllm-priority: 1"]), ({}, [])], ids=["bands", "no bands"])
def test_a_tenants_own_priority_ends_at_the_router(tmp_path: Path, bands: dict[str, Any], wanted: list[bytes]) -> None:
    async def story() -> None:
        engine = Raw(ANSWER, ANSWER)
        tenants = keyed(tmp_path, **({"band": "iron"} if bands else {}))
        async with router_before(tmp_path, engine, **tenants, **bands) as router:
            body = CHAT | {"priority": -1000, "max_tokens": 3}
            await exchange_bytes(router, posted(body, "/v1/chat/completions", KEY, *FIRST))
            await exchange_bytes(router, posted({"input": "a", "priority": -1000}, "/v1/embeddings", KEY))
        assert [priorities(one) for one in engine.seen] == [wanted, wanted]
        sent = [json.loads(one.partition(b"\r\n\r\n")[2]) for one in engine.seen]
        assert sent == [CHAT | {"max_tokens": 3}, {"input": "a"}]

    run_story(story())


def test_sglang_reads_a_tenants_rank_in_the_body_where_it_reads_no_header(tmp_path: Path) -> None:
    """Only chats, and messages inside them, obey the header, and those only with a variable."""

    async def story() -> None:
        engine = Raw(*[ANSWER] * 5)
        tenants = keyed(tmp_path, band="iron")
        config = of_sglang(written(tmp_path, ["x:1"], **tenants, **BANDS))
        mine = {"priority": -1000, "max_tokens": 3}
        async with engine.listening(), plane(config, cluster := Cluster()) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            await exchange_bytes(router, posted(PROMPT | mine, "/v1/completions", KEY, *FIRST))
            await exchange_bytes(router, posted(CHAT | mine, "/v1/chat/completions", KEY, *FIRST))
            await exchange_bytes(router, posted({"input": "a"}, "/v1/responses", KEY))
            await exchange_bytes(router, posted(CHAT | mine, "/v1/messages", KEY, *FIRST))
            await exchange_bytes(router, posted({"input": "a", "priority": -1000}, "/v1/embeddings", KEY))
        assert [priorities(one) for one in engine.seen] == [[b"x-override-priority: 1"]] * 5
        assert [json.loads(one.partition(b"\r\n\r\n")[2]) for one in engine.seen] == [
            PROMPT | {"max_tokens": 3, "priority": 1},
            CHAT | {"max_tokens": 3, "priority": 1},
            {"input": "a", "priority": 1},
            CHAT | {"max_tokens": 3},
            {"input": "a"},
        ]

    run_story(story())


def test_the_bands_reach_an_emulated_sglang_on_every_route(tmp_path: Path) -> None:
    """One request runs; of two that wait, the later one is the first band's."""
    (tmp_path / "gold").write_text("sk-gold")
    (tmp_path / "iron").write_text("sk-iron")
    tenants = [{"name": name, "band": name, "keyFiles": [str(tmp_path / name)]} for name in ("gold", "iron")]
    ranked = dialects.read(
        (
            *("sglang", "serve", "org/model", "--served-model-name", "chat", "--context-length", "2048"),
            *("--enable-metrics", "--max-running-requests", "1"),
            *("--enable-priority-scheduling", "--schedule-low-priority-values-first"),
        ),
        {environment.HEADERS: "1"},
    )

    async def story() -> None:
        async with (
            living(paced(0.001, 0.005), serve_arguments=ranked) as (engine,),
            plane(of_sglang(written(tmp_path, [engine.address], tenants=tenants, **BANDS))) as router,
        ):
            await router.until("routable")
            for path in ("/v1/completions", "/v1/chat/completions", "/v1/messages"):
                served: list[str] = []

                async def send(name: str, tokens: int, path: str = path, served: list[str] = served) -> None:
                    prompt = {"prompt": name} if path == "/v1/completions" else {"messages": [MESSAGE]}
                    body = {"model": "chat", "max_tokens": tokens, "ignore_eos": True} | prompt
                    answer = await exchange_bytes(router, posted(body, path, f"Authorization: Bearer sk-{name}"))
                    assert answer.startswith(b"HTTP/1.1 200"), answer
                    served.append(name)

                running = asyncio.create_task(send("iron", 60))
                await inside(engine, 1)
                waiting = [asyncio.create_task(send("iron", 5))]
                await inside(engine, 2)
                waiting.append(asyncio.create_task(send("gold", 5)))
                await asyncio.gather(running, *waiting)
                assert served == ["iron", "gold", "iron"], path

    run_story(story())


def test_without_tenants_the_clients_are_one_party_and_their_bodies_say_who_goes_first(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with router_before(tmp_path, engine) as router:
            await exchange_bytes(router, posted(PROMPT | {"priority": 3}, "/v1/completions", *FIRST))
        assert priorities(engine.seen[0]) == []
        assert json.loads(engine.seen[0].partition(b"\r\n\r\n")[2]) == PROMPT | {"priority": 3}

    run_story(story())
