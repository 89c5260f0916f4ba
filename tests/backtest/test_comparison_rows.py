"""What is simulated beside a candidate, and when there is nothing to compare it with."""

import pytest

from fairlead.backtest import comparison_rows
from fairlead.backtest.baselines import BASELINES
from fairlead.backtest.comparison_rows import NothingToScale
from fairlead.backtest.play import PlaySettings
from fairlead.fleet.policies import ReplicaBounds
from tests.backtest.test_play import candidate, steady, streams

SCALING = candidate(ReplicaBounds(least=1, most=4, policy="chat"), name="scaled")
FIXED = candidate(2, name="fixed")


def test_only_a_candidate_that_scales_is_compared_with_baselines_and_is_listed_before_them() -> None:
    found = list(comparison_rows.of([FIXED, SCALING], ["wva", "static"]))

    assert [one.name for one in found] == ["fixed", "scaled", "scaled, llm-d WVA", "scaled, static peak"]
    assert [one.compared for one in found] == [False, False, True, True]
    assert found[2].candidate.baseline is BASELINES["wva"]


def test_each_is_played_as_it_is() -> None:
    _, static = comparison_rows.of([SCALING], ["static"])
    found = static.played(steady(1.0, 120), PlaySettings(streams=streams))
    (alone,) = comparison_rows.of([FIXED], [])

    assert found.name == "scaled, static 1"
    assert alone.played(steady(1.0, 120), PlaySettings(streams=streams)).max_replicas == 2


def test_a_comparison_with_a_fleet_that_never_changes_is_refused() -> None:
    with pytest.raises(NothingToScale, match="--against hpa: no deployment among the files"):
        list(comparison_rows.of([FIXED], ["hpa"]))
