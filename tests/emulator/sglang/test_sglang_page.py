"""SGLang's metrics: as old as their last update, with streaming or without, and read as the same facts as vLLM's."""

import asyncio

import pytest

from fairlead.emulator.emulation_knobs import EmulationKnobs
from fairlead.emulator.engine.fixed_step_times import FixedStepTimes
from fairlead.emulator.engine.live_engine import LiveEngine
from fairlead.emulator.engine.provision import EmulatedMachine
from fairlead.emulator.faults import EngineFault, FaultOrder
from fairlead.emulator.sglang.stats_line import DecodeLine
from fairlead.engines.sglang import metrics
from fairlead.engines.sglang.http_api import quick
from fairlead.fleet.engine_load import EngineLoad
from tests.emulator.engine.virtual import Client, sequence
from tests.emulator.sglang.starts import engine
from tests.virtual_time import now, run_story

STEP = 0.1


def loaded(live: LiveEngine) -> EngineLoad:
    """Its page as scaling reads it."""
    found = metrics.load(live.acts.metrics())
    assert isinstance(found, EngineLoad), found
    return found


def test_gauges_are_as_old_as_so_many_steps_unless_a_prompt_comes() -> None:
    async def story() -> None:
        live = engine("--decode-log-interval", "10")
        first = Client(live, sequence(100, 200))
        await asyncio.sleep(3 * STEP)
        before = loaded(live).generation_tokens
        await asyncio.sleep(4 * STEP)
        assert loaded(live).generation_tokens == before, "nothing is published between two updates"
        await asyncio.sleep(6 * STEP)
        later = loaded(live).generation_tokens
        assert later is not None
        assert later - (before or 0) >= 9
        second = Client(live, sequence(100, 5, start=7))
        await asyncio.sleep(4 * STEP)
        assert loaded(live).running == 2, "a step with a prompt tells all"
        await first.answered()
        await second.answered()
        assert (loaded(live).running, loaded(live).generation_tokens) == (0, 203), "of each reply all but its first"

    run_story(story())


def test_a_page_has_the_figures_that_scaling_reads_of_vllm() -> None:
    async def story() -> None:
        live = engine("--decode-log-interval", "1", "--max-running-requests", "1")
        running, waiting = Client(live, sequence(160, 40)), Client(live, sequence(160, 4))
        await asyncio.sleep(8 * STEP)
        load = loaded(live)
        assert (load.running, load.waiting) == (1, 1)
        assert load.kv_usage is not None
        assert load.kv_usage >= 0
        assert quick(live.acts.metrics().encode()) is not None
        await running.answered()
        await waiting.answered()
        load = loaded(live)
        assert (load.finished, load.prompt_tokens, load.prefix_hits, load.prefix_queries) == (2, 320, 144, 320)
        for durations in (load.time_to_first_token, load.inter_token, load.request_pace):
            assert durations is not None
        assert load.time_to_first_token is not None
        assert load.time_to_first_token.count == 2

    run_story(story())


def test_a_copy_of_the_model_has_a_rank_and_its_requests_are_counted_together() -> None:
    async def story() -> None:
        live = engine("--dp-size", "2")
        await asyncio.gather(*(Client(live, sequence(100, 5, start=start)).answered() for start in (1, 2)))
        load = loaded(live)
        assert (load.engines, load.finished, load.prompt_tokens) == (2, 2, 200)
        one = engine()
        assert load.capacity_tokens == 2 * (loaded(one).capacity_tokens or 0)

    run_story(story())


def test_with_priorities_a_sum_has_an_empty_one() -> None:
    async def story() -> None:
        page = engine("--enable-priority-scheduling").acts.metrics()
        assert (
            'sglang:num_running_reqs{engine_type="unified",model_name="chat",moe_ep_rank="0",pp_rank="0",priority=""'
            in page
        )

    run_story(story())


def test_a_request_without_a_stream_reports_its_first_token_late() -> None:
    async def story() -> None:
        live = engine()
        await Client(live, sequence(100, 101), each_step=False).answered()
        first = loaded(live).time_to_first_token
        assert first is not None
        assert first.count == 1
        page = live.acts.metrics()
        line = next(one for one in page.split("\n") if one.startswith("sglang:time_to_first_token_seconds_sum"))
        assert 'is_streaming="false"' in line
        assert float(line.split()[-1]) > 49 * STEP

    run_story(story())


def test_metrics_of_adapters_and_aborts_appear_once_there_is_something_to_report() -> None:
    async def story() -> None:
        live = engine("--lora-paths", "de=/de", "--mem-fraction-static", "0.8")
        assert "sglang:num_aborted_requests_total" not in live.acts.metrics()
        client = Client(live, sequence(100, 50, adapter="de"))
        await asyncio.sleep(6 * STEP)
        assert (
            'sglang:lora_pool_slots_used{engine_type="unified",model_name="chat",moe_ep_rank="0",'
            in live.acts.metrics()
        )
        live.acts.abort_requests(())
        await client.answered()
        page = live.acts.metrics()
        assert 'sglang:num_aborted_requests_total{engine_type="unified",model_name="chat"} 1.0' in page

    run_story(story())


@pytest.mark.parametrize("flags", [("--dp-size", "2"), ("--tp-size", "2", "--attn-dp-size", "2")])
def test_each_scheduler_has_series_of_its_own(flags: tuple[str, ...]) -> None:
    async def story() -> None:
        live = engine(*flags, "--mem-fraction-static", "0.8", machine=EmulatedMachine("NVIDIA-L4", 2))
        page = live.acts.metrics()
        assert [f'dp_rank="{rank}"' in page for rank in range(3)] == [True, True, False]
        assert len(live.acts.rank_loads()) == 2

    run_story(story())


def test_a_page_can_be_spoiled_as_vllms() -> None:
    async def story() -> None:
        for fault, words in (
            (EngineFault.METRICS_NAN, "sglang:num_running_reqs{"),
            (EngineFault.METRICS_NEGATIVE, "} -1.0"),
            (EngineFault.METRICS_MISSING, "fairlead_engine_behind"),
        ):
            pace = FixedStepTimes(first_token_seconds=STEP, token_seconds=STEP)
            live = engine(knobs=EmulationKnobs(pace=pace, order=FaultOrder(fault=fault)))
            page = live.acts.metrics()
            assert words in page
            assert not isinstance(metrics.load(page), EngineLoad)

    run_story(story())


def test_it_logs_its_batches_while_there_are_any() -> None:
    async def story() -> None:
        live = engine()
        line = DecodeLine(live.driver.ranks[0], now(), 1000)
        assert line.line(now() + 0.5) is None
        client = Client(live, sequence(100, 30))
        await asyncio.sleep(10 * STEP)
        logged = line.line(now())
        assert logged is not None
        assert logged.startswith("Decode batch, #running-req: 1, #token: ")
        await client.answered()

    run_story(story())
