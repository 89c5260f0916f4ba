"""Metrics pages, from a busy engine's to a broken proxy's, and what is accepted of them."""

import random
from math import inf
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.engines.vllm import metrics
from fairlead.fleet.engine_load import DurationHistogram, EngineLoad, UnreadableScrape, UnreadableScrapeReason

DATA: Final = Path(__file__).parent / "data"
BUSY: Final = (DATA / "vllm-0.32-busy.txt").read_text(encoding="utf-8")
TWO: Final = (DATA / "vllm-0.32-two-engines.txt").read_text(encoding="utf-8")


def test_a_busy_engines_page_yields_every_fact() -> None:
    load = metrics.load(BUSY)

    assert isinstance(load, EngineLoad)
    assert all(getattr(load, name) is not None for name in EngineLoad.__dataclass_fields__)
    assert (load.engines, load.running, load.waiting, load.kv_usage) == (1, 12.0, 3.0, 0.6251831949)
    assert (load.capacity_tokens, load.capacity_blocks, load.block_tokens) == (56144, 3510, 16)
    assert (load.prefix_queries, load.prefix_hits) == (1048577.0, 524288.0)
    assert (load.prompt_tokens, load.generation_tokens) == (1048321.0, 98304.0)
    assert (load.finished, load.preemptions) == (400.0, 4.0)
    assert (load.drafts, load.draft_tokens, load.accepted_tokens) == (1000.0, 3000.0, 1500.0)


def test_tokens_that_were_loaded_from_main_memory_are_read_apart_from_the_hits_of_the_gpus_cache() -> None:
    loaded = 'vllm:external_prefix_cache_hits_total{engine="0",model_name="chat"} '
    load = metrics.load(BUSY.replace(f"{loaded}0.0", f"{loaded}131072.0"))

    assert isinstance(load, EngineLoad)
    assert (load.prefix_queries, load.prefix_hits, load.loaded) == (1048577.0, 524288.0, 131072.0)


def test_the_buckets_of_a_histogram_ascend_to_infinity() -> None:
    load = metrics.load(BUSY)

    assert isinstance(load, EngineLoad)
    assert load.time_to_first_token is not None
    assert load.time_to_first_token.count == 400.0
    assert load.time_to_first_token.total == 52.125
    assert load.time_to_first_token.buckets[4:8] == ((0.04, 66.0), (0.06, 133.0), (0.08, 200.0), (0.1, 266.0))
    assert load.time_to_first_token.buckets[-1] == (inf, 400.0)


def test_two_engines_in_a_pod_add_up_and_their_cache_use_does_not() -> None:
    load = metrics.load(TWO)

    assert isinstance(load, EngineLoad)
    assert (load.engines, load.running, load.finished) == (2, 21.0, 800.0)
    assert load.kv_usage == (0.6251831949 + 0.25) / 2
    assert (load.capacity_tokens, load.capacity_blocks, load.block_tokens) == (112288, 7020, 16)
    assert load.time_to_first_token is not None
    assert load.time_to_first_token.buckets[-1] == (inf, load.time_to_first_token.count)


def test_an_emulator_that_counts_blocks_per_engine_still_has_the_tokens_of_all() -> None:
    load = metrics.load(TWO.replace('num_gpu_blocks="7020"', 'num_gpu_blocks="3510"'))

    assert isinstance(load, EngineLoad)
    assert load.capacity_tokens == 112288


def test_a_page_with_one_family_leaves_the_rest_unsaid_instead_of_zero() -> None:
    assert metrics.load('vllm:num_requests_running{engine="0"} 2\n') == EngineLoad(engines=1, running=2.0)


def test_a_family_without_labels_and_with_a_time_stamp_is_read() -> None:
    assert metrics.load("vllm:num_requests_waiting 1.5e+01 1763632144\n") == EngineLoad(engines=1, waiting=15.0)


def test_labels_stand_in_any_order_with_any_text_in_them() -> None:
    line = 'vllm:num_requests_running{ model_name="a}\\"b\\\\,le=\\n", engine = "7" ,} 3\r\n'

    assert metrics.load(line) == EngineLoad(engines=1, running=3.0)


def test_a_capacity_the_engine_did_not_set_is_unsaid() -> None:
    page = 'vllm:cache_config_info{block_size="16",num_gpu_blocks="None"} 1.0\n'

    assert metrics.load(page) == EngineLoad(engines=1, block_tokens=16)


def test_a_histogram_without_its_sum_is_unsaid() -> None:
    page = 'vllm:time_to_first_token_seconds_bucket{le="1"} 2\nvllm:time_to_first_token_seconds_count 2\n'

    assert metrics.load(page) == EngineLoad(engines=1)


def test_a_histogram_without_its_last_bucket_gets_it_from_the_count() -> None:
    page = (
        'vllm:time_to_first_token_seconds_bucket{le="0.3"} 2\n'
        "vllm:time_to_first_token_seconds_count 5\n"
        "vllm:time_to_first_token_seconds_sum 9.5\n"
    )

    assert metrics.load(page) == EngineLoad(
        engines=1, time_to_first_token=DurationHistogram(count=5.0, total=9.5, buckets=((0.3, 2.0), (inf, 5.0)))
    )


WORTHLESS: Final = {
    "nothing at all": ("", UnreadableScrapeReason.NO_METRICS, ""),
    "another program's page": ("<html>\n<body>502</body>\n</html>\n", UnreadableScrapeReason.NO_METRICS, ""),
    "metrics of no engine": ("process_open_fds 58.0\n", UnreadableScrapeReason.NO_METRICS, ""),
    "not a number": (
        "vllm:num_requests_running NaN\n",
        UnreadableScrapeReason.NOT_A_NUMBER,
        "vllm:num_requests_running NaN",
    ),
    "infinitely many": ("vllm:num_requests_running +Inf\n", UnreadableScrapeReason.NOT_A_NUMBER, None),
    "fewer than none": ("vllm:num_requests_waiting -1\n", UnreadableScrapeReason.NEGATIVE, None),
    "more than all of the cache": ("vllm:kv_cache_usage_perc 1.01\n", UnreadableScrapeReason.OUT_OF_RANGE, None),
    "a word for a number": ("vllm:num_requests_waiting many\n", UnreadableScrapeReason.BROKEN_LINE, None),
    "a number as Python writes it": ("vllm:num_requests_waiting 1_0\n", UnreadableScrapeReason.BROKEN_LINE, None),
    "no number": ('vllm:num_requests_waiting{engine="0"}\n', UnreadableScrapeReason.BROKEN_LINE, None),
    "a label twice": ('vllm:num_requests_waiting{a="0",a="1"} 1\n', UnreadableScrapeReason.BROKEN_LINE, None),
    "a label without quotes": ("vllm:num_requests_waiting{engine=0} 1\n", UnreadableScrapeReason.BROKEN_LINE, None),
    "a page cut in a line": (
        "vllm:num_requests_waiting 1\nvllm:num_requ",
        UnreadableScrapeReason.BROKEN_LINE,
        "vllm:num_requ",
    ),
    "blocks in words": ('vllm:cache_config_info{num_gpu_blocks="some"} 1\n', UnreadableScrapeReason.BROKEN_LINE, None),
    "a bucket without a bound": (
        "vllm:time_to_first_token_seconds_bucket 1\n",
        UnreadableScrapeReason.BROKEN_LINE,
        None,
    ),
    "a bucket bound by nothing": (
        'vllm:time_to_first_token_seconds_bucket{le="NaN"} 1\n',
        UnreadableScrapeReason.BROKEN_LINE,
        None,
    ),
    "a bucket larger than the next": (
        (
            'vllm:time_to_first_token_seconds_bucket{le="1"} 3\n'
            "vllm:time_to_first_token_seconds_count 2\nvllm:time_to_first_token_seconds_sum 1\n"
        ),
        UnreadableScrapeReason.OUT_OF_RANGE,
        "vllm:time_to_first_token_seconds",
    ),
}


@pytest.mark.parametrize("what", WORTHLESS)
def test_an_invalid_page_is_unreadable_with_its_reason_and_line(what: str) -> None:
    page, reason, line = WORTHLESS[what]

    assert metrics.load(page) == UnreadableScrape(reason=reason, line=page.strip() if line is None else line)


def test_a_long_bad_line_is_shortened_for_people() -> None:
    load = metrics.load("vllm:num_requests_waiting " + "x" * 5000 + "\n")

    assert isinstance(load, UnreadableScrape)
    assert len(load.line) == 120


@given(st.randoms(use_true_random=False))
def test_the_order_of_lines_never_matters(chance: random.Random) -> None:
    lines = TWO.splitlines(keepends=True)
    chance.shuffle(lines)

    assert metrics.load("".join(lines)) == metrics.load(TWO)


@given(name=st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"])))
def test_whatever_a_model_is_called_the_numbers_are_always_the_same(name: str) -> None:
    written = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    assert metrics.load(BUSY.replace('model_name="chat"', f'model_name="{written}"')) == metrics.load(BUSY)


@given(st.text())
def test_any_text_is_always_answered_by_a_value(text: str) -> None:
    assert isinstance(metrics.load(text), EngineLoad | UnreadableScrape)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(sorted(metrics.NAMES.families)),
            st.sampled_from(["", '{engine="0"}', '{engine="1",le="+Inf"}', '{le="x"}', "{", "}"]),
            st.sampled_from(["0", "1", "2.5e3", "NaN", "-1", "+Inf", "", "x"]),
        )
    )
)
def test_accepted_values_are_never_negative_and_no_share_is_above_one(rows: list[tuple[str, str, str]]) -> None:
    load = metrics.load("".join(f"{name}{labels} {value}\n" for name, labels, value in rows))

    if isinstance(load, EngineLoad):
        numbers = [getattr(load, name) for name in EngineLoad.__dataclass_fields__]
        assert all(number >= 0 for number in numbers if isinstance(number, int | float))
        assert (load.kv_usage or 0) <= 1
