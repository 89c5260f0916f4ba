"""What one request leaves in access lines and metrics, through a whole router."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.router.observability import recorder
from tests.router.planes import (
    PROMPT,
    STREAM,
    Cluster,
    Plane,
    Raw,
    events,
    exchange_bytes,
    plane,
    posted,
    run_story,
    whole,
    written,
)
from tests.router.test_engine_requests import ANSWER, DELTA, keyed, router_before


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are flushed as soon as they are written."""
    monkeypatch.setattr(recorder, "HAND_OVER_SECONDS", 0.01)


BEARER = "Authorization: Bearer sk-1"
BROKE = b'{"error":{"message":"the engine lost it","type":"InternalServerError","code":500}}'


async def lines(path: Path, count: int) -> list[dict[str, Any]]:
    """This many access lines, once they are written."""
    while len(found := written_now(path)) < count:
        await asyncio.sleep(0.02)
    return found


def written_now(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def ejections(router: Plane) -> dict[str, float]:
    """Ejections by the detector."""
    found = {
        by: await router.metric(f'fairlead_router_ejections_total{{by="{by}"}}')
        for by in ("breaker", "watchdog", "probe", "leaving")
    }
    return {by: count for by, count in found.items() if count}


def test_the_access_line_shows_what_a_limit_in_shadow_mode_would_have_refused(tmp_path: Path) -> None:
    async def story() -> None:
        log, engine = tmp_path / "lines", Raw(ANSWER, ANSWER, ANSWER)
        tried = keyed(tmp_path, shadow=True, models=["de"])
        async with engine.listening():
            config = written(tmp_path, [engine.address], **tried, limits={"maxOutputTokens": 5})
            async with plane(config, log=log) as router:
                await router.until("routable")
                for body in (PROMPT, PROMPT | {"model": "de"}, PROMPT | {"model": "de", "max_tokens": 9}):
                    assert (await exchange_bytes(router, posted(body, "/v1/completions", BEARER))).startswith(
                        b"HTTP/1.1 200"
                    )
                answer_of = [one.get("shadow", "") for one in await lines(log, 3)]
                assert answer_of == ["model_not_allowed", "", "output_too_long"]

    run_story(story())


def test_prompts_appear_in_access_lines_only_where_configured(tmp_path: Path) -> None:
    async def story() -> None:
        log, engine = tmp_path / "lines", Raw(*[ANSWER] * 999)
        async with engine.listening(), plane(written(tmp_path, [engine.address]), log=log) as router:
            await router.until("routable")
            await router.complete()
            written(tmp_path, [engine.address], ["chat"], telemetry={"logPrompts": True})
            while (await router.complete({"model": "de", "prompt": "x"}))[0] != 404:
                await asyncio.sleep(0.005)
            await router.complete()
            while not (shown := [one for one in written_now(log) if "prompt" in one]):
                await asyncio.sleep(0.02)
            assert "one two three" in shown[0]["prompt"]
            assert "prompt" not in written_now(log)[0]

    run_story(story())


def test_access_lines_can_be_enabled_while_the_router_runs(tmp_path: Path) -> None:
    async def story() -> None:
        log, engine = tmp_path / "lines", Raw(*[ANSWER] * 9999)
        async with engine.listening():
            config = written(tmp_path, [engine.address], telemetry={"accessLog": False})
            async with plane(config, log=log) as router:
                await router.until("routable")
                assert (await router.complete())[0] == 200
                assert not log.exists()
                written(tmp_path, [engine.address])
                while not log.exists():
                    await asyncio.sleep(0.005)
                await router.complete()
                assert (await lines(log, 1))[-1]["status"] == 200

    run_story(story())


def test_bytes_of_refusals_are_counted_too(tmp_path: Path) -> None:
    async def story() -> None:
        log = tmp_path / "lines"
        async with plane(written(tmp_path, ["127.0.0.1:1"]), log=log) as router:
            answer = await exchange_bytes(router, posted({"model": "xx"}))
            (first,) = await lines(log, 1)
            assert (first["status"], first["bytes_out"]) == (404, len(answer))

    run_story(story())


def test_an_engines_own_error_in_the_middle_of_a_stream_counts_as_a_cut_answer(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(events(DELTA, BROKE))
        async with router_before(tmp_path, engine) as router:
            status, text = await router.complete(STREAM)
            assert (status, "the engine lost it" in text) == (200, True)
            assert await router.metric("fairlead_router_answers_cut_total") == 1.0
            assert [one["inflight"] for one in await router.endpoints()] == [0]

    run_story(story())


def test_connections_to_engines_are_counted_as_opened_or_reused(tmp_path: Path) -> None:
    async def story() -> None:
        engine = Raw(*[ANSWER] * 3)
        async with router_before(tmp_path, engine) as router:
            for _ in range(3):
                await router.complete()
            async with router.session.get(router.pages + "/metrics") as answer:
                page = (await answer.text()).splitlines()
            entries_of = [line for line in page if line.startswith("fairlead_router_upstream_connections_total{")]
            assert len(entries_of) >= 2
            assert all(float(line.rpartition(" ")[2]) >= 1 for line in entries_of)

    run_story(story())


def test_ejections_are_counted_by_what_detected_them(tmp_path: Path) -> None:
    async def story() -> None:
        leaving = whole(b'{"error": "cannot schedule new futures after shutdown"}', 500)
        engine, cluster = Raw(leaving), Cluster()
        config = written(tmp_path, ["x:1"], hold={"maxSeconds": 0.05}, retries={"maxAttempts": 1})
        async with engine.listening(), plane(config, cluster) as router:
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            assert await ejections(router) == {}
            await router.complete()
            await router.until("routable")
            assert await ejections(router) == {"leaving": 1.0}
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, ready=False))
            assert await ejections(router) == {"leaving": 1.0, "probe": 1.0}
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            for _ in range(3):
                engine.answers.append(None)
            while "breaker" not in await ejections(router):
                engine.answers.append(None)
                await router.complete()
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address))
            await router.until("routable")
            cluster.announce(DiscoveredEndpoint(pod="a", address=engine.address, ending=True))
            assert (await ejections(router))["leaving"] == 2.0

    run_story(story())
