"""Control of the engine: sleep, pause, wake, reset, load adapters, report its cache."""

import asyncio
from typing import Any, Final

import pytest

from fairlead.emulator.engine.live_engine import LiveEngine
from fairlead.emulator.faults import EngineFault
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.emulator.surface.jobs import JobEnding
from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.engine_load import EngineLoad
from tests.emulator.engine.virtual import Client, engine, sequence
from tests.virtual_time import run_story

ADAPTED: Final = ("--enable-lora", "--max-loras", "1", "--lora-modules", "de=/de", "fr=/fr")
STATE: Final = 'vllm:engine_sleep_state{engine="0",model_name="chat",sleep_state='


def load(live: LiveEngine) -> EngineLoad:
    read = VllmEngine().load(live.acts.metrics())
    assert isinstance(read, EngineLoad)
    return read


def test_a_sleeping_engine_aborts_running_requests_holds_new_ones_and_reports_none_waiting() -> None:
    async def story() -> None:
        live = engine()
        inside = Client(live, sequence(reply=100))
        await asyncio.sleep(0.45)
        await live.acts.sleep(1, "abort")
        assert (inside.tokens, inside.ending) == (3, JobEnding.ABORTED)
        late = Client(live)
        await asyncio.sleep(30)
        assert (late.tokens, load(live).waiting, live.acts.alive, live.acts.sleeping) == (0, 0.0, True, True)
        assert f'{STATE}"weights_offloaded"}} 1.0' in live.acts.metrics()
        assert not await live.acts.wake(["weights"])
        assert await live.acts.wake(["kv_cache"])
        assert (await late.answered()).tokens == 5
        assert f'{STATE}"awake"}} 1.0' in live.acts.metrics()

    run_story(story())


@pytest.mark.parametrize(("mode", "tokens"), [("wait", 6), ("keep", 2), ("abort", 2)])
def test_a_pause_waits_for_keeps_or_ends_who_runs(mode: str, tokens: int) -> None:
    async def story() -> None:
        live = engine()
        client = Client(live, sequence(reply=6))
        await asyncio.sleep(0.35)
        await live.acts.pause(mode)
        await asyncio.sleep(30)
        assert (live.acts.paused, live.acts.sleeping) == (True, False)
        kept = client.tokens
        await live.acts.resume()
        await client.answered()
        assert kept == tokens + (mode == "keep")
        assert client.tokens == (2 if mode == "abort" else 6)

    run_story(story())


def test_an_aborted_plain_request_gets_what_is_out() -> None:
    async def story() -> None:
        live = engine()
        plain, other = Client(live, request_id="a", each_step=False), Client(live, request_id="b")
        await asyncio.sleep(0.45)
        assert live.acts.abort_requests(["a"]) == 1
        assert [(count, finish) for _, _, count, finish in plain.received] == [(2, None)]
        assert plain.ending is JobEnding.ABORTED
        assert (await other.answered()).tokens == 5
        assert load(live).finished == 2.0

    run_story(story())


def test_a_cache_is_reset_only_when_no_request_holds_pages() -> None:
    async def story() -> None:
        live = engine()
        client = Client(live, sequence(64))
        await asyncio.sleep(0.25)
        assert not live.acts.reset_prefix_cache(reset_running=False)
        await client.answered()
        await asyncio.sleep(0)
        assert live.acts.reset_prefix_cache(reset_running=False)
        assert (await Client(live, sequence(64)).answered()).feed.cached_tokens == [0]  # type: ignore[union-attr]

    run_story(story())


def test_adapters_take_turns_in_one_slot_and_their_cache_is_their_own() -> None:
    async def story() -> None:
        live = engine(*ADAPTED)
        german, french = Client(live, sequence(adapter="de")), Client(live, sequence(adapter="fr"))
        await asyncio.sleep(0.45)
        assert 'reason="deferred"} 1.0' in live.acts.metrics()
        assert 'running_lora_adapters="de",waiting_lora_adapters="de"' in live.acts.metrics()
        for client in (german, french):
            assert (await client.answered()).feed.cached_tokens == [0]  # type: ignore[union-attr]
        again = await Client(live, sequence(adapter="de")).answered()
        assert again.feed.cached_tokens == [96]  # type: ignore[union-attr]

    run_story(story())


def test_load_is_counted_only_where_it_is_enabled() -> None:
    async def story() -> None:
        counting, silent = engine("--enable-server-load-tracking"), engine()
        clients = [Client(live) for live in (counting, counting, silent)]
        assert (counting.acts.load, silent.acts.load) == (2, 0)
        for client in clients:
            await client.answered()
        assert counting.acts.load == 0

    run_story(story())


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("metrics-nan", 'vllm:num_requests_running{engine="0",model_name="chat"} NaN'),
        ("metrics-negative", 'vllm:num_requests_running{engine="0",model_name="chat"} -1.0'),
        ("metrics-missing", "process_open_fds"),
    ],
)
def test_a_page_can_be_made_wrong_and_right_again(fault: str, seen: str) -> None:
    async def story() -> None:
        live = engine()
        live.acts.change_fault({"fault": fault})
        assert seen in live.acts.metrics()
        assert not isinstance(VllmEngine().load(live.acts.metrics()), EngineLoad)
        live.acts.change_fault({"fault": ""})
        assert load(live).running == 0.0

    run_story(story())


def test_a_frozen_page_stays_what_it_was() -> None:
    async def story() -> None:
        live = engine()
        live.acts.change_fault({"fault": EngineFault.METRICS_FROZEN.value})
        before = live.acts.metrics()
        await Client(live).answered()
        assert live.acts.metrics() == before
        live.acts.change_fault({"fault": ""})
        assert load(live).finished == 1.0

    run_story(story())


def test_the_web_server_counts_by_route_but_not_what_probes_ask() -> None:
    async def story() -> None:
        live = engine()
        for route in ("/v1/completions", "/v1/completions", "/health"):
            live.acts.observed(RequestObservation(route, "POST", 200, 0.3, 10, 100))
        page = live.acts.metrics()
        assert 'http_requests_total{handler="/v1/completions",method="POST",status="2xx"} 2.0' in page
        assert 'http_response_size_bytes_sum{handler="/v1/completions"} 200.0' in page
        assert 'http_request_duration_seconds_bucket{handler="/v1/completions",le="0.5",method="POST"} 2.0' in page
        assert 'handler="/health"' not in page

    run_story(story())


def test_without_kv_events_no_event_source_is_reported_and_gauges_are_zero_at_start() -> None:
    async def story() -> None:
        sources: Any = engine().acts.kv_event_sources()
        assert sources == {}
        assert engine().acts.gauges() == (0.0, 0.0)

    run_story(story())
