"""Rates: a minute's worth at once, then evenly; never more than the limit over time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing import rates
from fairlead.routing.rates import RateBucket


def test_a_minutes_worth_may_come_at_once_and_the_next_waits() -> None:
    bucket = RateBucket(600.0, 600.0, 0.0)
    assert bucket.take(600, now=0.0) == 0.0
    assert bucket.take(10, now=0.0) == 1.0
    assert bucket.take(10, now=1.0) == 0.0


def test_a_request_larger_than_the_bucket_goes_when_it_is_full_and_is_paid_off_after() -> None:
    bucket = RateBucket(600.0, 600.0, 0.0)
    assert bucket.take(1800, now=0.0) == 0.0
    assert bucket.take(1, now=0.0) == pytest.approx(120.1)
    assert bucket.take(1, now=120.1) == 0.0


def test_what_was_reserved_and_not_used_comes_back() -> None:
    bucket = RateBucket(600.0, 600.0, 0.0)
    bucket.take(600, now=0.0)
    bucket.give_back(100)
    assert bucket.take(100, now=0.0) == 0.0


def test_nothing_is_saved_up_beyond_a_minutes_worth() -> None:
    bucket = RateBucket(600.0, 600.0, 0.0)
    bucket.give_back(5000)
    assert bucket.take(600, now=1000.0) == 0.0
    assert bucket.take(1, now=1000.0) > 0


def test_a_changed_limit_leaves_it_as_full_as_it_was() -> None:
    bucket = RateBucket(600.0, 300.0, 0.0)
    assert rates.changed(bucket, 1200, 1, 0.0) is bucket
    assert (bucket.per_minute, bucket.level) == (1200.0, 600.0)


def test_the_same_limit_changes_nothing_and_no_limit_is_no_bucket() -> None:
    bucket = RateBucket(600.0, 300.0, 0.0)
    assert rates.changed(bucket, 600, 1, 0.0) is bucket
    assert bucket.level == 300.0
    assert rates.changed(bucket, None, 1, 0.0) is None


def test_each_of_four_routers_has_a_quarter() -> None:
    bucket = rates.changed(None, 1000, 4, 7.0)
    assert bucket is not None
    assert (bucket.per_minute, bucket.level, bucket.at) == (250.0, 250.0, 7.0)


@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(1, 900)), max_size=40))
def test_never_more_than_the_limit_and_one_bucket_passes(story: list[tuple[int, int]]) -> None:
    """In any stretch from the start: the refill, the initial bucket, and one request's debt."""
    bucket = RateBucket(300.0, 300.0, 0.0)
    now, passed, largest = 0.0, 0, 0
    for wait_ms, amount in story:
        now += wait_ms / 1000
        if bucket.take(amount, now) == 0.0:
            passed += amount
            largest = max(largest, amount)
        assert passed <= 300 + now * 5 + largest + 1e-6


@given(st.lists(st.integers(1, 900), min_size=1, max_size=10))
def test_always_after_the_seconds_it_named_it_lets_the_request_through(amounts: list[int]) -> None:
    bucket = RateBucket(300.0, 300.0, 0.0)
    now = 0.0
    for amount in amounts:
        seconds = bucket.take(amount, now)
        if seconds:
            now += seconds + 1e-9
            assert bucket.take(amount, now) == 0.0
