"""TensorRT-LLM's metrics: nothing moves before a request ends, and they are read as the same facts as vLLM's."""

import asyncio

from fairlead.emulator.dialect import StatsLog
from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.engine.live_engine import LiveEngine
from fairlead.emulator.faults import EngineFault, FaultOrder
from fairlead.emulator.surface.engine_interface import RequestObservation
from fairlead.emulator.tensorrt_llm.dialect import QuietLog
from fairlead.engines.tensorrt_llm import metrics
from fairlead.engines.tensorrt_llm.http_api import quick
from fairlead.fleet.engine_load import EngineLoad
from tests.emulator.engine.virtual import Client, sequence
from tests.emulator.tensorrt_llm.starts import engine, provided
from tests.virtual_time import run_story

STEP = 0.1


def loaded(live: LiveEngine) -> EngineLoad:
    found = metrics.load(live.acts.metrics())
    assert isinstance(found, EngineLoad), found
    return found


def test_before_a_request_has_ended_there_is_nothing_but_settings() -> None:
    async def story() -> None:
        live = engine()
        assert loaded(live) == EngineLoad(engines=1, moves_at_ends=True)
        assert quick(live.acts.metrics().encode()) is None
        client = Client(live, sequence(100, 20))
        await asyncio.sleep(10 * STEP)
        assert loaded(live) == EngineLoad(engines=1, moves_at_ends=True)
        await client.answered()
        assert loaded(live).finished == 1

    run_story(story())


def test_when_requests_end_a_page_has_the_figures_that_scaling_reads_of_vllm() -> None:
    async def story() -> None:
        live = engine("--max_batch_size", "2")
        short, long, late = (Client(live, sequence(160, reply, start=1)) for reply in (5, 60, 40))
        await short.answered()
        await asyncio.sleep(STEP)
        load = loaded(live)
        assert (load.running, load.waiting, load.finished) == (2, 1, 1), "as the last step of one of them began"
        assert (load.prompt_tokens, load.prefix_queries, load.generation_tokens) == (160, 160, 5)
        found = quick(live.acts.metrics().encode())
        assert found is not None
        assert (
            found.kv_tokens
            == load.capacity_tokens
            == (provided("--max_batch_size", "2").serve_arguments.pool_tokens or 0)
        )
        await long.answered()
        await late.answered()
        load = loaded(live)
        assert (load.finished, load.prompt_tokens, load.generation_tokens) == (3, 480, 105)
        assert load.prefix_hits == 256, "blocks of 32 tokens"
        for durations in (load.time_to_first_token, load.request_pace):
            assert durations is not None
            assert durations.count == 3
        assert load.inter_token is None

    run_story(story())


def test_at_rest_the_last_statistics_still_count_the_requests_that_ended_with_them() -> None:
    """Its scheduler counts when a step begins, and makes no step without requests."""

    async def story() -> None:
        live = engine()
        await asyncio.gather(*(Client(live, sequence(100, 5, start=start)).answered() for start in (1, 2)))
        first, second = (Client(live, sequence(100, tokens, start=3)) for tokens in (6, 5))
        await asyncio.gather(first.answered(), second.answered())
        await asyncio.sleep(100 * STEP)
        load = loaded(live)
        assert (load.running, load.waiting, load.kv_usage) == (2, 0, 0)
        assert live.driver.inside == 0

    run_story(story())


def test_statistics_of_steps_go_to_their_first_reader_only() -> None:
    async def story() -> None:
        live = engine()
        client = Client(live, sequence(100, 4))
        await asyncio.sleep(2.5 * STEP)
        assert live.acts.iterations() == [], "they are collected when a request ends"
        await client.answered()
        await asyncio.sleep(STEP)
        found = live.acts.iterations()
        assert [one["iter"] for one in found] == [1, 2, 3, 4]
        assert [one["numActiveRequests"] for one in found] == [1, 1, 1, 1]
        assert [one["numCompletedRequests"] for one in found] == [0, 0, 0, 1]
        assert found[0]["inflightBatchingStats"]["numContextRequests"] == 1
        assert found[1]["kvCacheStats"]["usedNumBlocks"] == 4
        assert live.acts.iterations() == []

    run_story(story())


def test_without_statistics_the_page_counts_requests_alone() -> None:
    async def story() -> None:
        live = engine("--set=enable_iter_perf_stats=false")
        await Client(live, sequence(100, 1)).answered()
        await asyncio.sleep(STEP)
        load = loaded(live)
        assert (load.running, load.kv_usage, load.finished) == (None, None, 1)

    run_story(story())


def test_drafts_are_counted_and_adapters_batched() -> None:
    async def story() -> None:
        live = engine(
            "--set=speculative_config.decoding_type=NGram",
            "--set=speculative_config.max_draft_len=3",
            "--set=lora_config.lora_dir=[/a]",
        )
        await Client(live, sequence(100, 40, adapter="de")).answered()
        await asyncio.sleep(STEP)
        load = loaded(live)
        assert load.draft_tokens is not None
        assert load.accepted_tokens is not None
        assert 0 < load.accepted_tokens < load.draft_tokens
        assert loaded(live).draft_tokens == load.draft_tokens

    run_story(story())


def test_errors_are_counted_by_status_and_a_page_can_be_spoiled_as_vllms() -> None:
    async def story() -> None:
        live = engine()
        for status in (200, 400, 400):
            live.acts.observed(RequestObservation("/v1/completions", "POST", status, 0.1, 1, 1))
        line = 'trtllm_request_error_total{engine_type="pytorch",http_code="400",model_name="chat"} 2.0'
        assert line in live.acts.metrics()
        for fault, words in ((EngineFault.METRICS_NAN, "} NaN"), (EngineFault.METRICS_MISSING, "fairlead_engine")):
            pace = FixedStepTimes(first_token_seconds=STEP, token_seconds=STEP)
            live = engine(knobs=EmulationKnobs(pace=pace, order=FaultOrder(fault=fault)))
            await Client(live, sequence(100, 1)).answered()
            await asyncio.sleep(STEP)
            page = live.acts.metrics()
            assert words in page
            assert not isinstance(metrics.load(page), EngineLoad)

    run_story(story())


def test_it_logs_nothing_of_its_steps() -> None:
    log: StatsLog = QuietLog()
    assert log.line(1.0) is None
