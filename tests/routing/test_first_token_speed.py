"""What first tokens teach: how long a prompt takes, and how fast an engine computes tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.first_token_speed import FEWEST, MAX_SECONDS, FirstTokenSpeed


def taught(*pairs: tuple[int, float], times: int = FEWEST) -> FirstTokenSpeed:
    """By prompts of these lengths whose first tokens took these times, each this often."""
    speed = FirstTokenSpeed()
    for _ in range(times):
        for tokens, seconds in pairs:
            speed.add(tokens, tokens, seconds)
    return speed


def test_nothing_is_known_before_enough_was_seen() -> None:
    assert not taught((100, 0.2), times=FEWEST - 1).is_learnt
    assert taught((100, 0.2)).is_learnt


def test_a_line_through_what_was_seen_says_how_long_other_prompts_take() -> None:
    speed = taught((100, 0.2), (1100, 1.2))
    assert [speed.estimate(tokens) for tokens in (100, 600, 2100)] == pytest.approx([0.2, 0.7, 2.2], abs=0.02)


def test_prompts_of_one_length_say_nothing_about_longer_ones() -> None:
    assert taught((100, 0.2)).estimate(5000) == pytest.approx(0.2)


def test_where_first_tokens_scatter_the_estimate_is_on_the_safe_side() -> None:
    scattered = taught((100, 0.1), (100, 0.3), times=64)
    assert 0.25 < scattered.estimate(100) < 0.35


def test_an_engine_that_hung_counts_no_more_than_a_minute() -> None:
    assert taught((100, 3600.0)).estimate(100) == pytest.approx(MAX_SECONDS)


def test_one_prompt_that_hung_says_little_about_the_next() -> None:
    speed = taught((100, 0.1), (1100, 1.1), times=100)
    speed.add(600, 600, 30.0)
    assert 0.6 < speed.estimate(600) < 1.0
    for _ in range(3):
        speed.add(600, 600, 30.0)
    assert speed.estimate(600) < 2.0


def test_when_all_become_slower_the_estimate_follows() -> None:
    speed = taught((100, 0.1), (1100, 1.1), times=100)
    for _ in range(64):
        speed.add(600, 600, 10.0)
    assert speed.estimate(600) > 9.0


def test_engines_that_needed_no_time_at_all_may_become_slower() -> None:
    speed = taught((100, 0.0))
    for _ in range(64):
        speed.add(100, 100, 0.5)
    assert 0.4 < speed.estimate(100) < 0.7


def test_what_an_engine_computes_in_a_time_counts_those_before_it_too() -> None:
    speed = FirstTokenSpeed()
    assert speed.tokens_within(1.0) == 0.0
    for _ in range(FEWEST):
        speed.add(100, 400, 0.2)
    assert speed.tokens_within(1.0) == pytest.approx(2000.0)


@given(
    st.lists(st.tuples(st.integers(1, 100_000), st.floats(0.0, 100.0)), min_size=1, max_size=200), st.integers(1, 10**6)
)
def test_never_is_an_estimate_negative_or_longer_for_a_shorter_prompt(
    seen: list[tuple[int, float]], tokens: int
) -> None:
    speed = taught(*seen, times=1)
    assert 0.0 <= speed.estimate(tokens) <= speed.estimate(tokens + 1)
