"""The arithmetic behind the comparison of autoscalers."""

from dataclasses import replace

from bench.autoscaling.comparing import dominated
from bench.autoscaling.foreknowing import SLOT_S, needed, planned
from bench.autoscaling.playing import Played
from bench.autoscaling.swinging import most_reversals
from fairlead.sim.world.traffic.arrival import Arrival

EVEN = [second / 2 for second in range(7200)]
"""Two a second for an hour."""
RUN = Played(who="a", attainment=0.96, gpu_hours=10.0, reversals=0, answers=(), first=1.0, pace=1.0)


def test_turning_round_is_counted_within_ten_minutes() -> None:
    swinging = [(0.0, 4), (900.0, 5), (1000.0, 4), (1100.0, 5), (2000.0, 4), (2900.0, 3)]

    assert most_reversals(swinging, EVEN, 0.0, 3600.0) == 2
    assert most_reversals(swinging, EVEN, 1050.0, 3600.0) == 1
    assert most_reversals([(0.0, 4), (900.0, 5), (1000.0, 6)], EVEN, 0.0, 3600.0) == 0


def test_an_answer_to_a_burst_is_no_swinging() -> None:
    crowd = sorted(EVEN + [900.0 + place / 10 for place in range(600)])

    assert most_reversals([(0.0, 4), (960.0, 9), (1300.0, 5), (1400.0, 6)], crowd, 0.0, 3600.0) == 0
    assert most_reversals([(0.0, 4), (960.0, 9), (2300.0, 5), (2400.0, 6)], crowd, 0.0, 3600.0) == 2


def test_better_in_one_and_worse_in_none_dominates() -> None:
    assert dominated(RUN, replace(RUN, gpu_hours=9.0))
    assert dominated(RUN, replace(RUN, attainment=0.97))
    assert not dominated(RUN, replace(RUN, attainment=0.95, gpu_hours=5.0))
    assert not dominated(RUN, RUN)


def test_a_plan_bridges_lulls_that_are_shorter_than_coming_back() -> None:
    work = [3.0, 3.0, 1.0, 1.0, 3.0] + [1.0] * 9 + [3.0]

    assert planned(work, 1.0, cold_s=2 * SLOT_S, to_zero=False) == [3, 3, 3, 3, 3] + [1] * 9 + [3]
    assert planned([0.0, 0.0], 1.0, cold_s=0.0, to_zero=True) == [0, 0]


def test_work_is_spread_over_the_time_that_replies_take() -> None:
    work = needed([Arrival(time=100.0, prompt_tokens=200, output_tokens=25)], 300.0)

    assert max(work) == work[3]
    assert work[1] > 0
    assert work[9] == 0
