"""Durations are shown in their two largest units, with a space between number and unit."""

import pytest

from fairlead.fleet.time_spans import lasting


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3.0, "0 s"),
        (0.4, "0 s"),
        (45.0, "45 s"),
        (60.0, "1 min"),
        (250.0, "4 min 10 s"),
        (7500.0, "2 h 5 min"),
        (7205.0, "2 h"),
        (90_000.0, "1 d 1 h"),
        (86_400.0 + 59, "1 d"),
    ],
)
def test_two_largest_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
