"""When a run ends: after a duration, at an hour, or at a date."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.batching import end_times

BERLIN = ZoneInfo("Europe/Berlin")


def clock(local: datetime) -> datetime:
    """The clock of a place with a summer time."""
    return datetime.fromisoformat(local.replace(tzinfo=BERLIN).isoformat())


NOW = clock(datetime(2026, 11, 28, 22, 30, 15))  # noqa: DTZ001 -- of that clock


@pytest.mark.parametrize(
    ("written", "end"),
    [
        ("8h", "2026-11-29T06:30:15+01:00"),
        ("90m", "2026-11-29T00:00:15+01:00"),
        ("06:00", "2026-11-29T06:00:00+01:00"),
        ("23:15", "2026-11-28T23:15:00+01:00"),
        ("22:30", "2026-11-29T22:30:00+01:00"),
        ("2026-12-01T06:00Z", "2026-12-01T06:00:00+00:00"),
        ("2026-12-01T06:00", "2026-12-01T06:00:00+01:00"),
        ("2027-07-01T06:00", "2027-07-01T06:00:00+02:00"),
    ],
)
def test_a_time_is_a_duration_an_hour_or_a_date(written: str, end: str) -> None:
    assert end_times.end_time(written, NOW, clock) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    ("now", "written", "end"),
    [
        ("2027-03-27T22:00:00+01:00", "06:00", "2027-03-28T06:00:00+02:00"),
        ("2026-10-24T22:00:00+02:00", "06:00", "2026-10-25T06:00:00+01:00"),
        ("2026-10-24T22:00:00+02:00", "8h", "2026-10-25T05:00:00+01:00"),
        ("2026-10-20T12:00:00+02:00", "2026-11-01T06:00", "2026-11-01T06:00:00+01:00"),
        ("2026-10-25T02:40:00+02:00", "02:30", "2026-10-25T02:30:00+01:00"),  # this hour comes twice
        ("2026-10-25T02:40:00+01:00", "02:30", "2026-10-26T02:30:00+01:00"),
        ("2027-03-28T00:00:00+01:00", "02:30", "2027-03-28T03:30:00+02:00"),  # and this one never
    ],
)
def test_the_end_is_what_the_clock_shows_then_also_when_summer_time_begins_or_ends(
    now: str, written: str, end: str
) -> None:
    assert end_times.end_time(written, datetime.fromisoformat(now), clock) == datetime.fromisoformat(end)


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)),  # noqa: DTZ001 -- of that clock
    st.integers(0, 23),
    st.integers(0, 59),
)
def test_an_hour_always_comes_within_a_day_and_an_hour(local: datetime, hour: int, minute: int) -> None:
    now = clock(local)
    end = end_times.end_time(f"{hour:02}:{minute:02}", now, clock)
    assert timedelta(0) < end - now <= timedelta(hours=25)


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("soon", "not a time; write 8h, 06:00 or 2026-12-01T06:00Z"),
        ("25:00", "not a time"),
        ("2026-11-28T06:00Z", "it is not within the next year; write a later time"),
        ("0h", "it is not within the next year"),
        ("9999-12-31T23:59Z", "it is not within the next year"),
        ("9999-12-31T23:59", "it is not within the next year"),
        ("0001-01-01T00:00", "it is not within the next year"),
        ("999999d", "it is not within the next year"),
    ],
)
def test_a_time_that_never_comes_is_refused(written: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        end_times.end_time(written, NOW, clock)
