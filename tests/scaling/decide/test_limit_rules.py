"""From the signals' need to the recommendation: holding, steps, bounds, money, zero, and the message."""

from dataclasses import replace
from decimal import Decimal

import pytest

from fairlead.fleet.policies import ReplicaBounds, ScalingPace, ScalingPolicy, ScalingReason, ScalingSignal, WarmPool
from fairlead.scaling.decide.recommendation import ScalingBound, SignalNeed, UntrustedSample
from fairlead.scaling.decide.signal_summary import SignalSummary
from fairlead.scaling.facts import EnginePodPhase, ScalingFacts
from tests.scaling.limits import COLD, FACTS, START, SUMMARY, Fleet, bounds_of, pods, summary_with

TO_ZERO = ScalingPolicy(zero_after_seconds=900.0)
MAY_SLEEP = replace(FACTS, bounds=ReplicaBounds(least=0, most=10), policy=TO_ZERO)


def test_as_many_as_before_are_right() -> None:
    answer = Fleet().decides(summary_with(4))
    assert (answer.replicas, answer.reason, answer.limits) == (4, ScalingReason.STEADY, ())
    assert answer.message == "4 replicas: demand needs as many"


def test_the_signal_that_needs_the_most_replicas_leads() -> None:
    many = SignalNeed(signal=ScalingSignal.QUEUE_DEPTH, replicas=6, because="12 wait")
    few = SignalNeed(signal=ScalingSignal.TOKENS, replicas=5, because="demand")
    mute = SignalNeed(signal=ScalingSignal.KV_CACHE, replicas=None, because="no engine says")
    answer = Fleet().decides(replace(SUMMARY, candidates=(few, many, mute)))
    assert (answer.replicas, answer.reason, answer.message) == (6, ScalingReason.QUEUE_DEPTH, "6 replicas: 12 wait")


def test_shrinking_waits_for_the_window_then_goes_step_by_step() -> None:
    fleet = Fleet()
    assert bounds_of(fleet.decides(summary_with(1))) == [ScalingBound.STABILIZATION]
    assert fleet.passes(299, summary_with(1)).replicas == 4
    assert fleet.passes(1, summary_with(1)).replicas == 3
    assert fleet.passes(14, summary_with(1)).replicas == 3
    assert fleet.passes(1, summary_with(1)).replicas == 2
    assert fleet.passes(15, summary_with(1)).replicas == 1


def test_a_need_within_the_window_holds_the_fleet() -> None:
    fleet = Fleet()
    fleet.passes(200, summary_with(1))
    fleet.passes(1, summary_with(3))
    assert fleet.passes(299, summary_with(1)).replicas == 3
    assert fleet.passes(60, summary_with(1)).replicas == 1


def test_growing_takes_the_larger_of_step_and_factor_within_a_tenth_of_a_cold_start() -> None:
    fleet = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=1, most=100)))
    first = fleet.decides(summary_with(90))
    assert (first.replicas, first.reason) == (8, ScalingReason.STEP_LIMITED)
    assert fleet.passes(11, summary_with(90)).replicas == 8
    assert fleet.passes(1, summary_with(90)).replicas == 16
    assert fleet.passes(12, summary_with(90)).replicas == 32
    slow = ScalingPolicy(pace=ScalingPace(up_max_step=1, up_max_factor=1.0))
    assert Fleet(facts=replace(FACTS, policy=slow)).decides(summary_with(90)).replicas == 5


def test_what_is_not_known_may_grow_a_fleet_and_never_shrinks_it() -> None:
    doubt = UntrustedSample(who="chat-1", what="Stale", age_seconds=42)
    unsure = replace(SUMMARY, may_shrink=False, questions=(doubt,))
    fleet = Fleet()
    assert fleet.passes(600, summary_with(1, unsure)).replicas == 4
    assert fleet.decides(summary_with(6, unsure)).replicas == 6
    held = Fleet().decides(summary_with(1, unsure))
    assert held.reason is ScalingReason.FIGURES_MISSING
    assert held.message.startswith("4 replicas: no reliable metrics from chat-1 (Stale)")


def test_without_any_metrics_the_number_of_replicas_is_held_and_the_message_names_the_pods() -> None:
    answer = Fleet().decides(replace(SUMMARY, may_shrink=False))
    assert (answer.replicas, answer.reason) == (4, ScalingReason.FIGURES_MISSING)
    assert answer.message == "4 replicas: there are no metrics to decide by"
    doubts = tuple(UntrustedSample(who=f"chat-{number}", what="NoAnswer") for number in range(5))
    many = Fleet().decides(replace(SUMMARY, may_shrink=False, questions=doubts))
    assert many.message.endswith("chat-2 (NoAnswer) and 2 more")


def test_a_fleet_without_samples_is_not_taken_for_too_large_once_samples_return() -> None:
    fleet = Fleet()
    fleet.passes(600, replace(SUMMARY, may_shrink=False), every=10)
    assert fleet.passes(299, summary_with(1)).replicas == 4


def test_shrinking_to_the_edge_would_only_grow_back() -> None:
    fleet = Fleet()
    summary = replace(summary_with(2), need=2.5)
    answer = fleet.passes(600, summary)
    assert (answer.replicas, bounds_of(answer)) == (3, [ScalingBound.WITHOUT_ONE])


@pytest.mark.parametrize(
    ("facts", "need", "replicas", "reason"),
    [
        (replace(FACTS, bounds=ReplicaBounds(least=6, most=10)), 2, 6, ScalingReason.AT_MINIMUM),
        (replace(FACTS, bounds=ReplicaBounds(least=1, most=5)), 8, 5, ScalingReason.AT_MAXIMUM),
        (replace(FACTS, bounds=ReplicaBounds(least=1, most=3)), 8, 3, ScalingReason.AT_MAXIMUM),
        (
            replace(FACTS, policy=ScalingPolicy(max_cost_per_hour=Decimal("10.5")), price_per_hour=2.1),
            8,
            5,
            ScalingReason.OVER_BUDGET,
        ),
        (replace(FACTS, policy=ScalingPolicy(max_cost_per_hour=Decimal(3))), 8, 8, ScalingReason.TOKEN_DEMAND),
        (replace(FACTS, policy=ScalingPolicy(max_cost_per_hour=Decimal(3)), price_per_hour=0.0), 8, 8, "TokenDemand"),
        (replace(FACTS, policy=ScalingPolicy(warm_pool=WarmPool(ready=2))), 4, 6, ScalingReason.SPARES),
    ],
)
def test_bounds_and_money(facts: ScalingFacts, need: int, replicas: int, reason: ScalingReason) -> None:
    answer = Fleet(facts=facts).decides(summary_with(need))
    assert (answer.replicas, answer.reason) == (replicas, reason)


def test_the_budget_is_kept_below_the_minimum_and_says_so() -> None:
    facts = replace(FACTS, policy=ScalingPolicy(max_cost_per_hour=Decimal(1)), price_per_hour=2.0)
    answer = Fleet(facts=facts).decides(summary_with(4))
    assert (answer.replicas, answer.reason) == (0, ScalingReason.OVER_BUDGET)
    assert answer.advice[0].because.startswith("maxCostPerHour pays for 0 replicas and minReplicas is 1")
    unknown = Fleet(facts=replace(facts, price_per_hour=None)).decides(summary_with(4))
    assert "is not known, so maxCostPerHour limits nothing" in unknown.advice[0].because


def test_spares_do_not_pile_up_while_figures_are_missing() -> None:
    fleet = Fleet(facts=replace(FACTS, policy=ScalingPolicy(warm_pool=WarmPool(ready=2))))
    fleet.decides(summary_with(4))
    unsure = replace(SUMMARY, may_shrink=False)
    assert fleet.passes(60, unsure).replicas == 6
    assert fleet.passes(60, summary_with(4, unsure)).replicas == 6


def test_the_last_replica_is_removed_after_a_long_time_without_requests() -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, wanted=1))
    assert fleet.decides(summary_with(0)).replicas == 1
    assert fleet.passes(899, summary_with(0)).replicas == 1
    answer = fleet.passes(1, summary_with(1))
    assert (answer.replicas, answer.reason) == (0, ScalingReason.IDLE)
    assert answer.message == "0 replicas: no request came for 900 s; tokens asks for 1: demand needs as many"
    assert fleet.passes(60, summary_with(1)).replicas == 0


def test_scaling_to_zero_is_reported_as_idle_although_the_signals_themselves_need_no_replica() -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, wanted=1))
    fleet.decides(summary_with(0))
    gone = fleet.passes(900, summary_with(0), every=10)
    assert (gone.replicas, gone.reason, gone.limits) == (0, ScalingReason.IDLE, ())
    assert gone.message == "0 replicas: no request came for 900 s"
    assert fleet.passes(60, summary_with(0)).reason is ScalingReason.IDLE


def test_a_deployment_that_starts_at_zero_does_not_claim_an_idle_time_that_was_not_observed() -> None:
    answer = Fleet(facts=replace(MAY_SLEEP, wanted=0)).decides(summary_with(0))
    assert (answer.reason, answer.message) == (ScalingReason.IDLE, "0 replicas: no request comes")


def test_nothing_that_money_alone_keeps_at_zero_is_called_idle() -> None:
    kept = replace(TO_ZERO, warm_pool=WarmPool(ready=1), max_cost_per_hour=Decimal(1))
    answer = Fleet(facts=replace(MAY_SLEEP, wanted=0, policy=kept, price_per_hour=2.0)).decides(summary_with(0))
    assert (answer.replicas, answer.reason) == (0, ScalingReason.OVER_BUDGET)


@pytest.mark.parametrize(("needed", "words"), [(1, "1 replica: 1 was needed"), (2, "2 replicas: 2 were needed")])
def test_one_replica_is_reported_in_the_singular(needed: int, words: str) -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, policy=ScalingPolicy(zero_after_seconds=10.0), wanted=needed))
    fleet.decides(summary_with(needed))
    assert fleet.passes(20, summary_with(0)).message.startswith(words)


@pytest.mark.parametrize(
    "busy",
    [
        summary_with(0, replace(SUMMARY, running=1.0)),
        summary_with(0, replace(SUMMARY, may_shrink=False)),
        summary_with(2),
        replace(SUMMARY, candidates=()),
    ],
)
def test_the_last_replica_stays_while_it_may_be_needed(busy: SignalSummary) -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, wanted=1))
    assert fleet.passes(2000, busy, every=10).replicas >= 1


def test_an_autoscaler_that_just_started_does_not_count_the_time_before_as_idle() -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, wanted=1))
    absent_yet = summary_with(0, replace(SUMMARY, last_arrival=None))
    assert fleet.decides(absent_yet).replicas == 1
    assert fleet.passes(900, absent_yet, every=10).replicas == 0


def test_scaling_up_from_zero_is_immediate_when_a_request_is_held() -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, wanted=0))
    assert fleet.decides(summary_with(1)).replicas == 0
    assert fleet.decides(replace(SUMMARY, candidates=(), may_shrink=False)).replicas == 0
    held = summary_with(0, replace(SUMMARY, held=3.0, waiting=3.0, ready=0, may_shrink=False))
    answer = fleet.decides(held)
    assert (answer.replicas, answer.reason) == (1, ScalingReason.WAKING)
    assert answer.message.startswith("1 replica: 3 requests waiting, 0 replicas ready, 0 starting")


def test_a_forecast_wakes_a_fleet_before_anybody_waits() -> None:
    assert Fleet(facts=replace(MAY_SLEEP, wanted=0)).decides(summary_with(2)).replicas == 2


def test_without_scaling_to_zero_the_last_replica_stays() -> None:
    facts = replace(FACTS, bounds=ReplicaBounds(least=0, most=10), wanted=1)
    fleet = Fleet(facts=facts)
    assert fleet.passes(2000, summary_with(0), every=10).replicas == 1
    assert Fleet(facts=replace(facts, wanted=0)).decides(summary_with(0)).replicas == 1


def test_warm_replicas_stay_while_no_request_comes() -> None:
    fleet = Fleet(facts=replace(MAY_SLEEP, policy=replace(TO_ZERO, warm_pool=WarmPool(ready=1)), wanted=2))
    assert fleet.passes(2000, summary_with(0), every=10).replicas == 1


SLEEPY = replace(FACTS, policy=ScalingPolicy(warm_pool=WarmPool(asleep=2)), sleeps=True)


@pytest.mark.parametrize(
    ("facts", "asleep"),
    [
        (SLEEPY, 2),
        (replace(SLEEPY, sleeps=False), 0),
        (replace(SLEEPY, bounds=ReplicaBounds(least=1, most=5)), 1),
        (replace(SLEEPY, room=1, pods=pods(EnginePodPhase.READY, 4)), 1),
        (replace(SLEEPY, policy=replace(SLEEPY.policy, max_cost_per_hour=Decimal(8)), price_per_hour=2.0), 0),
    ],
)
def test_sleepers_stand_beside_and_keep_their_gpus(facts: ScalingFacts, asleep: int) -> None:
    assert Fleet(facts=facts).decides(summary_with(4)).asleep == asleep


def test_a_reason_that_alternates_is_not_reported_anew_each_second() -> None:
    fleet = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=1, most=4)))
    fleet.decides(summary_with(4))
    reasons = {fleet.passes(1, summary_with(number)).reason for _ in range(60) for number in (5, 4)}
    assert reasons == {ScalingReason.AT_MAXIMUM}
    assert fleet.passes(9, summary_with(4)).reason is ScalingReason.AT_MAXIMUM
    assert fleet.passes(1, summary_with(4)).reason is ScalingReason.STEADY


def test_a_reason_that_is_over_is_no_longer_reported_although_the_next_one_still_alternates() -> None:
    fleet = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=4, most=10)))
    fleet.decides(summary_with(1, replace(SUMMARY, may_shrink=False)))
    reasons = [fleet.passes(1, summary_with(number)).reason for _ in range(6) for number in (4, 1)]
    assert reasons[:10] == [ScalingReason.FIGURES_MISSING] * 10
    assert reasons[-1] is not ScalingReason.FIGURES_MISSING


def test_a_need_above_the_maximum_is_reported_at_once() -> None:
    fleet = Fleet(facts=replace(FACTS, bounds=ReplicaBounds(least=1, most=4)))
    assert fleet.passes(60, summary_with(4)).reason is ScalingReason.STEADY
    answer = fleet.passes(1, summary_with(5))
    assert (answer.reason, answer.message[:26]) == (ScalingReason.AT_MAXIMUM, "4 replicas: maxReplicas is")


def test_the_message_of_a_steady_fleet_does_not_change_with_its_figures() -> None:
    fleet = Fleet()
    names = set()
    for second in range(900):
        fleet.now += 1
        one = SignalNeed(signal=ScalingSignal.TOKENS, replicas=3 + second % 2, because=f"{second} tokens a second")
        names.add(fleet.decides(replace(SUMMARY, candidates=(one,))).message)
    assert len(names) <= 2


def test_new_sample_problems_are_reported_anew() -> None:
    fleet = Fleet()
    unsure = replace(SUMMARY, may_shrink=False, questions=(UntrustedSample(who="chat-1", what="Stale"),))
    fleet.decides(summary_with(1, unsure))
    worse = replace(unsure, questions=(*unsure.questions, UntrustedSample(who="chat-2", what="Frozen")))
    assert "chat-2" not in fleet.passes(9, summary_with(1, worse)).message
    assert "chat-2" in fleet.passes(3, summary_with(1, worse)).message


def test_a_long_silence_of_the_autoscaler_itself_does_no_harm() -> None:
    fleet = Fleet()
    fleet.decides(summary_with(4))
    fleet.now = START + 100 * COLD
    assert fleet.decides(summary_with(1)).replicas == 4
    assert fleet.passes(300, summary_with(1)).replicas == 3


def test_a_fleet_that_grew_lately_turns_round_only_where_it_is_far_too_large() -> None:
    nearly, far = replace(summary_with(3), need=3.0), replace(summary_with(2), need=1.9)
    grown, shrunk = Fleet(), Fleet()
    for fleet in (grown, shrunk):
        assert fleet.passes(1, replace(summary_with(5), need=4.9)).replicas == 5
    answer = grown.passes(590, nearly)
    assert (answer.replicas, bounds_of(answer)) == (5, [ScalingBound.WITHOUT_ONE])
    assert answer.limits[-1].because.endswith(
        "a margin on the objectives, which is larger because the fleet grew recently"
    )
    assert grown.passes(20, nearly).replicas == 4
    assert shrunk.passes(310, far).replicas < 5
