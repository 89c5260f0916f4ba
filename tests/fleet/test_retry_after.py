"""Retry-After, as servers write it: seconds or a date."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet import retry_after

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 28 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 28 Nov 2026 12:00:30 -0000", 30.0),
        ("Sat, 28 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("soon", None),
        ("", None),
        ("-1", None),
        ("9" * 400, 999_999_999.0),
    ],
)
def test_a_retry_after_is_seconds_or_a_date(written: str, seconds: float | None) -> None:
    assert retry_after.seconds(written, NOW) == seconds


@given(st.text(max_size=40))
def test_no_header_breaks_the_run(written: str) -> None:
    found = retry_after.seconds(written, NOW)
    assert found is None or found >= 0
