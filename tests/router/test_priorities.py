"""Who is served first is the router's decision: a client's own priority reaches no engine that serves tenants."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.router.planes import CHAT, PROMPT, Raw, exchange_bytes, posted, run_story
from tests.router.test_engine_requests import ANSWER, keyed, router_before

KEY = "Authorization: Bearer sk-1"
BANDS = {"bands": [{"name": "gold", "priority": 9}, {"name": "iron", "priority": 1}]}
FIRST = ("X-Vllm-Priority: -1000", "x-override-priority: -1000")


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


def test_without_tenants_the_clients_are_one_party_and_their_bodies_say_who_goes_first(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(ANSWER)
        async with router_before(tmp_path, engine) as router:
            await exchange_bytes(router, posted(PROMPT | {"priority": 3}, "/v1/completions", *FIRST))
        assert priorities(engine.seen[0]) == []
        assert json.loads(engine.seen[0].partition(b"\r\n\r\n")[2]) == PROMPT | {"priority": 3}

    run_story(story())
