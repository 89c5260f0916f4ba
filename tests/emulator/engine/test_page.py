"""The metrics page against the families of a real vLLM 0.32 server, and against what requests should leave on it."""

import re
from pathlib import Path
from typing import Final

from fairlead.engines.vllm.engine import VllmEngine
from fairlead.fleet.engine_load import EngineLoad
from tests.emulator.engine.virtual import Client, engine, sequence
from tests.virtual_time import run_story

REAL: Final = Path(__file__).with_name("families.txt")
"""Name and kind of each family of a fresh real server, without start times; the process's own come from Python."""
SPECULATING: Final = ("--speculative-config", '{"method": "ngram", "num_speculative_tokens": 3}')


def families(page: str) -> dict[str, str]:
    found = re.findall(r"^# TYPE (\S+) (\S+)$", page, re.MULTILINE)
    return {name: kind for name, kind in found if not name.endswith("_created")}


def value(page: str, sample: str) -> float:
    found = re.search(rf"^{re.escape(sample)} (\S+)$", page, re.MULTILINE)
    assert found is not None, sample
    return float(found[1])


def test_a_fresh_page_has_the_families_of_a_real_one_in_its_kinds() -> None:
    async def story() -> None:
        ours = families(engine().acts.metrics())
        real = dict(line.split() for line in REAL.read_text(encoding="utf-8").splitlines())
        assert {name: kind for name, kind in ours.items() if name.startswith(("vllm:", "http_"))} == real
        assert set(ours) - set(real) >= {"fairlead_engine_lag_seconds", "fairlead_engine_behind"}

    run_story(story())


def test_children_stand_at_zero_before_anything_happened() -> None:
    async def story() -> None:
        page = engine().acts.metrics()
        for reason in ("stop", "length", "abort", "error", "repetition"):
            labels = f'engine="0",finished_reason="{reason}",model_name="chat"'
            assert value(page, f"vllm:request_success_total{{{labels}}}") == 0.0
        for reason in ("max_num_queued_reqs", "max_num_queued_tokens"):
            assert value(page, f'vllm:admission_rejections_total{{model_name="chat",reason="{reason}"}}') == 0.0
        assert "spec_decode" not in page
        assert "lora_requests_info" not in page

    run_story(story())


def test_a_request_leaves_its_tokens_and_times() -> None:
    async def story() -> None:
        live = engine()
        await Client(live, sequence(101, 5), sequence(101, 3), n=2).answered()
        page = live.acts.metrics()
        one = '{engine="0",model_name="chat"}'
        expected = {
            "prompt_tokens_total": 202,
            "prompt_tokens_cached_total": 96,
            "generation_tokens_total": 8,
            "time_to_first_token_seconds_count": 2,
            "time_to_first_token_seconds_sum": 0.4,
            "inter_token_latency_seconds_count": 6,
            "inter_token_latency_seconds_sum": 0.6,
            "request_time_per_output_token_seconds_sum": 0.2,
            "e2e_request_latency_seconds_sum": 0.6 + 0.4,
            "request_params_n_count": 1,
            "request_params_n_sum": 2,
            "request_max_num_generation_tokens_sum": 5,
            "request_generation_tokens_sum": 8,
            "iteration_tokens_total_count": 5,
            "iteration_tokens_total_sum": 202 - 96 + 8,
            "request_queue_time_seconds_sum": 0.0,
        }
        assert {name: round(value(page, f"vllm:{name}{one}"), 6) for name in expected} == expected
        assert value(page, 'vllm:request_success_total{engine="0",finished_reason="stop",model_name="chat"}') == 2

    run_story(story())


def test_every_fact_that_the_operator_reads_is_on_the_page() -> None:
    async def story() -> None:
        live = engine(*SPECULATING)
        await Client(live).answered()
        load = VllmEngine().load(live.acts.metrics())
        assert isinstance(load, EngineLoad)
        assert all(getattr(load, name) is not None for name in EngineLoad.__dataclass_fields__)
        assert (load.engines, load.finished, load.prompt_tokens, load.capacity_blocks) == (1, 1.0, 100.0, 1891)
        assert value(live.acts.metrics(), _position(2)) <= value(live.acts.metrics(), _position(0))

    run_story(story())


def test_each_data_parallel_engine_has_its_own_numbers() -> None:
    async def story() -> None:
        live = engine("--data-parallel-size", "2")
        await Client(live, rank=1).answered()
        page = live.acts.metrics()
        totals = [value(page, f'vllm:prompt_tokens_total{{engine="{number}",model_name="chat"}}') for number in (0, 1)]
        assert totals == [0.0, 100.0]
        load = VllmEngine().load(page)
        assert isinstance(load, EngineLoad)
        assert (load.engines, load.capacity_blocks) == (2, 2 * 1891)

    run_story(story())


def _position(place: int) -> str:
    labels = f'engine="0",model_name="chat",position="{place}"'
    return f"vllm:spec_decode_num_accepted_tokens_per_pos_total{{{labels}}}"
