"""More replicas are ready than recommended: how many, and the corrected recommendation."""

from dataclasses import replace
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.policies import ReplicaBounds, WarmPool
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ScalingFacts
from fairlead.scaling.learn import overprovisioning
from fairlead.scaling.learn.overprovisioning import OverprovisioningEstimate
from tests.cli.decisions import AT
from tests.scaling.busy_fleets import CHAT, TEN_A_SECOND, after, fleet
from tests.scaling.fluid_fleets import COLD

POWER: Final = 3.0
LONG: Final = 200


def stood(
    ready: int, need: float | None, views: int = LONG, before: OverprovisioningEstimate | None = None
) -> OverprovisioningEstimate:
    """After this many reads, each a cold start apart."""
    estimate = OverprovisioningEstimate(at=0.0) if before is None else before
    for view in range(views):
        estimate = overprovisioning.updated(estimate, ready, need, COLD, (estimate.at or 0.0) + COLD * min(view, 1))
    return estimate


def test_a_fleet_that_always_has_a_fifth_too_many_replicas_gets_a_need_that_much_smaller() -> None:
    assert overprovisioning.correction(stood(6, 5.0), POWER).factor == pytest.approx(5 / 6, rel=0.01)


def test_a_fleet_that_is_usually_below_its_need_gets_a_slightly_larger_need() -> None:
    assert overprovisioning.correction(stood(5, 5.2), POWER).factor == pytest.approx(5.2 / 5, rel=0.01)


def test_one_observation_changes_little_and_the_first_one_nothing() -> None:
    assert overprovisioning.updated(OverprovisioningEstimate(), 8, 4.0, COLD, AT) == OverprovisioningEstimate(at=AT)
    second = overprovisioning.updated(OverprovisioningEstimate(at=AT), 8, 4.0, COLD, AT + COLD / 4)
    assert 0.0 < second.mean < 0.02
    assert overprovisioning.correction(second, POWER).factor == pytest.approx(1.0, abs=0.01)


def test_too_many_and_too_few_replicas_by_turns_is_worse_than_the_mean_shows() -> None:
    even, by_turns = stood(11, 10.0), OverprovisioningEstimate(at=0.0)
    for _ in range(LONG):
        by_turns = stood(8, 10.0, views=2, before=stood(15, 10.0, views=2, before=by_turns))
    assert by_turns.mean == pytest.approx(even.mean, abs=0.05)
    assert overprovisioning.correction(by_turns, POWER).factor > overprovisioning.correction(even, POWER).factor * 1.1


def test_one_step_in_demand_is_no_habit() -> None:
    calm = stood(6, 5.0)
    stepped = overprovisioning.updated(calm, 6, 42.0, COLD, (calm.at or 0.0) + COLD)
    assert overprovisioning.correction(stepped, POWER).factor < 1.1 * overprovisioning.correction(calm, POWER).factor


def test_a_fleet_that_grows_has_as_many_too_many_and_not_as_large_a_share() -> None:
    night = overprovisioning.correction(stood(4, 3.2), POWER)
    assert night.at(3.2) == night.at(1.0) == pytest.approx(0.8, rel=0.02)
    assert 8 * night.at(8.0) == pytest.approx(8 - 3.2 * (1 - night.factor))


@given(st.floats(0.1, 40.0), st.floats(0.1, 40.0), st.integers(1, 60), st.floats(0.5, 50.0))
def test_a_larger_need_is_never_made_smaller_than_a_smaller_one(one: float, more: float, ready: int, at: float) -> None:
    usual = overprovisioning.correction(stood(ready, at, views=30), POWER)
    assert (one + more) * usual.at(one + more) >= one * usual.at(one) - 1e-9


@given(st.integers(0, 40), st.one_of(st.none(), st.floats(0.01, 1000.0)), st.floats(1.0, 20.0))
def test_never_more_than_a_bet_on_either_side(ready: int, need: float | None, power: float) -> None:
    assert (
        overprovisioning.LEAST <= overprovisioning.correction(stood(ready, need), power).factor <= overprovisioning.MOST
    )


def excess_of(facts: ScalingFacts) -> OverprovisioningEstimate:
    """After a while at ten requests a second."""
    kept = after(facts, TEN_A_SECOND, 400).memory.estimates.excess
    return replace(kept, at=None)


@pytest.mark.parametrize(
    "hidden",
    [
        fleet(30, running=2.0, bounds=ReplicaBounds(least=30, most=40)),
        fleet(1, bounds=ReplicaBounds(least=1, most=1)),
        fleet(4, policy=replace(CHAT, warm_pool=WarmPool(ready=4))),
        fleet(8, policy=replace(CHAT, active=False)),
    ],
    ids=["at its fewest", "at its most", "spares alone", "nobody follows"],
)
def test_where_the_need_is_not_followed_no_excess_is_measured(hidden: ScalingFacts) -> None:
    assert excess_of(hidden) == OverprovisioningEstimate()


def test_warm_replicas_do_not_count_as_excess() -> None:
    bare, spared = excess_of(fleet(4)), excess_of(fleet(6, policy=replace(CHAT, warm_pool=WarmPool(ready=2))))
    assert bare.mean > 0
    assert spared.mean < bare.mean + 0.1


def test_without_a_need_nothing_is_learned() -> None:
    _, memory = recommender.recommend(fleet(4), ScalingState(), AT)
    assert memory.estimates.excess == OverprovisioningEstimate(at=AT)
