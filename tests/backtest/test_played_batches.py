"""The batches that the search of a plan plays for one number of replicas, in worlds where the right ones are known."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import played_plan
from fairlead.backtest.play import PlayedCandidate
from fairlead.fleet.capacity_plan import FleetProposal
from tests.backtest.test_played_plan import World, answer, option


class BatchWorld(World):
    """One replica holds with some batches: smaller ones make first tokens late, larger ones miss the pace."""

    def __init__(self, first_from: int, pace_to: int, fewest: int = 1, share: float = 0.5) -> None:
        super().__init__({"a": 1})
        self.first_from, self.pace_to, self.fewest, self.share = first_from, pace_to, fewest, share

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        (run,) = super().__call__(proposal)
        batch, enough = proposal.supply.concurrent, proposal.replicas >= self.fewest
        first = 1.0 if batch >= self.first_from and enough else self.share
        pace = 1.0 if batch <= self.pace_to and enough else self.share
        report = replace(run.report, kept=min(first, pace), kept_first=first, kept_pace=pace)
        return (replace(run, report=report),)

    @property
    def batches(self) -> list[int]:
        return [batch for _, _, batch in self.calls]


@pytest.mark.parametrize(
    ("first_from", "pace_to", "batches"),
    [
        (120, 140, [100, 170, 130]),
        (135, 160, [100, 170, 130, 149]),
        (175, 250, [100, 170, 300, 226]),
        (70, 90, [100, 60, 77]),
    ],
    ids=["one between", "two between", "between both larger ones", "between a smaller one and the usual"],
)
def test_between_a_batch_with_late_first_tokens_and_one_that_misses_the_pace_lies_one_that_holds(
    first_from: int, pace_to: int, batches: list[int]
) -> None:
    world = BatchWorld(first_from, pace_to)
    found = played_plan.search([option("a", 1, 1.0)], world)
    assert answer(found) == ("a", 1, batches[-1])
    assert world.batches == batches


@pytest.mark.parametrize(
    ("first_from", "pace_to", "batches"),
    [
        (160, 150, [100, 170, 130, 149, 159]),
        (1000, 1000, [100, 170, 300]),
        (10, 20, [100, 60]),
        (101, 99, [100]),
    ],
    ids=["none between", "larger than is tried", "smaller than is tried", "both are missed"],
)
def test_no_batch_is_played_that_cannot_hold(first_from: int, pace_to: int, batches: list[int]) -> None:
    world = BatchWorld(first_from, pace_to)
    assert played_plan.search([option("a", 1, 1.0)], world).best is None
    assert world.batches[: len(batches)] == batches
    assert world.calls[len(batches)][1] == 2, "then more replicas"


def test_where_two_batches_are_next_to_each_other_none_is_between() -> None:
    small = replace(option("a", 1, 1.0), supply=replace(option("a", 1, 1.0).supply, concurrent=2))
    world = BatchWorld(4, 2)
    played_plan.search([small], world)
    assert world.batches[:2] == [2, 3], "2 makes first tokens late, 3 misses the pace"


class MixedWorld(World):
    """With the usual batch each objective is kept by enough requests, but not by the same ones."""

    def __init__(self, first: float, pace: float, holds: int) -> None:
        super().__init__({"a": 1})
        self.first, self.pace, self.holds = first, pace, holds

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        (run,) = super().__call__(proposal)
        if proposal.supply.concurrent == self.holds:
            return (run,)
        report = replace(run.report, kept=self.first + self.pace - 1, kept_first=self.first, kept_pace=self.pace)
        return (replace(run, report=report),)


@pytest.mark.parametrize(
    ("first", "pace", "holds"), [(0.958, 0.989, 170), (0.989, 0.958, 60)], ids=["first tokens", "pace"]
)
def test_where_each_objective_is_kept_but_not_both_the_batch_changes_against_the_one_missed_more(
    first: float, pace: float, holds: int
) -> None:
    """One L40S, with 95.8 % kept of the one and 98.9 % of the other, lost to a GPU at nearly twice the cost."""
    found = played_plan.search([option("a", 1, 1.0)], MixedWorld(first, pace, holds))
    assert answer(found) == ("a", 1, holds)


@given(
    usual=st.integers(1, 400),
    edges=st.tuples(st.integers(1, 1500), st.integers(1, 1500)),
    fewest=st.integers(1, 4),
)
def test_other_batches_never_take_long_and_no_batch_is_played_twice_for_the_same_replicas(
    usual: int, edges: tuple[int, int], fewest: int
) -> None:
    proposed = option("a", 1, 1.0)
    world = BatchWorld(*edges, fewest)
    found = played_plan.search([replace(proposed, supply=replace(proposed.supply, concurrent=usual))], world)

    assert len(world.calls) == len(set(world.calls))
    assert len(world.calls) <= 4 * (1 + played_plan.OTHER_BATCHES) + len(played_plan.LARGER)
    if found.best is not None:
        assert edges[0] <= answer(found)[2] <= edges[1]
