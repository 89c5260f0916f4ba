"""A page of TensorRT-LLM's metrics as facts. It was written from `metrics/collector.py`; none was recorded."""

import random
from math import inf
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.http_api import QuickLoad
from fairlead.engines.tensorrt_llm import metrics
from fairlead.engines.tensorrt_llm.http_api import API
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape, UnreadableScrapeReason
from tests.engines.tensorrt_llm.inputs import TENSORRT

LABELS: Final = '{engine_type="pytorch",model_name="chat"}'
PAGE: Final = f"""# HELP trtllm_request_success_total Count of successfully processed requests.
trtllm_request_success_total{{engine_type="pytorch",finished_reason="stop",model_name="chat"}} 30.0
trtllm_request_success_total{{engine_type="pytorch",finished_reason="length",model_name="chat"}} 10.0
trtllm_num_requests_running{LABELS} 12.0
trtllm_num_requests_waiting{LABELS} 5.0
trtllm_kv_cache_utilization{LABELS} 0.5
trtllm_kv_cache_max_blocks{LABELS} 2000.0
trtllm_kv_cache_tokens_per_block{LABELS} 32.0
trtllm_prompt_tokens_total{LABELS} 40000.0
trtllm_prompt_cached_tokens_total{LABELS} 10000.0
trtllm_generation_tokens_total{LABELS} 8000.0
trtllm_spec_decode_num_draft_tokens_total{LABELS} 600.0
trtllm_spec_decode_num_accepted_tokens_total{LABELS} 300.0
trtllm_time_to_first_token_seconds_bucket{{engine_type="pytorch",le="0.1",model_name="chat"}} 25.0
trtllm_time_to_first_token_seconds_bucket{{engine_type="pytorch",le="+Inf",model_name="chat"}} 40.0
trtllm_time_to_first_token_seconds_sum{LABELS} 8.0
trtllm_time_to_first_token_seconds_count{LABELS} 40.0
trtllm_time_per_output_token_seconds_bucket{{engine_type="pytorch",le="+Inf",model_name="chat"}} 40.0
trtllm_time_per_output_token_seconds_sum{LABELS} 1.0
trtllm_time_per_output_token_seconds_count{LABELS} 40.0
trtllm_iteration_latency_seconds{LABELS} 0.02
"""
FACTS: Final = EngineLoad(
    engines=1,
    running=12.0,
    waiting=5.0,
    kv_usage=0.5,
    moves_at_ends=True,
    capacity_tokens=64000,
    capacity_blocks=2000,
    block_tokens=32,
    prefix_queries=40000.0,
    prefix_hits=10000.0,
    prompt_tokens=40000.0,
    generation_tokens=8000.0,
    finished=40.0,
    draft_tokens=600.0,
    accepted_tokens=300.0,
    time_to_first_token=DurationHistogram(count=40.0, total=8.0, buckets=((0.1, 25.0), (inf, 40.0))),
    request_pace=DurationHistogram(count=40.0, total=1.0, buckets=((inf, 40.0),)),
)


def test_a_page_says_load_cache_tokens_and_times() -> None:
    assert TENSORRT.load(PAGE) == FACTS
    assert TENSORRT.reader().read(PAGE.encode()) == FACTS


def test_what_its_page_does_not_say_is_unsaid_and_not_zero() -> None:
    missing = {"loaded", "preemptions", "drafts", "steps", "step_tokens", "inter_token"}
    assert {name for name in EngineLoad.__dataclass_fields__ if getattr(FACTS, name) is None} == missing


def test_an_engine_without_prefix_caching_says_no_hits() -> None:
    page = "".join(line for line in PAGE.splitlines(keepends=True) if "cached" not in line)

    found = TENSORRT.load(page)

    assert isinstance(found, EngineLoad)
    assert (found.prefix_hits, found.prefix_queries) == (None, 40000.0)


def test_a_server_that_has_answered_nothing_yet_is_no_stranger() -> None:
    page = 'trtllm_model_config_info{model="chat",dtype="bfloat16"} 1.0\n'

    assert TENSORRT.load(page) == EngineLoad(engines=1, moves_at_ends=True)


def test_half_of_the_cache_s_size_is_no_size() -> None:
    page = "".join(line for line in PAGE.splitlines(keepends=True) if "tokens_per_block" not in line)

    found = TENSORRT.load(page)

    assert isinstance(found, EngineLoad)
    assert (found.capacity_tokens, found.capacity_blocks) == (None, None)


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("", UnreadableScrapeReason.NO_METRICS),
        ('[{"numQueuedRequests": 3}]\n', UnreadableScrapeReason.NO_METRICS),
        ("trtllm_num_requests_running NaN\n", UnreadableScrapeReason.NOT_A_NUMBER),
        ("trtllm_num_requests_waiting -1\n", UnreadableScrapeReason.NEGATIVE),
        ("trtllm_kv_cache_utilization 1.01\n", UnreadableScrapeReason.OUT_OF_RANGE),
        ("trtllm_num_requests_running 1", UnreadableScrapeReason.BROKEN_LINE),
    ],
)
def test_an_invalid_page_is_unreadable_with_its_reason(page: str, reason: UnreadableScrapeReason) -> None:
    found = TENSORRT.load(page)

    assert isinstance(found, UnreadableScrape)
    assert found.reason is reason


@given(st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(chance: random.Random) -> None:
    lines = PAGE.splitlines(keepends=True)
    chance.shuffle(lines)

    assert TENSORRT.load("".join(lines)) == FACTS


@given(st.text())
def test_any_text_is_always_answered_by_a_value(text: str) -> None:
    assert isinstance(TENSORRT.load(text), EngineLoad | UnreadableScrape)


def test_a_router_takes_the_figures_of_the_same_page() -> None:
    assert API.quick_load(PAGE.encode()) == QuickLoad(running=12.0, waiting=5.0, kv_usage=0.5, kv_tokens=64000)


def test_a_router_does_not_believe_a_page_without_them() -> None:
    page = PAGE.encode()

    assert API.quick_load(b"") is None
    assert API.quick_load(page.replace(b"_kv_cache_utilization{", b"_other{")) is None
    smaller = API.quick_load(page.replace(b"_kv_cache_tokens_per_block{", b"_other{"))
    assert smaller is not None
    assert smaller.kv_tokens is None


def test_prometheus_is_queried_for_all_that_it_can_add_up() -> None:
    assert {metrics.RUNNING, metrics.WAITING, metrics.USAGE, metrics.PROMPTS} <= metrics.NAMES.families
    assert {"model_name", "engine_type", "finished_reason"} == set(metrics.NAMES.labels)
