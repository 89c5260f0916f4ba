"""Stored answers stay within bytes and time, and a tenant with more does not evict the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.router.cache.counters import CacheCounters
from fairlead.router.cache.entries import OVERHEAD, CacheEntry
from fairlead.router.cache.store import MAX_SWEPT, CacheEntryKey, CacheStore


def entry(size: int = 100, until: float = 1000.0, revision: str = "r1") -> CacheEntry:
    return CacheEntry(lines=b"", body=b"x" * size, revision=revision, made_at=0.0, expires_at=until)


def place(number: int, revision: str = "r1") -> CacheEntryKey:
    return CacheEntryKey(b"%d" % number, revision)


def store(room_for: int = 3) -> CacheStore:
    return CacheStore(room_for * (100 + OVERHEAD), CacheCounters())


def held(kept: CacheStore, tenant: str, now: float = 1.0) -> list[int]:
    return [number for number in range(20) if kept.find(tenant, place(number), now) is not None]


def test_the_least_recently_used_goes_first() -> None:
    kept = store()
    for number in (1, 2, 3):
        kept.put("a", place(number), entry())
    kept.find("a", place(1), 1.0)
    kept.put("a", place(4), entry())
    assert held(kept, "a") == [1, 3, 4]


def test_a_newer_answer_takes_the_place_of_the_older() -> None:
    kept = store()
    kept.put("a", place(1), entry(50))
    kept.put("a", place(1), entry(80))
    assert (kept.entries, kept.bytes) == (1, 80 + OVERHEAD)


def test_who_holds_most_loses_and_who_is_alone_has_all() -> None:
    kept = store()
    for number in (1, 2, 3):
        kept.put("big", place(number), entry())
    assert held(kept, "big") == [1, 2, 3]
    kept.put("small", place(1), entry())
    for number in (4, 5, 6):
        kept.put("big", place(number), entry())
    assert (held(kept, "small"), held(kept, "big")) == ([1], [5, 6])


def test_one_that_is_more_than_the_store_is_not_kept() -> None:
    kept = store(room_for=1)
    assert not kept.put("a", place(1), entry(101))
    assert kept.entries == 0


def test_one_that_is_over_is_not_given() -> None:
    kept = store()
    kept.put("a", place(1), entry(until=10.0))
    assert kept.find("a", place(1), 9.9) is not None
    assert kept.find("a", place(1), 10.0) is None
    assert kept.bytes == 0


def test_what_is_over_is_swept_out_a_few_at_a_time() -> None:
    kept = store(room_for=1000)
    for number in range(MAX_SWEPT + 5):
        kept.put("a", place(number), entry(until=10.0))
    kept.put("a", place(9999), entry(until=99.0))
    kept.sweep(9.0)
    assert kept.entries == MAX_SWEPT + 6
    kept.sweep(10.0)
    assert kept.entries == 6
    kept.sweep(10.0)
    assert kept.entries == 1


def test_one_renewed_meanwhile_outlives_the_end_of_its_predecessor() -> None:
    kept = store()
    kept.put("a", place(1), entry(until=10.0))
    kept.put("a", place(1), entry(until=20.0))
    kept.sweep(15.0)
    assert held(kept, "a", 15.0) == [1]


def test_the_list_of_ends_does_not_outgrow_the_entries() -> None:
    kept = store()
    for number in range(5 * MAX_SWEPT):
        kept.put("a", place(number), entry(until=1000.0 + number))
    kept.sweep(1.0)
    kept.sweep(5000.0)
    assert kept.entries == 0, "one sweep came to the end of the list"


def test_a_revision_can_be_forgotten() -> None:
    kept = store()
    kept.put("a", place(1), entry())
    kept.put("a", place(1, "r2"), entry(revision="r2"))
    kept.forget("r1")
    assert kept.find("a", place(1), 1.0) is None
    assert kept.find("a", place(1, "r2"), 1.0) is not None


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 400), st.integers(1, 50))))
def test_bytes_and_entries_are_always_what_is_held_and_within_the_bound(
    story: list[tuple[str, int, int, int]],
) -> None:
    kept = store()
    for now, (tenant, number, size, lives) in enumerate(story):
        kept.put(tenant, place(number), entry(size, until=now + lives))
        kept.sweep(now)
        assert kept.bytes <= kept.max_bytes
    places = [(tenant, place(number)) for tenant in "abc" for number in range(10)]
    there = [one for tenant, key in places if (one := kept.find(tenant, key, len(story) - 1)) is not None]
    assert (kept.entries, kept.bytes) == (len(there), sum(one.cost for one in there))


@given(st.lists(st.integers(0, 300), max_size=30))
def test_a_tenant_never_loses_an_answer_to_one_that_holds_more(flood: list[int]) -> None:
    kept = store(room_for=4)
    kept.put("small", place(1), entry())
    for number, size in enumerate(flood):
        kept.put("flood", place(number), entry(size))
        assert held(kept, "small") == [1]


@pytest.mark.parametrize("bound", [0, 100])
def test_a_smaller_bound_holds_at_once(bound: int) -> None:
    kept = store()
    kept.put("a", place(1), entry())
    kept.shrink(bound)
    assert (kept.entries, kept.bytes) == (0, 0)
