"""What candidates are compared with: the smallest fixed fleet, and the least possible for their own replicas."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.backtest import play as playing
from fairlead.backtest import reference_fleets
from fairlead.backtest.play import PlaySettings
from fairlead.backtest.repeats import Repeated
from fairlead.fleet.policies import ReplicaBounds
from tests.backtest.test_play import candidate, steady, streams


def test_the_smallest_fixed_number_is_searched_for() -> None:
    bounds, traffic = ReplicaBounds(least=1, most=16, policy="chat"), steady(150.0, 40)
    found = reference_fleets.static_peak(candidate(bounds), traffic, PlaySettings(streams=streams))
    fewer = playing.play(candidate(found.max_replicas - 1), traffic, PlaySettings(streams=streams))

    assert found.keeps
    assert found.max_replicas > 2
    assert not fewer.keeps
    assert found.name == f"chat, static {found.max_replicas}"


def test_where_no_fixed_number_is_enough_the_most_is_shown() -> None:
    bounds = ReplicaBounds(least=1, most=2, policy="chat")
    found = reference_fleets.static_peak(candidate(bounds), steady(150.0, 60), PlaySettings(streams=streams))
    alone = reference_fleets.static_peak(candidate(1), steady(150.0, 60), PlaySettings(streams=streams))

    assert (found.keeps, found.max_replicas) == (False, 2)
    assert (alone.keeps, alone.max_replicas) == (False, 1)


def test_no_fixed_number_below_the_minimum_is_tried_since_the_bound_has_that_minimum() -> None:
    """One keeps the objectives, and would cost a third of the least that these bounds allow."""
    bounds, traffic, settings = ReplicaBounds(least=3, most=8), steady(1.0, 600), PlaySettings(streams=streams)
    found = reference_fleets.static_peak(candidate(bounds), traffic, settings)

    assert playing.play(candidate(1), traffic, settings).keeps
    assert found.max_replicas == 3
    least = reference_fleets.bound(candidate(bounds), traffic, settings)
    assert found.report.gpu_hours * 3600 == pytest.approx(least.anyhow)
    sleepy = reference_fleets.static_peak(candidate(replace(bounds, least=0)), traffic, settings)
    assert sleepy.max_replicas == 1


def test_the_bound_of_a_budget_that_pays_for_fewer_than_the_minimum_is_of_those_it_pays_for() -> None:
    """A replica has two GPUs of 3 USD, so 13 USD an hour pay for two, and the budget wins over three."""
    bounds, traffic, settings = (
        ReplicaBounds(least=3, most=8, policy="chat"),
        steady(1.0, 600),
        PlaySettings(streams=streams),
    )
    policy = replace(candidate(1).policy, max_cost_per_hour=Decimal(13))
    cheap = candidate(bounds, policy=policy)
    row = Repeated(
        name="cheap",
        runs=(playing.play(cheap, traffic, settings),),
        least=reference_fleets.bound(cheap, traffic, settings),
    )

    assert reference_fleets.bound(cheap, traffic, settings).anyhow == pytest.approx(2 * 2 * 599)
    assert row.regret is not None
    assert row.regret >= 0
    unpriced = reference_fleets.bound(replace(cheap, price_an_hour=None), traffic, settings)
    rich = reference_fleets.bound(
        replace(cheap, policy=replace(policy, max_cost_per_hour=Decimal(100))), traffic, settings
    )
    assert unpriced.anyhow == rich.anyhow == pytest.approx(3 * 2 * 599)


def test_the_bound_of_a_budget_of_just_as_much_as_replicas_cost_keeps_them() -> None:
    """A replica of three GPUs of 1.1 USD costs 3.3, and in binary a little more."""
    traffic, settings = steady(1.0, 600), PlaySettings(streams=streams)
    policy = replace(candidate(1).policy, max_cost_per_hour=Decimal("6.6"))
    one = replace(candidate(ReplicaBounds(least=2, most=4), policy=policy), gpus=3, price_an_hour=1.1)

    assert reference_fleets.bound(one, traffic, settings).anyhow == pytest.approx(2 * 3 * 599)
    alone = replace(one, replicas=ReplicaBounds(least=1, most=4))
    exact = replace(alone, policy=replace(policy, max_cost_per_hour=Decimal("3.3")))
    assert reference_fleets.terms_of(exact, settings).least == 1


@given(st.integers(1, 4), st.integers(0, 30), st.sampled_from([0.5, 3.0, 10.0]))
@settings(max_examples=15, deadline=None)
def test_no_candidate_costs_less_than_its_bound(least: int, budget: int, a_second: float) -> None:
    policy = replace(candidate(1).policy, max_cost_per_hour=Decimal(budget))
    one = candidate(ReplicaBounds(least=least, most=5, policy="chat"), policy=policy)
    traffic, play_settings = steady(a_second, 120), PlaySettings(streams=streams)
    bound = reference_fleets.bound(one, traffic, play_settings)
    for found in (playing.play(one, traffic, play_settings), reference_fleets.static_peak(one, traffic, play_settings)):
        row = Repeated(name="one", runs=(found,), least=bound)
        assert row.regret is None or row.regret >= -1e-9


def test_the_least_possible_counts_gpus_and_what_must_be_there_anyway() -> None:
    settings, traffic = PlaySettings(streams=streams), steady(1.0, 600)
    always = reference_fleets.bound(candidate(ReplicaBounds(least=3, most=8, policy="chat")), traffic, settings)

    assert always.anyhow == always.answering == pytest.approx(3 * 2 * 599)
    assert reference_fleets.bound(candidate(5), traffic, settings).anyhow == pytest.approx(2 * 599)
    assert reference_fleets.bound(candidate(0), traffic, settings).answering < 2 * 599
