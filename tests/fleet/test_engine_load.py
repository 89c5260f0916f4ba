"""What the cache of an engine holds that reports its blocks alone."""

import pytest

from fairlead.fleet import engine_load


@pytest.mark.parametrize(
    ("in_blocks", "fitted", "tokens"),
    [
        (16_000, None, 16_000),
        (16_000, 443_552.0, 16_000),  # a flag sets the blocks
        (36_000, 33_392.0, 36_000),  # layers that are alike: the engine's figure is exact
        (781_840, 130_094.0, 130_094),  # layers with windows hold far less than blocks times their length
    ],
)
def test_blocks_count_unless_they_are_far_more_than_the_fit(in_blocks: int, fitted: float | None, tokens: int) -> None:
    assert engine_load.cache_tokens(in_blocks, fitted) == tokens
