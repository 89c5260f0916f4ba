"""Invariants of every decision, whatever came before: `always` and `never` of the deciding package."""

from dataclasses import fields, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.fleet.policies import ColdStart, Objectives, ReplicaBounds, ScalingPace, ScalingPolicy
from fairlead.scaling.decide import recommender
from fairlead.scaling.decide.recommendation import Recommendation
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import ReplicaSpeed, RouterPod, SampleProblem, ScalingFacts
from tests.scaling.fluid_fleets import COLD, POLICY, TRUE, Fluid

RATES = st.lists(st.sampled_from([0.0, 0.5, 2.0, 8.0, 30.0]), min_size=1, max_size=4)


def lived(rates: list[float], replicas: int = 3, policy: ScalingPolicy = POLICY) -> Fluid:
    """A fleet after some cold starts at each rate."""
    fleet = Fluid(policy=policy, bounds=ReplicaBounds(least=1, most=40)).grown(replicas, at_once=True)
    for rate in rates:
        fleet.lived(1.5 * COLD, rate)
    fleet.passed(4.0, rates[-1])
    return fleet


def answered(fleet: Fluid, facts: ScalingFacts) -> Recommendation:
    """A recommendation that is not remembered."""
    return recommender.recommend(facts, fleet.memory, fleet.now)[0]


@given(rates=RATES, least=st.integers(0, 5), span=st.integers(0, 5))
def test_an_answer_is_always_within_bounds(rates: list[float], least: int, span: int) -> None:
    fleet = lived(rates)
    bounds = ReplicaBounds(least=least, most=max(least + span, 1))
    assert least <= answered(fleet, replace(fleet.facts(), bounds=bounds)).replicas <= bounds.most


@given(rates=RATES, problem=st.sampled_from(SampleProblem), who=st.integers(0, 20), drop=st.booleans())
def test_a_fleet_never_shrinks_while_figures_are_missing(
    rates: list[float], problem: SampleProblem, who: int, drop: bool
) -> None:
    fleet = lived([*rates, 0.0])
    facts = fleet.facts()
    chosen = who % (len(facts.pods) + 1)
    if chosen == len(facts.pods):
        silent = RouterPod(name="router-1", figures=None if drop else facts.routers[0].figures, problem=problem)
        facts = replace(facts, routers=(silent,))
    else:
        pod = replace(facts.pods[chosen], problem=problem)
        facts = replace(facts, pods=(*facts.pods[:chosen], pod, *facts.pods[chosen + 1 :]))
    starting = chosen < len(facts.pods) and facts.pods[chosen].figures is None
    answer = answered(fleet, facts)
    assert answer.replicas >= facts.wanted or starting
    assert answer.questions or starting


@given(rates=RATES, more=st.floats(0, 5000), waiting=st.floats(0, 500), prompt=st.floats(0, 4000))
def test_more_demand_never_lowers_the_answer(rates: list[float], more: float, waiting: float, prompt: float) -> None:
    fleet = lived(rates)
    facts = fleet.facts()
    figures = facts.routers[0].figures
    assert figures is not None
    harder = replace(
        figures,
        arrivals=figures.arrivals + more,
        prompt_tokens=figures.prompt_tokens + more * prompt,
        waiting=figures.waiting + waiting,
    )
    request_more = replace(facts, routers=(replace(facts.routers[0], figures=harder),))
    assert answered(fleet, request_more).replicas >= answered(fleet, facts).replicas


@given(rates=RATES, order=st.randoms(use_true_random=False), routers=st.integers(1, 4))
def test_the_order_of_pods_and_routers_changes_nothing_at_all(rates: list[float], order: Random, routers: int) -> None:
    fleet = lived(rates)
    facts = fleet.facts()
    figures = facts.routers[0].figures
    assert figures is not None
    several = tuple(
        RouterPod(name=f"router-{number}", figures=replace(figures, arrivals=figures.arrivals * number))
        for number in range(1, routers + 1)
    )
    facts = replace(facts, routers=several)
    pods, shuffled = list(facts.pods), list(several)
    order.shuffle(pods)
    order.shuffle(shuffled)
    mixed = replace(facts, pods=tuple(pods), routers=tuple(shuffled))
    one = recommender.recommend(facts, fleet.memory, fleet.now)
    assert one == recommender.recommend(mixed, fleet.memory, fleet.now)


def stretched(value: Any, times: float, name: str = "") -> Any:  # noqa: ANN401  # walks through whatever it is given
    """Facts and policies with time in another unit."""
    if name in {"since", "at", "ready_at", "total"} or name.endswith("seconds") or name.startswith("seconds_per"):
        return value if value is None else value * times
    if hasattr(value, "__dataclass_fields__"):
        changed = {one.name: stretched(getattr(value, one.name), times, one.name) for one in fields(value)}
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(stretched(one, times) for one in value)
    return value


@settings(deadline=None)
@given(rates=RATES, times=st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_measuring_time_in_another_unit_changes_nothing(rates: list[float], times: float) -> None:
    fleet = Fluid(bounds=ReplicaBounds(least=1, most=40)).grown(3, at_once=True)
    other = ScalingState()
    for rate in rates:
        for _ in range(12):
            fleet.passed(16.0, rate)
            facts = fleet.facts()
            slower, other = recommender.recommend(stretched(facts, times), other, fleet.now * times)
            answer = fleet.decided(facts)
            assert slower.replicas == answer.replicas
            assert slower.reason == answer.reason
            fleet.follow(answer)


@pytest.mark.parametrize("times", [2.0, 3.0, 5.0])
def test_a_large_fleet_grows_as_its_demand(times: float) -> None:
    def settled(rate: float, replicas: int) -> int:
        fleet = Fluid(bounds=ReplicaBounds(least=1, most=500)).grown(replicas, at_once=True)
        fleet.lived(8 * COLD, rate, every=16.0)
        return len(fleet.engines)

    assert settled(30.0 * times, int(10 * times)) == pytest.approx(settled(30.0, 10) * times, rel=0.1)


def test_units_that_are_stretched_are_all_there_are() -> None:
    facts = lived([2.0]).facts()
    policy = stretched(POLICY, 2.0)
    assert policy.cold_start == ColdStart(assume_seconds=2 * COLD)
    assert policy.pace == ScalingPace(down_after_seconds=600.0)
    assert policy.objectives == Objectives(ttft_p95_seconds=4.0, tpot_p95_seconds=0.2)
    assert stretched(TRUE, 2.0) == ReplicaSpeed(
        step_seconds=0.04,
        seconds_per_sequence=0.001,
        seconds_per_prompt_token=0.0002,
        kv_tokens=TRUE.kv_tokens,
        max_sequences=TRUE.max_sequences,
    )
    assert stretched(facts, 2.0).pods[0].since == facts.pods[0].since * 2
