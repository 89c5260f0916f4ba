"""A comparison before and after it is played: lower bounds by row, and what is missing."""

from dataclasses import replace

from fairlead.backtest.comparison import Comparison, Outcome, Repeat
from fairlead.backtest.comparison_rows import ComparisonRow
from fairlead.backtest.play import PlayedTraffic, PlaySettings
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from tests.backtest.test_play import candidate, steady, streams


def test_candidates_of_the_same_replicas_and_other_objectives_have_bounds_of_their_own() -> None:
    """Without an objective all may wait for the end, so that the bound is no replica."""
    strict = candidate(ReplicaBounds(least=0, most=8, policy="chat"))
    lenient = replace(strict, name="lenient", policy=ScalingPolicy())
    traffic, settings = steady(20.0, 60), PlaySettings(streams=streams)
    comparison = Comparison(
        rows=tuple(ComparisonRow(name=one.name, candidate=one) for one in (strict, lenient, strict)),
        repeats=(Repeat(traffic, settings),),
        whole=traffic,
    )
    least = comparison.least()

    assert least[0].anyhow > least[1].anyhow == 0.0
    assert least[2] is least[0]


def test_rows_that_were_played_at_least_once_are_shown_and_those_with_a_missing_run_are_named() -> None:
    traffic, settings = steady(2.0, 60), PlaySettings(streams=streams)
    part = replace(traffic, since=30.0)
    fixed = candidate()
    comparison = Comparison(
        rows=tuple(ComparisonRow(name=name, candidate=fixed) for name in ("often", "once", "never")),
        repeats=(Repeat(part, settings), Repeat(part, settings)),
        whole=traffic,
    )
    assert comparison.runs == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]
    run = comparison.rows[0].played(traffic, settings)
    outcome = Outcome(runs={(0, 0): run, (0, 1): run, (1, 0): run})
    assert [(one.name, len(one.runs), one.least) for one in outcome.rows(comparison)] == [
        ("often", 2, None),
        ("once", 1, None),
    ]
    assert outcome.missing(comparison) == ["once", "never"]


def test_traffic_of_a_single_moment_is_not_extrapolated() -> None:
    moment = PlayedTraffic(arrivals=steady(2.0, 0.6).arrivals, seconds=0.0)
    settings = PlaySettings(streams=streams)
    row = ComparisonRow(name="chat", candidate=candidate())
    comparison = Comparison(rows=(row,), repeats=(Repeat(moment, settings),), whole=moment)
    (shown,) = Outcome(runs={(0, 0): row.played(moment, settings)}).rows(comparison)
    assert shown.times == 1.0
