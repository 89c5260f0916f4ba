"""Pages read at the last known positions of their families: always the same result as the complete reader's."""

import re
from pathlib import Path
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.engines.catalogue import ENGINES
from fairlead.engines.fast_load_reader import COMPARED_EACH, MAX_MEANINGS, FamilyIndex, FastLoadReader
from fairlead.engines.vllm import metrics
from fairlead.fleet.desired_state import EngineKind
from fairlead.fleet.engine_load import EngineLoad, UnreadableScrape, UnreadableScrapeReason

DATA: Final = Path(__file__).parent / "data"
BUSY: Final = (DATA / "vllm-0.32-busy.txt").read_bytes()
TWO: Final = (DATA / "vllm-0.32-two-engines.txt").read_bytes()
TTFT: Final = b"vllm:time_to_first_token_seconds"
WANTED: Final = tuple(
    place
    for heading in metrics.FAMILY_INDEX.headings
    for found in re.finditer(re.escape(heading) + rb"[^\n]*\n(?:[^#\n][^\n]*\n)+", BUSY)
    for place in range(found.start(), found.end())
)
"""Positions of the families that are looked up."""


def completely(page: bytes) -> EngineLoad | UnreadableScrape:
    return metrics.load(page.decode(errors="replace"))


def after_a_good_page(page: bytes) -> EngineLoad | UnreadableScrape:
    skimmer = FastLoadReader(metrics.FAMILY_INDEX)
    skimmer.read(BUSY)
    return skimmer.read(page)


@pytest.mark.parametrize("page", [BUSY, TWO])
def test_both_readers_return_the_same_however_often_a_page_is_read(page: bytes) -> None:
    skimmer = FastLoadReader(metrics.FAMILY_INDEX)

    assert [skimmer.read(page) for _ in range(COMPARED_EACH + 2)] == [completely(page)] * (COMPARED_EACH + 2)


def test_tokens_loaded_from_main_memory_are_read() -> None:
    loaded = b'vllm:external_prefix_cache_hits_total{engine="0",model_name="chat"} '
    page = BUSY.replace(loaded + b"0.0", loaded + b"131072.0")
    load = after_a_good_page(page)

    assert isinstance(load, EngineLoad)
    assert load == completely(page)
    assert (load.prefix_hits, load.loaded) == (524288.0, 131072.0)


def test_only_the_durations_that_decide_are_read() -> None:
    load = after_a_good_page(BUSY)

    assert isinstance(load, EngineLoad)
    assert load.time_to_first_token is not None
    assert load.inter_token is not None


def test_every_engine_reads_its_own_pages_behind_the_interface() -> None:
    loads = [ENGINES[kind].reader().read(BUSY) for kind in (EngineKind.VLLM, EngineKind.SIMULATED)]

    assert loads == [completely(BUSY)] * 2


def test_numbers_that_grow_move_the_families_and_they_are_found_all_the_same() -> None:
    longer = re.sub(rb" (\d+)\.0\n", rb" 9\g<1>000.0\n", BUSY)

    assert after_a_good_page(longer) == completely(longer)


def test_a_page_of_another_engine_on_the_same_address_is_found_elsewhere() -> None:
    assert after_a_good_page(TWO) == completely(TWO)


@given(st.sampled_from(WANTED), st.integers(0, 255))
@example(BUSY.index(b"\n# TYPE " + TTFT) + 3, ord("X"))
@example(BUSY.index(TTFT + b"_bucket"), ord("#"))
def test_a_page_with_any_wrong_byte_where_it_matters_never_yields_another_result(place: int, byte: int) -> None:
    page = BUSY[:place] + bytes([byte]) + BUSY[place + 1 :]

    assert after_a_good_page(page) == completely(page)


@given(st.integers(0, len(BUSY)))
def test_a_truncated_page_never_yields_another_result(end: int) -> None:
    assert after_a_good_page(BUSY[:end]) == completely(BUSY[:end])


@pytest.mark.parametrize(
    ("line", "answer", "reason"),
    [
        (rb"vllm:num_requests_running\{", b"NaN", UnreadableScrapeReason.NOT_A_NUMBER),
        (rb"vllm:num_requests_running\{", b"+Inf", UnreadableScrapeReason.NOT_A_NUMBER),
        (rb"vllm:prompt_tokens_total\{", b"-1", UnreadableScrapeReason.NEGATIVE),
        (rb"vllm:kv_cache_usage_perc\{", b"1.01", UnreadableScrapeReason.OUT_OF_RANGE),
        (rb'vllm:time_to_first_token_seconds_bucket\{[^\n]*le="0.001"', b"9e9", UnreadableScrapeReason.OUT_OF_RANGE),
        (rb"vllm:generation_tokens_total\{", b"1_0", UnreadableScrapeReason.BROKEN_LINE),
        (rb"vllm:generation_tokens_total\{", b"many", UnreadableScrapeReason.BROKEN_LINE),
    ],
)
def test_an_invalid_number_is_reported_as_the_complete_reader_reports_it(
    line: bytes, answer: bytes, reason: UnreadableScrapeReason
) -> None:
    page = re.sub(rb"(\n" + line + rb"[^\n]*\}) [^\n]+", rb"\1 " + answer, BUSY)

    load = after_a_good_page(page)
    assert isinstance(load, UnreadableScrape)
    assert load.reason is reason


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb"(vllm:num_requests_running\{[^\n]*)\n", rb"\1 1795176000\n"),
        (rb"\nvllm:num_requests_running\{[^}\n]*\} ", b"\nvllm:num_requests_running "),
        (rb"\nvllm:num_requests_running\{[^}\n]*\} ", b"\nvllm:num_requests_running 7 "),
        (rb"\nvllm:num_requests_running\{[^\n]*", b""),
        (rb"\nvllm:time_to_first_token_seconds_count[^\n]*", b""),
        (rb'le="0.01"', b'le="nan"'),
        (rb'le="0.01"', b'le="low"'),
        (rb'num_gpu_blocks="\d+"', b'num_gpu_blocks="None"'),
        (rb'num_gpu_blocks="\d+"', b'num_gpu_blocks="few"'),
        (rb'\{engine="0",', b"{engine=0,"),
        (rb'engine="0",', b""),
    ],
)
def test_lines_of_another_form_are_left_to_the_complete_reading(before: bytes, after: bytes) -> None:
    page = re.sub(before, after, BUSY)
    assert page != BUSY

    assert after_a_good_page(page) == completely(page)
    assert FastLoadReader(metrics.FAMILY_INDEX).read(page) == completely(page)


def test_an_engine_that_does_not_speculate_has_fewer_families() -> None:
    page = re.sub(rb"(?m)^[^\n]*vllm:spec_decode[^\n]*\n", b"", BUSY)
    skimmer = FastLoadReader(metrics.FAMILY_INDEX)
    loads = [skimmer.read(page) for _ in range(2)]

    assert loads == [completely(page)] * 2
    assert isinstance(loads[1], EngineLoad)
    assert loads[1].drafts is None


def test_a_heading_without_lines_is_a_family_without_samples() -> None:
    page = re.sub(rb"\nvllm:num_preemptions_total\{[^\n]*", b"", BUSY) + b"# TYPE vllm:other counter\n"

    load = after_a_good_page(page)
    assert load == completely(page)
    assert isinstance(load, EngineLoad)
    assert load.preemptions is None


def test_a_pod_on_whose_page_the_readers_disagree_is_read_completely_from_then_on() -> None:
    received = BUSY + b'vllm:num_requests_waiting{engine="0",model_name="chat"} 5.0\n'
    skimmer = FastLoadReader(metrics.FAMILY_INDEX)

    assert [skimmer.read(received) for _ in range(3)] == [completely(received)] * 3


def test_what_lines_mean_is_remembered_for_a_bounded_number_of_them() -> None:
    wording = FamilyIndex(metrics.NAMES, metrics.load)
    for number in range(MAX_MEANINGS + 1):
        wording.meaning(b"other%d" % number)

    assert FastLoadReader(wording).read(BUSY) == completely(BUSY)
