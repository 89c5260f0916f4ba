"""Pages: the order in which free ones are taken, and cache hits in them before that."""

import pytest

from fairlead.simulator.engine.block_pool import BlockPool, CachedBlock


def pool(blocks: int = 11, *, caching: bool = True) -> BlockPool:
    """With ten usable pages of sixteen tokens."""
    return BlockPool(blocks, 16, caching=caching)


def written(pages: BlockPool, *names: int) -> list[CachedBlock]:
    """Take pages and give them these names."""
    pages.take(len(names))
    held: list[CachedBlock] = []
    pages.name(held, names)
    return held


def test_empty_pages_are_taken_before_remembered_ones() -> None:
    pages = pool()
    pages.release(written(pages, 1, 2, 3), 0, 0)
    pages.take(7)
    assert len(pages.found((1, 2, 3), 3)) == 3
    pages.take(1)
    assert len(pages.found((1, 2, 3), 3)) == 2, "the end of the text goes first"
    assert pages.free == 2


def test_what_is_found_is_held_and_leaves_the_order_of_reuse() -> None:
    pages = pool()
    pages.release(written(pages, 1, 2), 0, 0)
    found = pages.found((1, 2, 9), 3)
    pages.hold(found)
    assert pages.free == 8
    pages.hold(found)
    assert pages.free == 8
    pages.take(8)
    assert [page.name for page in pages.found((1, 2), 2)] == [1, 2]
    with pytest.raises(AssertionError, match="1 pages were asked for beyond 0 free ones"):
        pages.take(1)


def test_equal_text_in_two_blocks_is_found_until_both_blocks_are_reused() -> None:
    pages = pool(3)
    one, other = written(pages, 1), written(pages, 1)
    pages.release(one, 0, 0)
    pages.release(other, 0, 0)
    pages.take(1)
    (found,) = pages.found((1,), 1)
    assert found is other[0]
    pages.take(1)
    assert pages.found((1,), 1) == []


def test_the_younger_of_two_equal_pages_can_go_first() -> None:
    pages = pool(4)
    one, other, third = (written(pages, 1) for _ in range(3))
    for held in (other, one, third):
        pages.release(held, 0, 0)
    pages.take(1)
    assert pages.found((1,), 1) == one


def test_nameless_pages_keep_their_place_in_the_order() -> None:
    pages = pool()
    pages.take(4)
    pages.release([], 3, 1)
    pages.release(written(pages, 1), 0, 0)
    pages.take(2)
    pages.release([], 2, 0)
    assert pages.free == 10
    pages.take(5 + 2)
    assert len(pages.found((1,), 1)) == 1
    pages.take(1)
    assert pages.found((1,), 1) == [], "two nameless were older, two are younger"


def test_a_preempted_owner_finds_the_beginning_of_its_nameless_pages() -> None:
    pages = pool()
    pages.take(6)
    run = pages.release([], 6, 0, returns=True)
    assert run is not None
    pages.take(7)
    assert run.count == 3
    pages.recover(run, 2)
    assert (run.count, pages.free) == (1, 1)
    pages.take(1)
    assert (run.count, pages.free) == (0, 0)


def test_a_run_of_freed_blocks_that_was_recovered_whole_is_removed() -> None:
    pages = pool()
    pages.take(2)
    run = pages.release([], 2, 0, returns=True)
    assert run is not None
    pages.recover(run, 2)
    pages.take(8)
    assert pages.free == 0


def test_ownerless_runs_side_by_side_are_one() -> None:
    pages = pool()
    pages.take(5)
    first = pages.release([], 2, 0)
    second = pages.release([], 3, 0)
    assert first is second
    pages.take(10)
    third = pages.release([], 4, 0)
    assert third is not first
    assert pages.free == 4


def test_without_caching_nothing_is_remembered() -> None:
    pages = pool(caching=False)
    pages.take(5)
    assert pages.release([], 4, 1) is None
    assert (pages.free, pages.usage) == (10, 0.0)


def test_forgetting_everything_needs_every_page_to_be_free() -> None:
    pages = pool()
    held = written(pages, 1, 2)
    assert not pages.reset()
    pages.release(held, 0, 0)
    assert pages.reset()
    assert pages.found((1,), 1) == []
    assert pages.free == 10


def test_naming_nothing_changes_nothing() -> None:
    pages = pool()
    held: list[CachedBlock] = []
    pages.name(held, ())
    assert held == []
