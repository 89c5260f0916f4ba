"""A cache of eleven blocks: what is used, which request is preempted, and what is evicted."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.conformance import events, page
from tests.conformance.block_chain import chain, events_number
from tests.conformance.configurations import BLOCK, CRAMPED, ROOM
from tests.conformance.conftest import Stage
from tests.conformance.endpoint import Endpoint
from tests.conformance.events import Reader

PROMPT, REPLY = 100, 150
"""Two such requests need eight blocks each in the end: together there are too few."""


@pytest.fixture(scope="module")
def reader(stage: Stage) -> Iterator[Reader]:
    with events.connected(stage.have(CRAMPED)) as reader:
        yield reader


def test_the_page_counts_all_blocks_one_of_which_no_request_can_use(cramped: Endpoint) -> None:
    (label,) = page.now(cramped).labels("vllm:cache_config_info")
    assert (label["num_gpu_blocks"], label["num_gpu_blocks_override"], label["block_size"]) == (
        str(ROOM + 1),
        str(ROOM + 1),
        str(BLOCK),
    )


def test_cache_usage_is_reported_in_usable_blocks(cramped: Endpoint) -> None:
    document = {"prompt": [21] * PROMPT, "max_tokens": REPLY, "ignore_eos": True, "stream": True}
    with closing(cramped.open("/v1/completions", **document)) as stream:
        stream.take(2)
        used = page.now(cramped).value("vllm:kv_cache_usage_perc") * ROOM
    assert used == pytest.approx(round(used), abs=1e-6)
    assert 4 <= used <= 8
    page.settled(cramped, lambda now: now.value("vllm:kv_cache_usage_perc") == 0)


def test_a_request_that_finds_no_room_begins_again_and_says_all_it_had_to_say(cramped: Endpoint) -> None:
    before = page.now(cramped)
    figures = {"max_tokens": REPLY, "ignore_eos": True}
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(cramped.complete, [30 + place] * PROMPT, **figures) for place in range(2)]
    assert [answer.result().json["usage"]["completion_tokens"] for answer in answers] == [REPLY, REPLY]
    done = "vllm:request_success_total"
    after = page.settled(cramped, lambda now: now.value(done) == before.value(done) + 2)
    grown = {
        name: after.value(name) - before.value(name)
        for name in (
            "vllm:num_preemptions_total",
            "vllm:request_num_preemptions_sum",
            "vllm:prefix_cache_queries_total",
            "vllm:prompt_tokens_total",
            "vllm:generation_tokens_total",
        )
    }
    assert grown == {
        "vllm:num_preemptions_total": 1,
        "vllm:request_num_preemptions_sum": 1,
        "vllm:prefix_cache_queries_total": 2 * PROMPT,
        "vllm:prompt_tokens_total": 2 * PROMPT,
        "vllm:generation_tokens_total": 2 * REPLY,
    }


def test_what_was_used_longest_ago_is_forgotten_first_and_its_end_before_its_beginning(
    cramped: Endpoint, reader: Reader
) -> None:
    old = [40 + place % 7 for place in range(3 * BLOCK)]
    cramped.complete(old, max_tokens=1)
    reader.messages()
    removed: list[int] = []
    for place in range(4):
        cramped.complete([60 + place] * (3 * BLOCK), max_tokens=1)
    removed = [number for event in reader.events("BlockRemoved") for number in event["block_hashes"]]
    hashes = [events_number(digest) for digest in chain(old, BLOCK)]
    assert [number for number in removed if number in hashes] == hashes[::-1]


def test_evicted_blocks_are_published_by_hash_alone(cramped: Endpoint, reader: Reader) -> None:
    reader.messages()
    for place in range(5):
        cramped.complete([80 + place] * (3 * BLOCK), max_tokens=1)
    removed = reader.events("BlockRemoved")
    assert {tuple(event) for event in removed} == {("type", "block_hashes", "medium", "group_idx")}
    assert {event["medium"] for event in removed} == {"GPU"}


def test_a_prompt_that_fills_the_room_is_served(cramped: Endpoint) -> None:
    usage = cramped.complete([99] * (8 * BLOCK - 1), max_tokens=1).json["usage"]
    assert usage["total_tokens"] == 8 * BLOCK
