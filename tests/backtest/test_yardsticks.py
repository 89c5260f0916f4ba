"""What candidates are compared with: the smallest fixed fleet, and the least possible for their own replicas."""

import pytest

from fairlead.backtest import play as playing
from fairlead.backtest import yardsticks
from fairlead.backtest.play import PlaySettings
from fairlead.fleet.policies import ReplicaBounds
from tests.backtest.test_play import candidate, steady, streams


def test_the_smallest_fixed_number_is_searched_for() -> None:
    bounds, traffic = ReplicaBounds(least=1, most=16, policy="chat"), steady(150.0, 40)
    found = yardsticks.static_peak(candidate(bounds), traffic, PlaySettings(streams=streams))
    fewer = playing.play(candidate(found.most_replicas - 1), traffic, PlaySettings(streams=streams))

    assert found.keeps
    assert found.most_replicas > 2
    assert not fewer.keeps
    assert found.name == f"chat, static {found.most_replicas}"


def test_where_no_fixed_number_is_enough_the_most_is_shown() -> None:
    bounds = ReplicaBounds(least=1, most=2, policy="chat")
    found = yardsticks.static_peak(candidate(bounds), steady(150.0, 60), PlaySettings(streams=streams))
    alone = yardsticks.static_peak(candidate(1), steady(150.0, 60), PlaySettings(streams=streams))

    assert (found.keeps, found.most_replicas) == (False, 2)
    assert (alone.keeps, alone.most_replicas) == (False, 1)


def test_the_least_possible_counts_gpus_and_what_must_be_there_anyway() -> None:
    chosen, traffic = PlaySettings(streams=streams), steady(1.0, 600)
    always = yardsticks.bound(candidate(ReplicaBounds(least=3, most=8, policy="chat")), traffic, chosen)

    assert always.anyhow == always.answering == pytest.approx(3 * 2 * 599)
    assert yardsticks.bound(candidate(5), traffic, chosen).anyhow == pytest.approx(2 * 599)
    assert yardsticks.bound(candidate(0), traffic, chosen).answering < 2 * 599
