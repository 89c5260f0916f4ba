"""Confidence intervals of several runs, against a table and figures worked out by hand."""

from dataclasses import replace

import pytest

from fairlead.backtest import play as playing
from fairlead.backtest import repeats
from fairlead.backtest.lower_bound import LeastSeconds
from fairlead.backtest.play import PlayedCandidate, PlaySettings
from fairlead.backtest.repeats import Repeated, spread
from fairlead.backtest.window import Window
from tests.backtest.test_play import candidate, steady, streams


def run(kept: float = 1.0, gpu_hours: float = 2.0, **more: object) -> PlayedCandidate:
    made = playing.play(candidate(1), steady(1.0, 60), PlaySettings(streams=streams))
    return replace(made, report=replace(made.report, kept=kept, gpu_hours=gpu_hours), **more)  # type: ignore[arg-type]


def test_an_interval_is_students() -> None:
    """Mean 2, standard deviation 1, three values: 4.303 / sqrt(3)."""
    found = spread((1.0, 2.0, 3.0))

    assert found.mean == 2.0
    assert found.margin == pytest.approx(2.484, abs=0.001)


def test_one_value_has_none_and_many_are_normal() -> None:
    assert spread((4.0,)) == (4.0, None)
    assert spread((float("nan"), 1.0)).margin is None
    assert spread([0.0, 1.0] * 50).margin == pytest.approx(1.984 * 0.5025 / 10, rel=1e-3), "99 degrees of freedom"
    assert spread([0.0, 1.0] * 16).margin == pytest.approx(2.040 * 0.50800 / 32**0.5, rel=1e-3), "31, past the table"


def test_totals_that_grow_with_traffic_are_scaled_up_to_the_whole_and_shares_are_not() -> None:
    row = Repeated(
        name="chat", runs=(run(0.97, 2.0), run(0.95, 4.0)), least=LeastSeconds(72_000.0, 90_000.0), times=10.0
    )

    assert row.gpu_hours.mean == pytest.approx(30.0)
    assert row.gpu_hours.margin == pytest.approx(10 * 12.706, rel=1e-3)
    assert row.kept.mean == pytest.approx(0.96)
    assert row.regret == pytest.approx(0.5)
    assert row.figure("lost") == (0.0, 0.0)
    replicas = row.figure("replicas")
    assert replicas is not None
    assert replicas.mean == pytest.approx(1.0)


def test_regret_is_reported_only_where_objectives_are_kept_and_gpu_time_is_needed() -> None:
    assert Repeated(name="chat", runs=(run(0.94),), least=LeastSeconds(3600.0, 3600.0)).regret is None
    assert Repeated(name="chat", runs=(run(1.0),), least=LeastSeconds(0.0, 0.0)).regret is None
    assert Repeated(name="chat", runs=(run(1.0),)).regret is None


def test_who_answers_all_requests_is_compared_with_those_who_do_and_a_sample_does_not_show_it() -> None:
    least, whole = LeastSeconds(3600.0, 5400.0), run()
    slow = replace(whole, report=replace(whole.report, e2e=replace(whole.report.e2e, most=601.0)))
    lost = replace(whole, report=replace(whole.report, left=1))
    row = Repeated(name="chat", runs=(whole,), least=least)

    assert row.least_gpu_hours == 1.5
    assert row.regret == pytest.approx(1 / 3)
    for other in (slow, lost, replace(whole, cut=True)):
        assert replace(row, runs=(whole, other)).least_gpu_hours == 1.0
    assert replace(row, times=10.0).least_gpu_hours == 1.0


def test_a_figure_that_one_run_lacks_is_lacking() -> None:
    assert Repeated(name="chat", runs=(run(), run(cost=None))).figure("costUsd") is None
    assert set(repeats.EXTENSIVE) <= set(repeats.FIGURES)


def busy(arrived: int, kept: float, cost: float = 2.0) -> PlayedCandidate:
    """A stretch with so many requests of 10 tokens each."""
    made = run(kept, cost=cost, engine_tokens=10 * arrived)
    return replace(made, late_cost=0.0, report=replace(made.report, arrived=arrived))


def test_requests_that_come_at_one_moment_cost_something_for_each_token_by_one_seed_and_by_several() -> None:
    """Traffic without a length has no tokens a second, and answers have tokens all the same."""
    made = playing.play(candidate(1), steady(1.0, 1), PlaySettings(streams=streams))
    assert (made.report.seconds, made.report.answered, made.engine_tokens) == (0.0, 1, 20)

    for row in (Repeated(name="chat", runs=(made,)), Repeated(name="chat", runs=(made, made))):
        thousand = row.figure("costUsdPerThousandTokens")
        assert thousand is not None
        assert thousand.mean == pytest.approx(1000 * made.late_cost / 20)
        assert thousand.margin in (None, 0.0)


def test_what_an_hour_costs_is_counted_over_all_runs_which_batches_end_at_different_times() -> None:
    """One seed's batch took an hour at 3 USD, another's three: it is 3 USD an hour for both."""
    short, long = run(cost=3.0), run(cost=9.0)
    runs = tuple(
        replace(one, report=replace(one.report, seconds=hours * 3600)) for one, hours in ((short, 1), (long, 3))
    )

    for some in (runs, runs[::-1]):
        row = Repeated(name="chat", runs=some, budget=4.0)
        assert row.usd_an_hour == pytest.approx(3.0)
        assert row.affordable


def test_a_fleet_at_the_price_of_its_budget_is_within_it_however_its_hours_are_summed() -> None:
    """Two replicas at 1.861 for six minutes cost 3.7220000000000004 an hour in floats."""
    seconds, price = 360.0, 1.861
    gpu_hours = 2 * seconds / 3600
    made = run(1.0, gpu_hours, cost=gpu_hours * price)
    row = Repeated(name="chat", runs=(replace(made, report=replace(made.report, seconds=seconds)),), budget=3.722)

    assert row.usd_an_hour == 3.7220000000000004
    assert row.affordable
    assert not replace(row, budget=3.7219).affordable


def test_a_busy_stretch_counts_as_much_as_its_requests() -> None:
    """Residuals of 1,005 in 1,100: 8.636 and -8.636, so the standard deviation is 12.213 by 550 a stretch."""
    row = Repeated(name="chat", runs=(busy(100, 1.0), busy(1000, 0.905)))

    assert row.kept.mean == pytest.approx(1005 / 1100)
    assert row.kept.margin == pytest.approx(12.706 * 12.213 / 550 / 2**0.5, rel=1e-3)
    assert row.figure("kept") == row.kept
    assert not row.keeps
    each, thousand = row.figure("costUsdPerKeptRequest"), row.figure("costUsdPerThousandTokens")
    assert each is not None
    assert thousand is not None
    assert each.mean == pytest.approx(4 / 1005)
    assert thousand.mean == pytest.approx(4 / 11)


def test_a_stretch_without_requests_misses_none_and_has_no_latency() -> None:
    nothing = replace(busy(0, 0.0), worst=None)
    hollow = replace(nothing.report, ttft=replace(nothing.report.ttft, p95=float("nan")))
    row = Repeated(name="chat", runs=(busy(100, 1.0), replace(nothing, report=hollow), busy(300, 1.0)))

    assert row.kept == (1.0, 0.0)
    ttft, worst = row.figure("ttftP95Seconds"), row.figure("worstTenMinutes")
    assert ttft is not None
    assert 0 < ttft.mean < 1
    assert worst == (1.0, 0.0)
    assert Repeated(name="chat", runs=(nothing, nothing)).kept == (0.0, None)
    assert Repeated(name="chat", runs=(nothing, nothing)).figure("costUsdPerKeptRequest") is None
    assert repeats.ratio([(1.0, 2.0)]) == (0.5, None)


def test_the_worst_ten_minutes_of_samples_are_the_worst_of_all_that_have_enough_requests() -> None:
    """A quiet one has no ten minutes with 20 requests, and hides none of the others' worst."""
    calm, bad = (replace(run(), worst=Window(since=600.0, arrived=90, kept=kept)) for kept in (1.0, 0.2))
    quiet = replace(run(), worst=None)
    row = Repeated(name="chat", runs=(calm, quiet, bad, calm), times=10.0)

    assert row.figure("worstTenMinutes") == (0.2, None)
    assert replace(row, runs=(quiet, quiet)).figure("worstTenMinutes") is None
    seeds = replace(row, runs=(calm, bad), times=1.0).figure("worstTenMinutes")
    assert seeds is not None
    assert seeds.mean == pytest.approx(0.6), "of the same traffic by other seeds it is a mean, with its interval"
    assert seeds.margin is not None
