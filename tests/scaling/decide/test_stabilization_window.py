"""A fleet that shrinks and grows back at once learns to wait; one that was right to shrink unlearns it."""

from itertools import pairwise

from tests.scaling.limits import Fleet, summary_with

WINDOW = 300.0


def reversals(fleet: Fleet) -> int:
    """How often the count reversed."""
    moves = [later - one for one, later in pairwise(fleet.answers) if later != one]
    return sum(one * later < 0 for one, later in pairwise(moves))


def test_a_demand_that_goes_up_and_down_in_its_own_rhythm_is_carried_through() -> None:
    fleet = Fleet()
    for _ in range(30):
        fleet.passes(WINDOW + 60, summary_with(3), every=5)
        fleet.passes(30, summary_with(4), every=5)
    assert reversals(fleet) <= 4
    assert fleet.answers[-1] == 4


def test_a_demand_that_really_falls_is_followed_after_the_policys_own_time() -> None:
    fleet = Fleet()
    for _ in range(2):
        fleet.passes(WINDOW + 60, summary_with(3), every=5)
        fleet.passes(30, summary_with(4), every=5)
    assert fleet.history.stabilization.factor == 2
    fleet.passes(2 * WINDOW - 40, summary_with(3), every=5)
    assert fleet.answers[-1] == 4
    fleet.passes(2 * WINDOW, summary_with(3), every=5)
    assert fleet.answers[-1] == 3
    fleet.passes(4 * WINDOW, summary_with(3), every=5)
    assert fleet.history.stabilization.factor == 1


def test_growing_long_after_shrinking_teaches_nothing() -> None:
    fleet = Fleet()
    fleet.passes(WINDOW, summary_with(3), every=5)
    fleet.passes(WINDOW, summary_with(3), every=5)
    fleet.passes(30, summary_with(4), every=5)
    assert (fleet.answers[-1], fleet.history.stabilization.factor) == (4, 1)
