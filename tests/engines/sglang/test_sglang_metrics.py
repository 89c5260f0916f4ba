"""Pages of SGLang's metrics: the names of a real server's page, and what is made of them."""

import random
from math import inf
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.http_api import QuickLoad
from fairlead.engines.sglang import metrics
from fairlead.engines.sglang.http_api import API
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape, UnreadableScrapeReason
from tests.engines.sglang.inputs import SGLANG

BUSY: Final = (Path(__file__).parents[1] / "data" / "sglang-0.5.23-busy.txt").read_text(encoding="utf-8")
STAGE: Final = 'pp_rank="0"'


def load(page: str) -> EngineLoad:
    found = SGLANG.load(page)
    assert isinstance(found, EngineLoad), found
    return found


def test_a_busy_engines_page_yields_what_it_can() -> None:
    found = load(BUSY)

    assert (found.engines, found.running, found.waiting, found.kv_usage) == (1, 12.0, 3.0 + 2.0, 0.63)
    assert found.capacity_tokens == 56144
    assert found.prompt_tokens == found.prefix_queries == 524033.0 + 524288.0
    assert (found.prefix_hits, found.generation_tokens) == (524288.0, 98304.0)
    assert (found.finished, found.preemptions) == (400.0, 4.0)
    assert found.inter_token is not None
    assert (found.inter_token.count, found.inter_token.total) == (97900.0, 931.5)
    assert found.request_pace is not None
    assert (found.request_pace.count, found.request_pace.total) == (299.0 + 100.0, 4.0)


def test_what_its_page_does_not_say_is_unsaid_and_not_zero() -> None:
    found = load(BUSY)

    missing = (
        "loaded",
        "drafts",
        "draft_tokens",
        "accepted_tokens",
        "steps",
        "step_tokens",
        "capacity_blocks",
        "block_tokens",
    )
    assert {name for name in EngineLoad.__dataclass_fields__ if getattr(found, name) is None} == set(missing)


def test_requests_without_a_stream_have_begun_and_are_never_late() -> None:
    """Their first token is reported up to 50 tokens late: 100 of them, in a quarter of a second at the earliest."""
    first = load(BUSY).time_to_first_token

    assert first is not None
    assert (first.count, first.total) == (300.0 + 100.0, 21.125)
    assert first.buckets[:2] == ((0.001, 100.0), (0.005, 100.0))
    assert dict(first.buckets)[0.1] == 266.0 + 100.0
    assert first.buckets[-1] == (inf, 400.0)


def test_an_engine_without_streaming_clients_counts_as_well() -> None:
    streamed = 'is_streaming="true"'
    page = "".join(line for line in BUSY.splitlines(keepends=True) if streamed not in line or "first_token" not in line)

    assert load(page).time_to_first_token == DurationHistogram(
        count=100.0, total=0.0, buckets=((0.001, 100.0), (inf, 100.0))
    )


def test_stages_of_a_pipeline_are_one_engine() -> None:
    later = "".join(line.replace(STAGE, 'pp_rank="1"') for line in BUSY.splitlines(keepends=True) if STAGE in line)

    assert load(BUSY + later) == load(BUSY)


def test_copies_in_one_pod_add_up_and_the_use_of_their_caches_does_not() -> None:
    def of_rank(rank: int, page: str) -> str:
        return page.replace(STAGE, f'{STAGE},dp_rank="{rank}"')

    ranked = "".join(line for line in BUSY.splitlines(keepends=True) if STAGE in line)
    found = load(of_rank(0, BUSY) + of_rank(1, ranked).replace("} 0.63", "} 0.25"))

    assert (found.engines, found.running, found.waiting, found.capacity_tokens) == (2, 24.0, 10.0, 112288)
    assert found.kv_usage == (0.63 + 0.25) / 2
    assert found.generation_tokens == 2 * 98304.0
    assert found.finished == 400.0, "the server counts requests, not the copies"


def test_priorities_are_parts_of_a_sum_in_queues_and_not_in_requests() -> None:
    with_sum = BUSY.replace('moe_ep_rank="0"', 'moe_ep_rank="0",priority=""')
    parts = "".join(
        f'sglang:num_{what}_reqs{{moe_ep_rank="0",pp_rank="0",priority="{rank}"}} 7.0\n'
        for what in ("running", "queue")
        for rank in (0, -9223372036854775808)
    )
    page = with_sum + parts + 'sglang:num_requests_total{priority="3",is_streaming="true"} 5.0\n'

    assert load(page) == load(BUSY.replace("} 300.0\n", "} 305.0\n", 1))
    assert API.quick_load(page.encode()) == API.quick_load(BUSY.encode())


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("", UnreadableScrapeReason.NO_METRICS),
        ("vllm:num_requests_running 1\n", UnreadableScrapeReason.NO_METRICS),
        ("sglang:num_running_reqs NaN\n", UnreadableScrapeReason.NOT_A_NUMBER),
        ("sglang:num_queue_reqs -1\n", UnreadableScrapeReason.NEGATIVE),
        ("sglang:token_usage 1.01\n", UnreadableScrapeReason.OUT_OF_RANGE),
        ("sglang:num_running_reqs 1", UnreadableScrapeReason.BROKEN_LINE),
    ],
)
def test_an_invalid_page_is_unreadable_with_its_reason(page: str, reason: UnreadableScrapeReason) -> None:
    found = SGLANG.load(page)

    assert isinstance(found, UnreadableScrape)
    assert found.reason is reason


def test_tokens_of_a_mode_that_came_later_are_left_out() -> None:
    assert load('sglang:realtime_tokens_total{mode="dream"} 9\nsglang:num_running_reqs 1\n') == EngineLoad(
        engines=1, running=1.0
    )


def test_a_reader_reads_what_a_page_says() -> None:
    assert SGLANG.reader().read(BUSY.encode()) == SGLANG.load(BUSY)


@given(st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(chance: random.Random) -> None:
    lines = BUSY.splitlines(keepends=True)
    chance.shuffle(lines)

    assert load("".join(lines)) == load(BUSY)


@given(st.text())
def test_any_text_is_always_answered_by_a_value(text: str) -> None:
    assert isinstance(SGLANG.load(text), EngineLoad | UnreadableScrape)


def test_a_router_takes_the_figures_of_the_same_page() -> None:
    assert API.quick_load(BUSY.encode()) == QuickLoad(running=12.0, waiting=5.0, kv_usage=0.63, kv_tokens=56144)


def test_a_router_does_not_believe_a_page_without_them() -> None:
    page = BUSY.encode()

    assert API.quick_load(b"") is None
    assert API.quick_load(page.replace(b"sglang:token_usage{", b"sglang:other{")) is None
    assert API.quick_load(page.replace(b"} 12.0\n", b"} many\n")) is None
    smaller = API.quick_load(page.replace(b"sglang:max_total_num_tokens{", b"sglang:other{"))
    assert smaller is not None
    assert smaller.kv_tokens is None


def test_prometheus_is_queried_for_all_that_is_read() -> None:
    assert metrics.TOKENS in metrics.NAMES.families
    assert {"mode", "priority", "is_streaming", "pp_rank"} <= set(metrics.NAMES.labels)
