"""Some requests of every minute are kept for a comparison, from all conversations, for days."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fairlead.router import kept_per_minute
from fairlead.router.kept_per_minute import KeptPerMinute
from fairlead.router.revision_samples import MOST


def kept_by_minute(budget: KeptPerMinute, minutes: range, rate: int, conversations: int = 10**9) -> Counter[int]:
    """How many are kept of each minute with `rate` requests a second, spread over this many conversations."""
    found: Counter[int] = Counter()
    for number in range(minutes.start * 60 * rate, minutes.stop * 60 * rate):
        found[number // (60 * rate)] += budget.admits(number % conversations, 1000.0 + number / rate)
    return found


def test_every_request_is_kept_of_a_router_with_few() -> None:
    assert set(kept_by_minute(KeptPerMinute(), range(8), 5).values()) == {300}


def test_of_a_busy_router_some_of_every_minute_are_kept_and_none_is_blind() -> None:
    found = kept_by_minute(KeptPerMinute(), range(14), 100)
    assert found[0] < 5 * kept_per_minute.A_MINUTE, "until it has found how many are enough"
    assert all(kept_per_minute.A_MINUTE / 4 <= found[minute] <= 2 * kept_per_minute.A_MINUTE for minute in range(1, 10))
    assert all(30 <= found[minute] <= 300 for minute in range(10, 14))


def test_after_a_rush_all_are_kept_again() -> None:
    budget = KeptPerMinute()
    kept_by_minute(budget, range(1), 200)
    found = kept_by_minute(budget, range(1, 9), 1)
    assert (found[1] < 20, found[8]) == (True, 60)


def test_after_an_hour_of_silence_the_first_requests_are_kept() -> None:
    budget = KeptPerMinute()
    kept_by_minute(budget, range(1), 200)
    kept_by_minute(budget, range(1, 2), 1)
    assert kept_by_minute(budget, range(60, 61), 1)[60] >= 25 / 2


def test_a_few_conversations_with_much_traffic_are_all_still_seen() -> None:
    budget = KeptPerMinute()
    kept_by_minute(budget, range(1), 100, conversations=20)
    seen = Counter(
        number % 20 for number in range(60 * 100, 120 * 100) if budget.admits(number % 20, 1000.0 + number / 100)
    )
    assert len(seen) == 20
    assert max(seen.values()) < sum(seen.values()) / 4


def test_what_a_request_had_at_both_revisions_is_kept_or_left_out_together() -> None:
    budget = KeptPerMinute()
    kept_by_minute(budget, range(1), 100)
    found = [[budget.admits(one, 1061.0 + one / 1000) for _ in range(2)] for one in range(200)]
    assert {len(set(one)) for one in found} == {1}
    assert {True, False} == {one[0] for one in found}


def test_a_clock_that_is_set_back_keeps_the_minute() -> None:
    budget = KeptPerMinute()
    assert [budget.admits(1, wall) for wall in (1000.0, 1200.0, 400.0)] == [True, True, True]


def test_what_three_days_may_keep_fits_into_the_list() -> None:
    first_minute = 5 * kept_per_minute.A_MINUTE
    assert first_minute + sum(map(kept_per_minute.of_minute, range(3 * 24 * 60))) <= MOST


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=12))
def test_a_minute_keeps_at_most_its_number_for_each_time_it_was_halved(rushes: list[int]) -> None:
    budget = KeptPerMinute()
    for minute, requests in enumerate(rushes):
        kept = sum(budget.admits(minute * 10_000 + one, 60.0 * minute) for one in range(requests))
        assert kept <= kept_per_minute.A_MINUTE * (1 + (requests // kept_per_minute.A_MINUTE).bit_length())
