from collections.abc import Sequence
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.simulator.traffic.prefix_blocks import BlockConversion, expanded_runs


def ids(least: int) -> st.SearchStrategy[list[int]]:
    """Of blocks that no other range has."""
    return st.lists(st.integers(least, least + 999), max_size=6, unique=True)


def test_a_block_of_512_tokens_is_32_pages_of_16() -> None:
    pages = BlockConversion(block_tokens=512, page_tokens=16).pages([7, 9], tokens=1024)

    assert pages == (*range(7 * 32, 8 * 32), *range(9 * 32, 10 * 32))


def test_a_partial_last_block_gives_its_full_pages_only() -> None:
    assert len(BlockConversion(block_tokens=512, page_tokens=16).pages([7, 9], tokens=512 + 40)) == 32 + 2


def test_a_page_of_128_tokens_is_named_by_the_second_of_its_blocks_of_64() -> None:
    assert BlockConversion(block_tokens=64, page_tokens=128).pages([1, 2, 3, 4, 5], tokens=330) == (2, 4)


def test_sizes_that_do_not_divide_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="page_tokens=48: does not divide the trace's blocks of 64 tokens"):
        BlockConversion(block_tokens=64, page_tokens=48)


def test_runs_are_written_out() -> None:
    assert expanded_runs([[3, 2], [9, 1]]) == [3, 4, 9]


def agreeing(one: Sequence[int], other: Sequence[int]) -> int:
    """The length of the common prefix of two sequences."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


@given(ids(0), ids(1000), ids(2000), st.sampled_from((16, 64, 128, 512)))
def test_pages_are_always_equal_as_far_as_blocks_are_and_never_further(
    shared: list[int], tail: list[int], other_tail: list[int], page: int
) -> None:
    """Equal ids mean equal prompts up to there, so two prompts that have diverged share no later id."""
    one, other = shared + tail, shared + other_tail
    conversion = BlockConversion(block_tokens=64, page_tokens=page)
    left, right = (conversion.pages(blocks, len(blocks) * 64) for blocks in (one, other))

    assert len(set(left)) == len(left)
    assert agreeing(left, right) == agreeing(one, other) * 64 // page
