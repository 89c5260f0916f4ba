"""How much a queue gets, and the largest request that can be served predictably."""

from math import inf

import pytest

from fairlead.routing.work_pace import WorkCeiling, WorkPace


def test_the_pace_is_the_work_sent_while_requests_waited() -> None:
    pace = WorkPace()
    pace.begin(10.0)
    pace.sent(500, 10.4)
    assert pace.per_second == 0.0
    pace.sent(500, 11.0)
    assert pace.per_second == pytest.approx(1000.0)


def test_the_pace_of_an_earlier_burst_counts_as_one_window() -> None:
    pace = WorkPace()
    pace.begin(0.0)
    for second in range(1, 9):
        pace.sent(1000, float(second))
    pace.begin(100.0)
    pace.sent(3000, 101.0)
    assert pace.per_second == pytest.approx(2000.0)


def test_the_ceiling_sinks_in_a_crowd_rises_where_there_is_room_and_goes_with_the_burst() -> None:
    ceiling = WorkCeiling()
    ceiling.saw(1000, crowd=0.5)
    assert ceiling.work == inf
    ceiling.saw(400, crowd=0.9)
    sunk = ceiling.work
    assert sunk == pytest.approx(995.0)
    ceiling.saw(400, crowd=0.7)
    assert ceiling.work == sunk
    ceiling.saw(400, crowd=0.1)
    assert sunk < ceiling.work < 1001
    for _ in range(200):
        ceiling.saw(400, crowd=0.1)
    assert ceiling.work == inf
