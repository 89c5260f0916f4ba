"""Copies for a route's shadow: clients notice nothing, whatever happens to a copy, and each is accounted for."""

import asyncio
import json
from pathlib import Path
from typing import Any, Final

import pytest

from tests.emulator.living import living, paced
from tests.router.gated_engine import Gated
from tests.router.gateways import Json, gateway, posted, single, target, written
from tests.router.planes import CHAT, Plane, Raw, run_story, whole

ANSWER: Final = whole(b'{"usage": {"completion_tokens": 4}}')
BROKEN: Final = whole(b'{"error":{"message":"it broke","code":500}}', 500)
PROMPT: Final[Json] = {"model": "chat", "prompt": "one two three", "max_tokens": 4}


def config(folder: Path, client: str, tried: str, **more: Any) -> Path:  # noqa: ANN401 - any JSON
    """Everything for `ns/a`, and a copy of it for `ns/b`."""
    route = single("chat", "ns/a") | {"shadow": {"target": "ns/b", "share": 1.0}}
    limits = more.pop("limits", {})
    return written(folder, [target("a", client), target("b", tried, **limits)], [route], **more)


async def copies(router: Plane, result: str) -> float:
    """How many copies ended with this result."""
    name = f'fairlead_router_shadow_copies_total{{model="chat",target="ns/b",result="{result}"}}'
    return max(await router.metric(name), 0.0)


async def until(router: Plane, result: str, count: int) -> None:
    """Wait for this many."""
    while await copies(router, result) < count:
        await asyncio.sleep(0.01)


def lines(folder: Path) -> list[Json]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


@pytest.mark.parametrize("streams", [False, True])
def test_both_deployments_answer_and_the_client_gets_its_own(tmp_path: Path, *, streams: bool) -> None:
    async def story() -> None:
        async with living() as (one,), living() as (other,):
            made = config(tmp_path, one.address, other.address, telemetry={"logPrompts": True})
            async with gateway(made, log=tmp_path / "log") as router:
                before = one.engine.answered, other.engine.answered
                body = CHAT | {"stream": streams, "max_tokens": 6, "ignore_eos": True}
                for number in range(3):
                    status, headers, _ = await posted(router, body, "/v1/chat/completions", x_request_id=f"r{number}")
                    assert (status, headers["x-fairlead-target"]) == (200, "ns/a")
                await until(router, "answered", 3)
                assert (one.engine.answered, other.engine.answered) == (before[0] + 3, before[1] + 3)
                assert await router.metric('fairlead_router_requests_total{code="200"}') == 3
                assert await router.metric("fairlead_router_requests_in_flight") == 0
        found = lines(tmp_path)
        for name in ("r0", "r1", "r2"):
            first, copy = sorted((one for one in found if one["request_id"] == name), key=lambda one: one["target"])
            assert (first["copy"], first["target"], copy["copy"], copy["target"]) == (
                "original",
                "ns/a",
                "copy",
                "ns/b",
            )
            assert copy["output_tokens"] == 6
            assert len(first["answer"]) > 5
            assert len(copy["answer"]) > 5
            assert ("ttft_ms" in first, "ttft_ms" in copy) == (streams, streams)
            assert "cost" not in copy

    run_story(story())


def test_without_prompts_in_the_log_there_are_no_answers(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,), living() as (other,):
            made = config(tmp_path, one.address, other.address)
            async with gateway(made, log=tmp_path / "log") as router:
                assert (await posted(router, PROMPT))[0] == 200
                await until(router, "answered", 1)
        assert [("answer" in one, "prompt" in one) for one in lines(tmp_path)] == [(False, False)] * 2

    run_story(story())


def test_a_copy_waits_for_no_room_and_takes_none_from_clients(tmp_path: Path) -> None:
    """The tested deployment runs one request at a time: copies that come meanwhile are not sent."""

    async def story() -> None:
        other = Gated(ANSWER)
        async with living() as (one,), other.listening():
            made = config(tmp_path, one.address, other.address, limits={"maxSequences": 1})
            async with gateway(made) as router:
                assert [(await posted(router, PROMPT))[0] for _ in range(5)] == [200] * 5
                assert await copies(router, "no_room") == 4
                other.gate.set()
                await until(router, "answered", 1)

    run_story(story())


def test_a_shadow_copy_that_is_refused_or_lost_affects_no_client(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,), Raw(BROKEN, None).listening() as other:
            made = config(tmp_path, one.address, other.address)
            async with gateway(made, log=tmp_path / "log") as router:
                assert (await posted(router, PROMPT))[0] == 200
                await until(router, "refused", 1)
                assert (await posted(router, PROMPT))[0] == 200
                await until(router, "failed", 1)
        assert [one["status"] for one in lines(tmp_path) if one["copy"] == "copy"] == [500, 0]

    run_story(story())


def test_a_copy_ends_where_a_client_would_not_have_waited_longer(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,), living(paced(0.001, 30.0)) as (other,):
            made = config(tmp_path, one.address, other.address, timeouts={"totalSeconds": 0.3})
            async with gateway(made) as router:
                assert (await posted(router, PROMPT | {"stream": True}))[0] == 200
                await until(router, "late", 1)
                await other.engine.idle.wait()

    run_story(story())


def test_a_router_that_ends_waits_for_no_copy(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,), living(paced(0.001, 30.0)) as (other,):
            made = config(tmp_path, one.address, other.address)
            async with gateway(made, log=tmp_path / "log") as router:
                assert (await posted(router, PROMPT))[0] == 200
            await other.engine.idle.wait()
        assert [one.get("status") for one in lines(tmp_path)] == [200, 0]

    run_story(story())


def test_a_deployment_that_is_not_there_gets_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with living() as (one,):
            route = single("chat", "ns/a") | {"shadow": {"target": "ns/b", "share": 1.0}}
            async with gateway(written(tmp_path, [target("a", one.address)], [route])) as router:
                assert (await posted(router, PROMPT))[0] == 200
                assert await copies(router, "no_room") == 1

    run_story(story())
