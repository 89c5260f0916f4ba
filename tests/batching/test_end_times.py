"""When a run ends: after a duration, at an hour, or at a date."""

from datetime import datetime, timedelta, timezone

import pytest

from fairlead.batching import end_times

ZONE = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 28, 22, 30, 15, tzinfo=ZONE)


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
    ],
)
def test_a_time_is_a_duration_an_hour_or_a_date(written: str, end: str) -> None:
    assert end_times.end_time(written, NOW) == datetime.fromisoformat(end)


@pytest.mark.parametrize(
    ("written", "because"),
    [
        ("soon", "not a time; write 8h, 06:00 or 2026-12-01T06:00Z"),
        ("25:00", "not a time"),
        ("2026-11-28T06:00Z", "it is not within the next year; write a later time"),
        ("0h", "it is not within the next year"),
        ("9999-12-31T23:59Z", "it is not within the next year"),
        ("999999d", "it is not within the next year"),
    ],
)
def test_a_time_that_never_comes_is_refused(written: str, because: str) -> None:
    with pytest.raises(ValueError, match=because):
        end_times.end_time(written, NOW)
