"""A policy is searched step by step: each step is the best of any one field, and none is simulated twice."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import play as playing
from fairlead.backtest import policy_fields, policy_search
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlayedCandidate, PlaySettings
from fairlead.backtest.policy_fields import FIELDS
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ReplicaBounds, ScalingPace, ScalingPolicy, SignalTargets, WarmPool
from tests.backtest.test_play import candidate, steady, streams

PLAYED = playing.play(
    candidate(1), steady(1.0, 60), PlaySettings(streams=streams, objectives=LatencyObjectives(tpot_p95_s=0.2))
)
Curve = Callable[[ScalingPolicy], tuple[float, float]]
"""The share of requests within objectives under a policy, and the GPU hours it takes."""


class PretendTraffic:
    """Plays by a curve, and records the policies."""

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.requested: list[ScalingPolicy] = []

    def __call__(self, some: Sequence[Candidate]) -> list[PlayedCandidate]:
        self.requested += [one.policy for one in some]
        return [self.played(one.policy) for one in some]

    def played(self, policy: ScalingPolicy) -> PlayedCandidate:
        kept, hours = self.curve(policy)
        return replace(PLAYED, cost=None, report=replace(PLAYED.report, kept=kept, gpu_hours=hours))


def scaling(policy: ScalingPolicy) -> Candidate:
    return candidate(ReplicaBounds(least=1, most=8, policy="usual"), policy=policy)


def test_who_keeps_more_than_enough_gets_cheaper_until_the_next_step_would_miss() -> None:
    """Each step of headroom costs an hour and brings two in a hundred requests more within the objectives."""

    def curve(policy: ScalingPolicy) -> tuple[float, float]:
        headroom = policy.signals.token_headroom or 0.0
        return min(0.92 + headroom * 0.4, 1.0), 10 + 20 * headroom

    traffic = PretendTraffic(curve)
    found = policy_search.tune(scaling(ScalingPolicy()), traffic)
    assert [(one.field, one.before, one.after) for one in found.steps] == [("signals.tokens.headroom", 0.15, 0.1)]
    assert found.last.report.kept == pytest.approx(0.96)
    assert found.candidate.policy.signals.token_headroom == 0.1
    assert len(traffic.requested) == len(set(traffic.requested)) == found.plays


def test_who_misses_takes_what_keeps_more_and_then_saves() -> None:
    def curve(policy: ScalingPolicy) -> tuple[float, float]:
        ready, window = policy.warm_pool.ready, policy.pace.down_after_seconds
        return min(0.80 + 0.1 * ready, 0.99), 10 + 3 * ready + window / 100

    found = policy_search.tune(scaling(ScalingPolicy()), PretendTraffic(curve))
    assert [one.field for one in found.steps[:2]] == ["warmPool.ready"] * 2
    assert found.candidate.policy.warm_pool.ready == 2
    assert found.candidate.policy.pace.down_after_seconds == 60
    assert (policy_search.keeps(found.first), policy_search.keeps(found.last)) == (False, True)


def test_where_nothing_is_better_the_policy_stays() -> None:
    one = scaling(ScalingPolicy())
    found = policy_search.tune(one, PretendTraffic(lambda _: (0.97, 10.0)))
    assert (found.steps, found.candidate, found.last) == ((), one, found.first)
    assert policy_search.tune(one, PretendTraffic(lambda _: (0.97, 10.0)), fields=()).plays == 1


def test_a_fleet_that_gets_worse_and_worse_is_left_after_so_many_steps() -> None:
    turns = iter(range(10_000))
    found = policy_search.tune(scaling(ScalingPolicy()), PretendTraffic(lambda _: (0.97, 1000.0 * 0.9 ** next(turns))))
    assert len(found.steps) <= policy_search.MAX_STEPS


@given(
    kept=st.lists(st.floats(0.5, 1.0), min_size=11, max_size=11),
    hours=st.lists(st.floats(1.0, 50.0), min_size=7, max_size=7),
)
def test_what_is_found_is_never_worse_than_the_policy_as_it_is(kept: list[float], hours: list[float]) -> None:
    def curve(policy: ScalingPolicy) -> tuple[float, float]:
        signals, pace = policy.signals, policy.pace
        place = hash((signals.token_headroom, signals.queue_per_replica, signals.kv_target, policy.warm_pool.ready))
        return kept[place % len(kept)], hours[int(pace.down_after_seconds + place) % len(hours)]

    found = policy_search.tune(scaling(ScalingPolicy()), PretendTraffic(curve))
    assert policy_search.rank(found.last) <= policy_search.rank(found.first)


def test_a_signal_that_is_off_stays_off_and_a_value_between_two_moves_to_either() -> None:
    signals = SignalTargets(queue_per_replica=None, kv_target=0.83, token_headroom=0.9)
    policy = ScalingPolicy(signals=signals, warm_pool=WarmPool(ready=7))
    moves = {one.name: one.neighbours(policy) for one in FIELDS}
    assert moves == {
        "signals.tokens.headroom": (0.5,),
        "signals.queueDepth.targetPerReplica": (),
        "signals.kvCache.target": (0.8, 0.9),
        "behavior.scaleDown.stabilizationWindowSeconds": (120, 600),
        "warmPool.ready": (3,),
    }


def test_a_patch_has_what_changed_and_signals_whole() -> None:
    before = ScalingPolicy()
    after = replace(
        before,
        signals=replace(before.signals, token_headroom=0.1),
        pace=ScalingPace(down_after_seconds=600.0),
        warm_pool=WarmPool(ready=1),
    )
    assert policy_fields.patch(before, after) == {
        "signals": {"queueDepth": {"targetPerReplica": 2}, "kvCache": {"target": "0.8"}, "tokens": {"headroom": "0.1"}},
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 600}},
        "warmPool": {"ready": 1},
    }
    assert policy_fields.patch(before, before) == {}
    alone = SignalTargets(queue_per_replica=4, kv_target=None, token_headroom=None)
    assert policy_fields.patch(before, replace(before, signals=alone)) == {
        "signals": {"queueDepth": {"targetPerReplica": 4}}
    }
    other = SignalTargets(queue_per_replica=None, kv_target=0.9, token_headroom=None)
    assert policy_fields.patch(before, replace(before, signals=other)) == {"signals": {"kvCache": {"target": "0.9"}}}


@pytest.mark.parametrize("field", FIELDS, ids=lambda one: one.name)
def test_a_value_that_is_written_is_read_again(field: policy_fields.PolicyField) -> None:
    for value in field.values:
        assert field.value(field.with_value(ScalingPolicy(), value)) == value
    assert list(field.values) == sorted(field.values)
