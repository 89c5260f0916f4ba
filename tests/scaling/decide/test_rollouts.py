"""What a rollout runs beyond the count never raises the count; a hung replica never lowers it."""

from dataclasses import replace
from math import ceil
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.fleet.policies import ScalingPolicy, ScalingSignal
from fairlead.scaling.facts import EnginePod, EnginePodPhase, ScalingFacts
from tests.scaling.fluid_fleets import COLD, KV_ONLY, POLICY, Fluid, need_by, only
from tests.scaling.rolling_fleets import RollingFleet

OTHERS: Final = st.tuples(st.integers(0, 3), st.integers(0, 3))
"""Stuck replicas, and spares of the warm pool."""
USE: Final = st.floats(0.05, 0.80)
"""Of caches, up to their target."""


@pytest.mark.parametrize("canary", [False, True])
@pytest.mark.parametrize("policy", [POLICY, only(KV_ONLY)])
def test_a_steady_fleet_keeps_its_count_through_a_rollout(policy: ScalingPolicy, canary: bool) -> None:
    fleet = RollingFleet(policy=policy, rate=38.0, busy=8.0, canary=canary)
    fleet.passes(700)
    before = fleet.wanted
    fleet.changes()
    assert fleet.passes(400) == before
    assert "new" in fleet.served


def test_several_replicas_that_start_beside_the_others_raise_no_count_either() -> None:
    fleet = RollingFleet(policy=only(KV_ONLY), rate=38.0, busy=7.0, most_surge=5)
    fleet.changes()
    assert fleet.passes(400) == 10


def cached(facts: ScalingFacts, use: float) -> ScalingFacts:
    """The same fleet, whose ready replicas' caches are full by this share."""
    pods = tuple(replace(one, figures=one.figures and replace(one.figures, kv_usage=use)) for one in facts.pods)
    return replace(facts, pods=pods)


@given(ready=st.integers(1, 12), coming=st.integers(0, 6), surge=st.integers(0, 6), others=OTHERS, use=USE)
def test_caches_below_their_target_never_raise_a_count(
    ready: int, coming: int, surge: int, others: tuple[int, int], use: float
) -> None:
    policy, (hung, spares) = only(KV_ONLY), others
    policy = replace(policy, warm_pool=replace(policy.warm_pool, ready=spares))
    fleet = Fluid(policy=policy).grown(ready + hung, at_once=True).grown(coming + surge)
    facts = cached(fleet.facts(), use)
    pods = (*(replace(one, phase=EnginePodPhase.HUNG) for one in facts.pods[:hung]), *facts.pods[hung:])
    wanted = ready + hung + coming
    need = need_by(fleet.decided(replace(facts, pods=pods, wanted=wanted)), ScalingSignal.KV_CACHE).replicas
    assert need is not None
    assert need <= max(wanted - spares, 0)


def test_starting_replicas_of_a_rollout_do_not_count_as_there_already_when_requests_wait() -> None:
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    there, fleet.waiting = len(fleet.engines), 60.0
    for number in range(20):
        fleet.passed(1.0, 4.0)
        facts = fleet.facts()
        surge = tuple(started(f"surge-{one}", fleet.now) for one in range(3))
        answer = fleet.decided(replace(facts, pods=(*facts.pods, *surge), wanted=there))
        assert need_by(answer, ScalingSignal.QUEUE_DEPTH).replicas == there, number


def started(name: str, now: float) -> EnginePod:
    """A replica of the next revision that starts."""
    return EnginePod(name=name, revision="next", phase=EnginePodPhase.STARTING, since=now - 20.0)


def test_a_hung_replica_beside_full_caches_shrinks_no_fleet() -> None:
    fleet = Fluid(policy=only(KV_ONLY)).grown(10, at_once=True)
    for _ in range(1000):
        fleet.passed(1.0, 10.0)
        facts = cached(fleet.facts(), 0.8)
        pods = (replace(facts.pods[0], phase=EnginePodPhase.HUNG), *facts.pods[1:])
        fleet.follow(fleet.decided(replace(facts, pods=pods)))
    assert len(fleet.engines) == 10


@settings(max_examples=30, deadline=None)
@given(ready=st.integers(1, 8), hung=st.integers(0, 8), use=st.floats(0.0, 1.0))
def test_a_fleet_whose_new_replicas_all_hang_grows_only_to_what_its_ready_ones_need(
    ready: int, hung: int, use: float
) -> None:
    fleet = Fluid(policy=only(KV_ONLY)).grown(ready + hung, at_once=True)
    most = max(ready + hung, ceil(ready * use / (KV_ONLY.kv_target or 1.0) + 1e-9))
    for _ in range(60):
        fleet.passed(30.0, 0.1)
        facts = cached(fleet.facts(), use)
        late = (replace(one, phase=EnginePodPhase.HUNG, figures=None, ready_at=None) for one in facts.pods[ready:])
        answer = fleet.decided(replace(facts, pods=(*facts.pods[:ready], *late)))
        assert answer.replicas <= most
        fleet.follow(replace(answer, replicas=max(answer.replicas, ready)))


def test_full_caches_beside_a_hung_replica_hold_the_count_or_raise_it_to_what_the_ready_ones_need() -> None:
    fleet = Fluid(policy=only(KV_ONLY)).grown(10, at_once=True)
    facts = cached(fleet.facts(), 1.0)
    for hung, need in ((1, 12), (2, 10), (6, 10)):
        pods = (*(replace(one, phase=EnginePodPhase.HUNG) for one in facts.pods[:hung]), *facts.pods[hung:])
        assert need_by(fleet.decided(replace(facts, pods=pods)), ScalingSignal.KV_CACHE).replicas == need


def test_a_hung_replica_alone_is_no_pressure() -> None:
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    facts = cached(fleet.facts(), 0.8)
    hung = replace(facts, pods=(replace(facts.pods[0], phase=EnginePodPhase.HUNG), *facts.pods[1:]))
    fleet.decided(hung)
    assert fleet.memory.estimates.pressed_since is None


def test_a_rollouts_hung_replica_hides_no_pressure() -> None:
    """Nine requests of two per replica wait: five are needed beside four that are ready and one beyond the count."""
    fleet = Fluid().grown(4, at_once=True)
    fleet.lived(12 * COLD, 4.0)
    there = len(fleet.engines)
    fleet.waiting = 2.0 * there + 1.0
    facts = fleet.facts()
    hung = replace(started("surge", fleet.now), phase=EnginePodPhase.HUNG)
    answer = fleet.decided(replace(facts, pods=(*facts.pods, hung), wanted=there))
    assert f"which makes {there + 1}; " in need_by(answer, ScalingSignal.QUEUE_DEPTH).because
    assert fleet.memory.estimates.pressed_since == fleet.now
