"""The arithmetic of the autoscaler comparison."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.autoscaling import kept, page, playing, table
from bench.autoscaling.comparing import Compared, Rival, dominated
from bench.autoscaling.foreknowing import SLOT_S, needed, planned
from bench.autoscaling.playing import Played, Stage
from bench.autoscaling.swinging import max_reversals
from bench.autoscaling.traffic import Part, Traffic, chat_replica
from fairlead.backtest.lower_bound import LeastSeconds
from fairlead.backtest.windows import WindowedStatistics
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.simulator.virtual_fleet.test_report import answered

EVEN = [second / 2 for second in range(7200)]
"""Two a second for an hour."""
RUN = Played(
    who="a",
    attainment=0.96,
    gpu_hours=10.0,
    reversals=0,
    answers=((0.0, 4),),
    first=1.0,
    pace=1.0,
    worst=0.9,
    slowest=40.0,
)


def test_turning_round_is_counted_within_ten_minutes() -> None:
    swinging = [(0.0, 4), (900.0, 5), (1000.0, 4), (1100.0, 5), (2000.0, 4), (2900.0, 3)]

    assert max_reversals(swinging, EVEN, 0.0, 3600.0) == 2
    assert max_reversals(swinging, EVEN, 950.0, 3600.0) == 1
    assert max_reversals(swinging, EVEN, 1050.0, 3600.0) == 0, "a fall fifteen minutes after a rise is no swinging"
    assert max_reversals([(0.0, 4), (900.0, 5), (1000.0, 6)], EVEN, 0.0, 3600.0) == 0


def test_an_answer_to_a_burst_is_no_swinging() -> None:
    crowd = sorted(EVEN + [900.0 + place / 10 for place in range(600)])

    assert max_reversals([(0.0, 4), (960.0, 9), (1300.0, 5), (1400.0, 6)], crowd, 0.0, 3600.0) == 0
    assert max_reversals([(0.0, 4), (960.0, 9), (2300.0, 5), (2400.0, 6)], crowd, 0.0, 3600.0) == 1


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
    work = needed([RequestArrival(time=100.0, prompt_tokens=200, output_tokens=25)], 300.0)

    assert max(work) == work[3]
    assert work[1] > 0
    assert work[9] == 0


def row(ours: Played) -> Compared:
    rival = replace(RUN, gpu_hours=8.0, answers=((0.0, 4), (90.0, 2)))
    swept = ((4.0, replace(rival, gpu_hours=9.0)), (8.0, rival))
    return Compared(
        traffic="azure", words="an hour", trace=True, cold_s=110.0, since=60.0, until=120.0, peak=4, static=RUN,
        steadiest=5, throughout=RUN,
        ours=ours, foreknown=rival, least=LeastSeconds(5.0, 5.0),
        rivals=(Rival(name="HPA", by_default=rival, setting=8.0, tuned=rival, swept=swept),),
    )  # fmt: skip


def test_the_goal_holds_where_every_part_of_it_does() -> None:
    good = replace(RUN, gpu_hours=7.0, answers=((0.0, 4), (100.0, 1)))

    assert table.verdict([row(good)]).holds
    assert not table.verdict([row(replace(good, reversals=2))]).holds
    assert not table.verdict([row(replace(good, gpu_hours=7.6))]).holds
    assert not table.verdict([row(replace(good, attainment=0.94))]).holds


def test_the_page_shows_each_row_and_each_cold_start(tmp_path: Path) -> None:
    good = replace(RUN, gpu_hours=7.0, answers=((0.0, 4), (100.0, 1)))
    page.write([row(replace(good, answers=((0.0, 4),))), replace(row(good), cold_s=300.0)], tmp_path, halved=False)

    text = (tmp_path / page.PAGE).read_text(encoding="utf-8")
    assert text.count("| Fairlead, default policy | 96.0% | 90.0% | 7.00 | 70% | 0 | meets the goal |") == 2
    assert text.count("| HPA, tuned to 8 | 96.0% | 90.0% | 8.00 | 80% | 0 | dominated |") == 2
    assert "M40 40.0" in (tmp_path / "autoscaler-comparison-300s.svg").read_text(encoding="utf-8")


def test_hindsight_chooses_the_cheapest_setting_that_keeps_as_much() -> None:
    mine = replace(RUN, gpu_hours=8.5)
    (rival,) = row(mine).rivals

    assert rival.as_much(mine) == (8.0, rival.tuned)
    assert not row(mine).beyond
    assert row(replace(mine, gpu_hours=7.5)).beyond
    assert row(replace(mine, attainment=0.97)).beyond, "who keeps more than every setting is beyond them at any cost"
    keeps = list(table.remarks(row(replace(mine, attainment=0.97))))
    assert keeps == [
        "No setting tried for HPA keeps as much.",
        "Cost over foreknowledge: +6%.",
        "No fleet that holds and answers every request pays less than 5.00 GPU hours: +70%.",
    ]


def test_the_worst_ten_minutes_are_those_of_the_requests_that_came_in_them() -> None:
    statistics = WindowedStatistics(LatencyObjectives(ttft_p95_s=1.0), since=600.0)
    assert playing.worst(statistics) == 1.0
    for place in range(1000):
        came = place * 2.0
        late = came >= 1200.0 and place % 10 == 0
        answered(statistics, came, first=5.0 if late else 0.5, last=6.0, tokens=2)

    assert statistics.counts.arrived == 700
    assert playing.worst(statistics) == 0.9


def test_a_play_is_kept_and_another_contestant_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "FOLDER", tmp_path)
    monkeypatch.setattr(kept, "digest", lambda: "the same sources")
    part = Part(arrivals=list, since=0.0, until=60.0)
    few = [RequestArrival(time=float(second), prompt_tokens=100, output_tokens=5) for second in range(30)]
    traffic = Traffic(name="few", words="", lived=chat_replica(), tuning=part, reported=part)
    stage = Stage(traffic=traffic, part=part, arrivals=few, cold_s=0.0, replicas=2)

    first = kept.played(stage, "static 2")
    assert kept.played(replace(stage, arrivals=[]), "static 2") == first, "nobody came, and nobody was asked"
    assert first.attainment == 1.0
    assert kept.played(replace(stage, arrivals=few[:1], replicas=1), "static 1").gpu_hours == first.gpu_hours / 2
