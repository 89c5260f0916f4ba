"""The prefix index: who holds how much, evicting the least recently used, and never above its capacity."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing import prefix
from fairlead.routing.prefix import PrefixIndex

CHAINS = st.lists(st.integers(0, 2), min_size=1, max_size=12)
"""A text, word by word; its block ids are its prefixes."""


def chained(text: list[int]) -> tuple[int, ...]:
    """Equal ids mean equal prefixes."""
    ids: list[int] = []
    value = 1
    for word in text:
        value = value * 3 + word
        ids.append(value)
    return tuple(ids)


def index(*slots: int, blocks: int = 100) -> PrefixIndex:
    """Empty, with this much room for each."""
    made = PrefixIndex()
    for slot in slots:
        made.open(slot)
        made.size(slot, blocks)
    return made


def test_the_longest_holder_comes_last() -> None:
    made = index(0, 1, 2)
    made.learn((1, 2, 3, 4), 0)
    made.learn((1, 2), 1)
    assert made.holders((1, 2, 3, 4, 5)) == [(2, 0b10), (4, 0b01)]
    assert made.holders((1, 2, 3, 4)) == [(2, 0b10), (4, 0b01)]
    assert made.holders((9,)) == made.holders(()) == []


def test_the_end_of_a_prompt_is_forgotten_before_its_beginning() -> None:
    made = index(0, blocks=3)
    made.learn((1, 2, 3, 4, 5), 0)
    assert (made.holders((1, 2, 3, 4, 5)), made.held(0), len(made)) == ([(3, 1)], 3, 3)


def test_what_was_used_lately_stays() -> None:
    made = index(0, blocks=4)
    made.learn((1, 2), 0)
    made.learn((8, 9), 0)
    made.learn((1, 2), 0)
    made.learn((5,), 0)
    assert (made.holders((1, 2)), made.holders((8, 9)), made.holders((5,))) == ([(2, 1)], [(1, 1)], [(1, 1)])


def test_an_engine_that_goes_or_lost_its_cache_holds_nothing() -> None:
    made = index(0, 1)
    made.learn((1, 2), 0)
    made.learn((1,), 1)
    made.clear(0)
    assert made.holders((1, 2)) == [(1, 0b10)]
    made.forget(1)
    assert (len(made), made.held(0)) == (0, 0)
    made.forget(0)


def test_many_engines_share_a_bound_of_all_blocks() -> None:
    made = index(0, 1, blocks=prefix.MAX_BLOCKS)
    made.learn(tuple(range(prefix.MAX_BLOCKS)), 0)
    assert made.held(0) == prefix.MAX_BLOCKS // 2


@given(st.lists(st.tuples(CHAINS, st.integers(0, 2)), max_size=25), CHAINS, st.integers(1, 20))
def test_bisection_always_finds_what_a_walk_to_the_first_miss_finds(
    learnt: list[tuple[list[int], int]], entries: list[int], room: int
) -> None:
    made = index(0, 1, 2, blocks=room)
    for text, slot in learnt:
        made.learn(chained(text), slot)
        assert made.held(slot) <= room
    blocks = chained(entries)
    walked: dict[int, int] = {}
    for slot in range(3):
        depth = 0
        for block in blocks:
            if not any(depth < deep and mask >> slot & 1 for deep, mask in made.holders((block,))) and not (
                made.holders((block,)) and made.holders((block,))[0][1] >> slot & 1
            ):
                break
            depth += 1
        if depth:
            walked[slot] = depth
    found = {slot: depth for depth, mask in made.holders(blocks) for slot in range(3) if mask >> slot & 1}
    assert found == walked
    depths = [depth for depth, _ in made.holders(blocks)]
    assert depths == sorted(set(depths))


def test_prefixes_reported_by_other_routers_are_learned_like_own_ones_and_evicted_a_little_later() -> None:
    made, own = index(0, 1, blocks=3), index(0, 1, blocks=3)
    for blocks in ((1, 2), (1, 2, 3), (8,)):
        made.learn_shared(blocks[::-1], 0)
        own.learn(blocks, 0)
    assert (made.blocks(0), own.blocks(0)) == ([3, 2, 1, 8], [2, 1, 8])
    for block in range(100, 100 + prefix.EVICTED_TOGETHER):
        made.learn_shared((block,), 0)
    assert made.held(0) == 3


def test_a_block_is_reported_once_until_all_are_reported_again() -> None:
    made = index(0, blocks=100)
    assert made.unshared((1, 2), 0) == [1, 2]
    assert made.unshared((1, 2, 3), 0) == [3]
    made.learn_shared((4,), 0)
    assert made.unshared((1, 2, 3, 4), 0) == []
    made.share_again()
    assert made.unshared((1, 2, 3, 4), 0) == [1, 2, 3, 4]


def test_no_more_blocks_count_as_reported_than_a_cache_holds() -> None:
    made = index(0, blocks=2)
    assert [made.unshared((1, 2, 3), 0), made.unshared((1, 4), 0), made.unshared((1,), 0)] == [[1, 2, 3], [4], [1]]


@given(st.lists(st.lists(st.integers(0, 12), max_size=4, unique=True), max_size=8))
def test_reports_that_are_indexed_together_always_leave_what_one_by_one_leaves(reports: list[list[int]]) -> None:
    together, single = index(0, blocks=100), index(0, blocks=100)
    together.learn_shared([block for one in reports for block in reversed(one)], 0)
    for one in reports:
        single.learn_shared(one[::-1], 0)
    assert together.blocks(0) == single.blocks(0)
    assert together.unshared(range(13), 0) == single.unshared(range(13), 0)


def test_an_index_that_engines_write_learns_nothing_from_a_router() -> None:
    index = PrefixIndex(learns=False)
    index.open(0)
    index.learn((1, 2), 0)
    assert len(index) == 0
    index.masks[1] = 0b1
    assert index.holders((1, 2)) == [(1, 0b1)]
