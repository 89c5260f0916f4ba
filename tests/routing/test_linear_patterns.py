"""Patterns in linear time: what matches, what is refused, and that nothing hangs."""

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing import linear_patterns


def found(pattern: str, text: str) -> bool:
    compiled = linear_patterns.compiled(pattern)
    assert not isinstance(compiled, str), compiled
    return compiled(text)


def test_a_pattern_is_found_anywhere_unless_it_is_anchored() -> None:
    assert found("b+", "abba")
    assert not found("^b+$", "abba")


def test_a_pattern_that_would_take_others_years_takes_no_time() -> None:
    """A backtracking engine takes two to the 40th steps for the first; a minute's limit would end this test."""
    assert not found("^(a+)+$", "a" * 40 + "b")
    assert not found("^(a|a)*$", "a" * 1_000_000 + "b")


def test_what_needs_backtracking_or_a_gigabyte_is_refused_in_a_sentence() -> None:
    for pattern in ("(?=a)b", r"(a)\1", "((a{1,1000}){1,1000}){1,1000}", "("):
        why = linear_patterns.compiled(pattern)
        assert isinstance(why, str)
        assert why.startswith(f"the pattern {pattern!r} is not accepted: ")
        assert len(why) <= 240
    assert linear_patterns.compiled("a" * 513) == (
        "the pattern has 513 characters, at most 512 are accepted; shorten it"
    )


def test_a_text_that_is_no_unicode_matches_nothing() -> None:
    assert not found(".", "\ud800")


@given(st.text(max_size=40), st.text())
def test_no_pattern_and_no_text_ever_raise(pattern: str, text: str) -> None:
    compiled = linear_patterns.compiled(pattern)
    assert isinstance(compiled, str) or compiled(text) in (True, False)
