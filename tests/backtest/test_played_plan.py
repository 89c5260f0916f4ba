"""The search for the cheapest fleet that meets its objectives, in worlds where the right answer is known."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import play as playing
from fairlead.backtest import played_plan
from fairlead.backtest.candidate import Unplayable, UnplayableReason
from fairlead.backtest.plan_player import PlanPlayer
from fairlead.backtest.play import PlayedCandidate, PlayedTraffic, PlaySettings
from fairlead.backtest.played_plan import PlayedPlan
from fairlead.fleet.capacity_plan import (
    CapacityPlan,
    FleetProposal,
    LatencyObjectives,
    PlanReason,
    RejectedConfiguration,
    ReplicaSupply,
    ServingConfiguration,
    SupplyBound,
)
from fairlead.fleet.desired_state import Parallelism
from fairlead.fleet.quantization import KvFormat, WeightFormat
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_play import candidate, steady, streams

BATCH = 100


def option(product: str, replicas: int, price: float, kv: KvFormat = KvFormat.AUTO) -> FleetProposal:
    return FleetProposal(
        configuration=ServingConfiguration(
            product=product, weights=WeightFormat.NONE, kv=kv, parallelism=Parallelism(), context=4096
        ),
        supply=ReplicaSupply(
            concurrent=BATCH, requests_per_second=1.0, tpot_s=0.05, ttft_p95_s=0.5, bound=SupplyBound.BATCH
        ),
        replicas=replicas,
        cost_per_hour=replicas * price,
        cost_per_thousand_tokens=0.001 * replicas,
        arithmetic=("by hand",),
    )


PLAYED = playing.play(candidate(1), steady(1.0, 60), PlaySettings(streams=streams))


class World:
    """Each product meets its objectives from this many replicas on; with a certain batch one fewer is enough."""

    by_first = True
    by_pace = True

    def __init__(self, needs: Mapping[str, int], limits: Mapping[str, int] | None = None) -> None:
        self.needs, self.limits = needs, limits or {}
        self.calls: list[tuple[str, int, int]] = []

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        product, replicas, batch = proposal.configuration.product, proposal.replicas, proposal.supply.concurrent
        self.calls.append((product, replicas, batch))
        if product not in self.needs:
            return ()
        needed = self.needs[product] - (self.limits.get(product) == batch)
        kept = 1.0 if replicas >= needed else 0.5
        late = kept < 0.95
        report = replace(
            PLAYED.report,
            kept=kept,
            kept_first=kept if late and self.by_first else 1.0,
            kept_pace=kept if late and self.by_pace else 1.0,
        )
        return (replace(PLAYED, report=report),)


def answer(found: PlayedPlan) -> tuple[str, int, int]:
    assert found.best is not None
    proposal = found.best.proposal
    return proposal.configuration.product, proposal.replicas, proposal.supply.concurrent


def test_the_search_finds_fewer_replicas_than_arithmetic_estimates() -> None:
    found = played_plan.search([option("a", 9, 1.0)], World({"a": 5}))

    assert answer(found) == ("a", 5, BATCH)
    assert found.best is not None
    assert (found.best.proposal.cost_per_hour, found.best.reckoned, found.best.kept) == (5.0, 9, 1.0)
    assert found.best.proposal.cost_per_thousand_tokens == pytest.approx(0.005)
    assert found.left == 0


def test_the_search_finds_more_replicas_than_arithmetic_estimates_up_to_twice_as_many() -> None:
    assert answer(played_plan.search([option("a", 4, 1.0)], World({"a": 7}))) == ("a", 7, BATCH)
    nothing = played_plan.search([option("a", 4, 1.0)], World({"a": 9}))
    assert nothing.best is None
    assert max(one.proposal.replicas for one in nothing.tried) == 8


def test_an_estimate_of_one_is_raised_to_four_at_most() -> None:
    assert answer(played_plan.search([option("a", 1, 1.0)], World({"a": 3}))) == ("a", 3, BATCH)
    nothing = played_plan.search([option("a", 1, 1.0)], World({"a": 5}))
    assert nothing.best is None
    assert max(one.proposal.replicas for one in nothing.tried) == 4


def test_another_card_is_played_only_where_it_would_cost_less() -> None:
    world = World({"a": 4, "b": 3, "c": 1})
    found = played_plan.search([option("a", 4, 1.0), option("b", 3, 1.5), option("c", 9, 3.0)], world)

    assert answer(found) == ("a", 4, BATCH)
    assert {product for product, _, _ in world.calls} == {"a", "b"}, "one of c, for nine that arithmetic wants: no"
    cheaper = played_plan.search([option("a", 4, 1.0), option("b", 3, 1.5)], World({"a": 4, "b": 2}))
    assert answer(cheaper) == ("b", 2, BATCH)


def test_where_first_tokens_alone_are_late_a_larger_batch_may_save_a_fleet() -> None:
    world = World({"a": 4}, {"a": 300})
    world.by_pace = False
    assert answer(played_plan.search([option("a", 4, 1.0)], world)) == ("a", 3, 300)
    assert ("a", 2, 300) in world.calls, "from then on it is the configuration's batch"
    assert ("a", 2, 60) not in world.calls


def test_where_the_pace_alone_is_missed_a_smaller_one_may() -> None:
    world = World({"a": 4}, {"a": 60})
    world.by_first = False
    assert answer(played_plan.search([option("a", 4, 1.0)], world)) == ("a", 3, 60)
    assert answer(played_plan.search([option("a", 4, 1.0)], World({"a": 4}, {"a": 60}))) == ("a", 4, BATCH)


class NarrowWorld(World):
    """What holds only just holds, except with certain batches."""

    def __init__(self, kept: Mapping[int, float], first: float, pace: float) -> None:
        super().__init__({"a": 2})
        self.kept, self.first, self.pace = kept, first, pace

    def __call__(self, proposal: FleetProposal) -> tuple[PlayedCandidate, ...]:
        (run,) = super().__call__(proposal)
        if not run.keeps:
            return (run,)
        kept = self.kept.get(proposal.supply.concurrent, 0.96)
        report = replace(run.report, kept=kept, kept_first=self.first, kept_pace=self.pace)
        return (replace(run, report=report),)


@pytest.mark.parametrize(
    ("kept", "first", "pace", "batch"),
    [
        ({170: 0.97, 300: 0.995}, 0.96, 1.0, 300),
        ({170: 0.99, 300: 0.98}, 0.96, 1.0, 170),
        ({170: 0.94, 300: 0.96, 60: 1.0}, 0.96, 1.0, BATCH),
        ({170: 1.0, 60: 0.98}, 1.0, 0.96, 60),
        ({170: 1.0, 60: 1.0}, 1.0, 1.0, BATCH),
        ({BATCH: 0.995, 170: 1.0}, 0.995, 1.0, BATCH),
    ],
    ids=["more room", "no larger than it helps", "none better", "smaller", "neither is missed", "sure as it is"],
)
def test_of_batches_that_hold_at_the_same_cost_the_one_that_keeps_most_is_proposed(
    kept: Mapping[int, float], first: float, pace: float, batch: int
) -> None:
    found = played_plan.search([option("a", 4, 1.0)], NarrowWorld(kept, first, pace))
    assert answer(found) == ("a", 2, batch)
    assert found.best in found.tried
    assert found.best is not None
    assert found.best.reckoned == 4


def test_what_cannot_be_played_is_passed_over_and_plays_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert played_plan.search([option("odd", 4, 1.0)], World({})) == PlayedPlan(best=None, tried=(), left=0)
    monkeypatch.setattr(played_plan, "MAX_PLAYS", 5)
    many = [option(f"p{number}", 30, 1.0) for number in range(20)]
    found = played_plan.search(many, World({f"p{number}": 59 for number in range(20)}))
    assert (len(found.tried), found.left) == (5, 19)


@given(
    needs=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    reckoned=st.lists(st.integers(1, 30), min_size=4, max_size=4),
    prices=st.lists(st.floats(0.5, 5.0), min_size=4, max_size=4),
)
def test_whatever_the_world_the_answer_held_and_no_fleet_that_held_was_cheaper(
    needs: list[int], reckoned: list[int], prices: list[float]
) -> None:
    world = World({f"p{at}": need for at, need in enumerate(needs)})
    options = [option(f"p{at}", reckoned[at], prices[at]) for at in range(len(needs))]
    found = played_plan.search(options, world)
    held = [one for one in found.tried if one.keeps]

    assert (found.best is None) is (not held)
    if found.best is not None:
        assert found.best.keeps
        assert found.best.proposal.cost_per_hour == min(one.proposal.cost_per_hour for one in held)
        product, replicas, _ = answer(found)
        start = reckoned[int(product[1:])]
        assert replicas == needs[int(product[1:])] or replicas == start, "no fewer of it would hold"


def test_a_dozen_configurations_are_taken_three_of_a_product() -> None:
    options = [option(f"p{at // 5}", 1, 1.0 + at, KvFormat.FP8 if at % 2 else KvFormat.AUTO) for at in range(30)]
    lost = tuple(
        RejectedConfiguration(
            configuration=one.configuration, reason=PlanReason.COSTS_MORE, because="more", proposal=one
        )
        for one in options[1:]
    )
    refused = replace(lost[0], proposal=None)
    planned = CapacityPlan(best=options[0], runners_up=lost[:2], others=(*lost[2:], refused))

    found = played_plan.configurations(planned)
    assert [one.configuration.product for one in found] == [f"p{at // 3}" for at in range(12)]
    assert played_plan.configurations(CapacityPlan(best=None, runners_up=(), others=(refused,))) == ()


def test_what_misses_an_objective_by_arithmetic_is_played_last_and_takes_no_place_of_others() -> None:
    def refused(one: FleetProposal, reason: PlanReason) -> RejectedConfiguration:
        return RejectedConfiguration(configuration=one.configuration, reason=reason, because="", proposal=one)

    working = [option("a", 1, price, kv) for price, kv in ((5.0, KvFormat.AUTO), (6.0, KvFormat.FP8))]
    missing = [replace(option(f"m{at // 4}", 1, 1.0 + at), at_best=True) for at in range(8)]
    others = (
        *(refused(one, PlanReason.MISSES_OBJECTIVE) for one in reversed(missing)),
        refused(working[1], PlanReason.COSTS_MORE),
    )
    options = played_plan.configurations(CapacityPlan(best=working[0], runners_up=(), others=others))
    prices = [one.cost_per_hour for one in options]
    assert prices == [5.0, 6.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0], "three of a product"

    world = World({"a": 1, "m0": 1})
    assert answer(played_plan.search(options, world)) == ("m0", 1, BATCH)
    assert "m1" not in {product for product, _, _ in world.calls}, "it costs more than what holds"
    nothing = CapacityPlan(best=None, runners_up=(), others=others[:1])
    assert answer(played_plan.search(played_plan.configurations(nothing), World({"m1": 1}))) == ("m1", 1, BATCH)


def test_of_a_fleet_at_all_of_the_roofline_fewer_than_it_loads_are_not_played() -> None:
    for fewer, played in ((8, True), (7, False)):
        world = World({"a": 1, "m": 1})
        usual, best = option("a", 1, fewer + 0.5), replace(option("m", 10, 1.0), at_best=True)
        played_plan.search([usual, best], world)
        assert ("m" in {product for product, _, _ in world.calls}) is played


def test_of_each_configuration_what_held_and_what_did_not_is_shown_once() -> None:
    found = played_plan.search([option("a", 9, 1.0), option("b", 9, 0.9)], World({"a": 5, "b": 12}))
    shown = [
        (one.proposal.configuration.product, one.proposal.replicas, one.keeps) for one in played_plan.best_first(found)
    ]

    assert shown[0] == ("a", 5, True)
    assert ("a", 4, False) in shown
    assert len(shown) == len({(product, keeps) for product, _, keeps in shown})


def test_a_fleet_is_played_with_other_seeds_only_where_the_first_leaves_it_open() -> None:
    def played(replicas: int, first_s: float | None) -> PlanPlayer:
        settings = PlaySettings(streams=streams, objectives=LatencyObjectives(ttft_p95_s=first_s))
        return PlanPlayer(made=lambda _: candidate(replicas), traffics=[steady(4.0, 300)] * 3, settings=settings)

    sure = played(3, 5.0)
    assert [one.keeps for one in sure(option("a", 3, 1.0))] == [True]
    lost = played(1, 0.001)
    (run,) = lost(option("a", 1, 1.0))
    assert (run.keeps, run.cut, lost.played) == (False, True, 1)
    assert run.report.arrived < 1200, "what is lost is not played to its end"
    assert run.report.gpu_hours == pytest.approx(2 * 299.75 / 3600)


def test_near_the_goal_every_seed_counts() -> None:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for second in range(600):
            yield RequestArrival(time=float(second), prompt_tokens=3000 if second % 30 == 0 else 100, output_tokens=2)

    traffic = PlayedTraffic(arrivals=arrivals, seconds=599.0)
    alone = playing.play(candidate(1), traffic, PlaySettings(streams=streams)).report.ttft
    settings = PlaySettings(streams=streams, objectives=LatencyObjectives(ttft_p95_s=(alone.p50 + alone.most) / 2))
    player = PlanPlayer(made=lambda _: candidate(1), traffics=[traffic] * 3, settings=settings)

    runs = player(option("a", 1, 1.0))
    assert runs[0].report.kept == pytest.approx(29 / 30)
    assert len(runs) == 3


def test_what_admission_refuses_is_kept_by_name() -> None:
    unplayable = Unplayable(name="planned", reason=UnplayableReason.REFUSED, because="too large")
    player = PlanPlayer(made=lambda _: unplayable, traffics=[], settings=PlaySettings(streams=streams))
    assert player(option("a", 1, 1.0)) == ()
    assert player.unplayable == {"1 x a, weights none": unplayable}
