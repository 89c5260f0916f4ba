"""How much room a planned fleet has, where each replica does a known share of the work."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import plan_room, played_plan
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.plan_room import BusierTraffic, FleetRoom, RoomiestPlay
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import PlayedProposal, Player, with_replicas
from fairlead.fleet.capacity_plan import FleetProposal, LatencyObjectives
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_play import candidate, steady, streams
from tests.backtest.test_played_plan import BATCH, PLAYED, World, option

Takes = Mapping[int, float]
"""Times the planned traffic that a fleet takes, by its batch; with others it cannot be played."""


def played(takes: Takes, *, by_pace: bool = False, replicas: int = 4) -> RoomiestPlay:
    """Measure a fleet whose replicas take equal shares of the traffic; it misses by first tokens, or by its pace."""

    def sped_up(times: float) -> Player:
        def play(proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
            if proposal.supply.concurrent not in takes:
                return ()
            kept = min(1.0, takes[proposal.supply.concurrent] * proposal.replicas / replicas / times)
            first, pace = (1.0, kept) if by_pace else (kept, 1.0)
            report = replace(PLAYED.report, kept=kept, kept_first=first, kept_pace=pace)
            return (replace(PLAYED, report=report),)

        return play

    best = option("a", replicas, 1.0)
    return plan_room.roomiest(PlayedProposal(proposal=best, reckoned=3, runs=sped_up(1.0)(best)), sped_up)


def fleet(replicas: int, *, takes: float) -> FleetRoom:
    """The room of one that can be played with its batch alone."""
    return played({BATCH: takes}, replicas=replicas).room


@pytest.mark.parametrize(
    ("takes", "by_pace", "batch", "holds"),
    [
        ({BATCH: 1.1, 170: 1.3, 300: 1.6}, False, 300, 1.5),
        ({BATCH: 1.1, 170: 1.3, 300: 1.26}, False, 170, 1.25),
        ({BATCH: 1.1, 60: 1.3, 170: 9.0}, True, 60, 1.25),
        ({BATCH: 1.1, 170: 0.97, 300: 0.5}, False, BATCH, 1.1),
        ({BATCH: 1.1, 170: 1.17, 300: 1.18}, False, 170, 1.1),
        ({BATCH: 1.1, 170: 1.12, 300: 1.13}, False, BATCH, 1.1),
    ],
    ids=["larger", "no larger than it helps", "smaller", "less of the plan", "clearly", "hardly"],
)
def test_of_batches_that_hold_at_the_same_cost_the_one_with_clearly_most_room_is_proposed(
    takes: Takes, by_pace: bool, batch: int, holds: float
) -> None:
    found = played(takes, by_pace=by_pace)
    assert (found.best.proposal.supply.concurrent, found.best.reckoned) == (batch, 3)
    assert found.room.holding is not None
    assert found.room.holding.times == holds


def test_the_new_best_one_is_among_those_that_were_played_and_is_shown_first() -> None:
    searched = played_plan.search([option("a", 4, 1.0), option("b", 4, 0.9)], World({"a": 4, "b": 5}))
    assert searched.best is not None
    assert searched.with_best(searched.best) == searched
    best = replace(searched.best, proposal=with_replicas(searched.best.proposal, 4, 170))
    found = searched.with_best(best)

    assert found.best is best
    assert len(found.tried) == len(searched.tried) + 1
    assert next(played_plan.best_first(found)) is best


def test_traffic_grows_until_the_objectives_are_missed() -> None:
    room = fleet(4, takes=1.3)

    assert [one.times for one in room.busier] == [1.1, 1.25, 1.5]
    assert room.holding == BusierTraffic(times=1.25, kept=1.0, keeps=True)
    assert room.missing is not None
    assert room.missing.times == 1.5
    assert room.missing.kept == pytest.approx(1.3 / 1.5)
    assert room.without_one == pytest.approx(1.3 * 3 / 4)


def test_a_fleet_that_only_just_holds_has_none() -> None:
    room = fleet(1, takes=1.0)
    assert (room.holding, room.without_one) == (None, None)
    assert room.missing is not None
    assert room.missing.times == 1.1
    assert room.missing.kept == pytest.approx(1 / 1.1)


def test_twice_the_traffic_is_the_most_that_is_played() -> None:
    room = fleet(2, takes=5.0)
    assert room.holding == BusierTraffic(times=2.0, kept=1.0, keeps=True)
    assert room.missing is None


@given(st.integers(1, 9), st.floats(0.9, 3.0))
def test_always_at_most_the_last_step_misses_and_the_rest_holds(replicas: int, takes: float) -> None:
    room = fleet(replicas, takes=takes)
    assert [one.keeps for one in room.busier[:-1]] == [True] * (len(room.busier) - 1)
    assert (room.missing is None) is room.busier[-1].keeps


def test_the_same_requests_arrive_sooner() -> None:
    def arrivals(block_tokens: int) -> Iterator[RequestArrival]:
        for number in range(4):
            at, blocks = 10.0 * number, (block_tokens,)
            yield RequestArrival(time=at, prompt_tokens=100 + number, output_tokens=8, prefix=blocks)

    traffic = PlayedTraffic(arrivals=arrivals, seconds=30.0, since=10.0, began=1e9)
    busier = traffic.sped_up(2.0)

    assert (busier.seconds, busier.since, busier.began) == (15.0, 5.0, None)
    assert [one.time for one in busier.arrivals(16)] == [0.0, 5.0, 10.0, 15.0]
    assert [replace(one, time=0.0) for one in busier.arrivals(16)] == [replace(one, time=0.0) for one in arrivals(16)]
    assert [one.time for one in traffic.arrivals(16)] == [0.0, 10.0, 20.0, 30.0], "the original stays as it is"


def test_a_player_that_is_sped_up_plays_the_same_requests_sooner_and_to_their_end() -> None:
    traffic = steady(2.0, 10)
    player = PlanPlayer(
        made=lambda _: candidate(1), traffics=[traffic, traffic], settings=PlaySettings(streams=streams)
    )
    faster = player.sped_up(2.0)

    assert (player.whole, faster.whole) == (False, True)
    assert [one.seconds for one in faster.traffics] == [traffic.seconds / 2] * 2


def test_a_fleet_that_misses_is_played_to_its_end_for_the_share_that_it_keeps() -> None:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for number in range(200):
            yield RequestArrival(time=0.1 * number, prompt_tokens=2000, output_tokens=300)

    traffic = PlayedTraffic(arrivals=arrivals, seconds=20.0)
    settings = PlaySettings(streams=streams, objectives=LatencyObjectives(ttft_p95_s=0.5, tpot_p95_s=0.05))
    player = PlanPlayer(made=lambda _: candidate(1), traffics=[traffic], settings=settings)
    cut, whole = (one(option("a", 1, 1.0))[0] for one in (player, replace(player, whole=True)))

    assert (cut.cut, whole.cut) == (True, False)
    assert cut.report.answered < whole.report.answered == 200
    assert whole.report.kept < 0.95
