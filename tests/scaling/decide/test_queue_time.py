"""Requests that wait too long add replicas, once for each time that replicas had a chance to start."""

from dataclasses import replace
from typing import Any, Final

import pytest

from fairlead.fleet.policies import Objectives, ScalingPolicy, ScalingReason, ScalingSignal, SignalTargets, WarmPool
from fairlead.scaling.decide import pod_inventory, queue_age, queue_time, recommender
from fairlead.scaling.decide.queue_age import QueueAge
from fairlead.scaling.decide.recommendation import Recommendation, SignalNeed
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.facts import EnginePod, EnginePodPhase, LatencyTotals, RouterFigures, RouterPod, ScalingFacts
from tests.cli.decisions import AT, engine, facts, pod, router

COLD: Final = 120.0
pytestmark = pytest.mark.trial(21)


def busy(name: str = "chat-0", waiting: float = 2.0, begun: float = 50.0, **document: Any) -> EnginePod:  # noqa: ANN401
    """Eight run and some wait; this many have had their first token."""
    first = LatencyTotals(count=begun, total=0.0)
    return pod(name, figures=replace(engine(running=8.0, waiting=waiting), first_token=first), **document)


def looked(*scaling_facts: ScalingFacts, every: float = 1.0) -> QueueAge:
    """The queue's age after reads at this interval, the last of them at `AT`."""
    age, begin = QueueAge(), AT - every * (len(scaling_facts) - 1)
    for number, seen in enumerate(scaling_facts):
        age = queue_age.updated(age, pod_inventory.take(seen, AT), begin + every * number)
    return age


def need_of(seen: ScalingFacts, *, waited: float, since: float = 100.0, lowest: float = 1.0) -> SignalNeed:
    """The need from a wait that has lasted this long, and was never shorter meanwhile."""
    age = QueueAge(seconds=waited, at=AT, lowest=lowest, since=AT - since)
    most = queue_time.limit(seen.policy)
    assert most is not None
    return queue_time.candidate(seen, pod_inventory.take(seen, AT), age, most, COLD)


def fleet(count: int, **document: Any) -> ScalingFacts:  # noqa: ANN401  # fields of the facts
    """This many busy ones, with two waiting for each."""
    usual: dict[str, Any] = {"pods": tuple(busy(f"chat-{number}") for number in range(count)), "wanted": count}
    return facts(**usual | document)


def test_the_limit_is_the_policys_or_a_few_seconds_and_never_below_the_promised_first_token() -> None:
    backlog = SignalTargets(queue_per_replica=200, kv_target=None, token_headroom=None)
    assert queue_time.limit(ScalingPolicy()) == 3.0
    assert queue_time.limit(ScalingPolicy(objectives=Objectives(ttft_p95_seconds=10.0))) == 10.0
    assert queue_time.limit(ScalingPolicy(objectives=Objectives(ttft_p95_seconds=1.0))) == 3.0
    assert queue_time.limit(ScalingPolicy(objectives=Objectives(queue_time_p95_seconds=0.5))) == 0.5
    assert queue_time.limit(ScalingPolicy(signals=backlog)) is None, "a backlog is fine where a policy says so"
    assert queue_time.limit(ScalingPolicy(signals=backlog, objectives=Objectives(queue_time_p95_seconds=60.0))) == 60.0


def test_routers_report_how_long_the_oldest_request_waits() -> None:
    waits = facts(routers=(router(waiting=2.0, oldest_seconds=4.5),))
    assert looked(waits).seconds == 4.5


def test_an_engines_queue_is_as_old_as_the_first_of_it_that_was_not_begun() -> None:
    quiet, waits = fleet(1, pods=(busy(waiting=0.0),)), fleet(1)
    one_begun, all_begun = fleet(1, pods=(busy(begun=51.0),)), fleet(1, pods=(busy(begun=52.0),))
    assert looked(quiet, quiet).seconds == 0.0
    assert looked(waits, waits, one_begun).lines[0].begun == 50.0
    assert looked(waits, waits, all_begun).lines[0].begun == 52.0
    assert looked(waits, fleet(1, pods=(busy(begun=3.0),))).lines[0].begun == 3.0, "the engine began anew"


def test_an_engine_that_counts_only_ended_requests_is_used_and_one_that_counts_nothing_is_not() -> None:
    ended = fleet(1, pods=(pod(figures=engine(waiting=1.0, finished=7.0)),))
    silent = fleet(1, pods=(pod(figures=replace(engine(waiting=1.0), finished=None)),))
    assert looked(ended).lines[0].begun == 7.0
    assert looked(silent).lines == ()


def test_while_one_engine_has_no_queue_more_of_them_would_not_help_those_that_wait_at_another() -> None:
    beside = fleet(2, pods=(busy("chat-1"), busy("chat-2", waiting=0.0)))
    stamped = tuple(replace(one, figures=replace(one.figures, at=AT - 9.0)) for one in beside.pods if one.figures)
    assert looked(replace(beside, pods=stamped)).seconds == 0.0
    assert looked(replace(beside, pods=stamped[:1])).seconds == 9.0


def test_a_wait_is_forgotten_slowly_since_who_comes_next_has_waited_less() -> None:
    late, served = (facts(routers=(router(oldest_seconds=age),)) for age in (8.0, 0.0))
    assert looked(late, served, every=2.0).seconds == 7.0
    assert looked(late, *[served] * 9, every=2.0).seconds == 0.0


def test_since_a_replica_became_ready_the_shortest_wait_counts() -> None:
    late, shorter = (facts(routers=(router(oldest_seconds=age),)) for age in (8.0, 4.0))
    fresh = facts(pods=(pod(ready_at=AT),), routers=late.routers)
    assert looked(late, late, late).since == AT - 2.0
    assert looked(late, late, fresh).since == AT
    assert looked(late, shorter, shorter, shorter, every=2.0).since == AT, "it falls"


def test_up_to_the_queue_time_limit_no_replica_is_requested() -> None:
    assert need_of(fleet(1), waited=3.0).replicas is None


def test_one_more_at_least_and_more_by_how_far_the_limit_is_exceeded() -> None:
    assert need_of(fleet(1), waited=3.1).replicas == 2
    crowd = tuple(busy(f"chat-{number}", waiting=80.0) for number in range(8))
    answers = [need_of(fleet(8, pods=crowd), waited=waited).replicas for waited in (3.1, 6.0, 9.0, 15.0, 900.0)]
    assert answers == [9, 10, 12, 16, 16], "never more than as many again"


def test_no_more_than_those_that_wait_would_fill() -> None:
    assert need_of(fleet(8), waited=60.0).replicas == 10, "sixteen wait beside sixty-four that run"
    unknown = tuple(replace(one, figures=replace(one.figures, running=None)) for one in fleet(8).pods if one.figures)
    assert need_of(fleet(8, pods=unknown), waited=15.0).replicas == 16


def test_replicas_that_are_starting_are_not_requested_again() -> None:
    coming = tuple(
        pod(f"new-{number}", phase=EnginePodPhase.STARTING, figures=None, ready_at=None) for number in range(4)
    )
    growing = fleet(2, pods=(*fleet(2).pods, *coming), wanted=6)
    assert need_of(growing, waited=100.0).replicas == 3


def test_a_surge_of_a_rollout_is_no_measure() -> None:
    assert need_of(fleet(3, wanted=2), waited=4.0).replicas == 3


def test_a_replica_that_hangs_serves_no_request_and_is_replaced() -> None:
    hung = busy("hung", phase=EnginePodPhase.HUNG)
    assert need_of(fleet(2, pods=(*fleet(2).pods, hung), wanted=3), waited=4.0).replicas == 4


def test_warm_replicas_are_not_counted_as_serving() -> None:
    spares = ScalingPolicy(warm_pool=WarmPool(ready=1))
    assert need_of(fleet(2, policy=spares), waited=4.0).replicas == 2
    need = need_of(fleet(1, policy=spares), waited=4.0)
    assert need.replicas is None
    assert "no replica serves yet" in need.because


def test_a_replica_that_became_ready_and_a_wait_that_falls_are_given_a_chance() -> None:
    fresh = fleet(2, pods=(busy("chat-1"), busy("chat-2", ready_at=AT - 10.0)))
    assert need_of(fresh, waited=60.0).replicas == 2
    assert "no more are requested" in need_of(fresh, waited=60.0).because
    assert need_of(fleet(2), waited=60.0, since=1.0).replicas == 2
    assert need_of(fleet(2), waited=60.0, since=100.0).replicas == 3


def test_a_wait_that_began_after_the_newest_was_ready_is_nothing_that_it_works_off() -> None:
    fresh = fleet(1, pods=(busy("chat-1", ready_at=AT - 10.0),))
    assert need_of(fresh, waited=4.0, since=4.0, lowest=0.0).replicas == 2


def test_it_says_whose_limit_it_is() -> None:
    mine = ScalingPolicy(objectives=Objectives(queue_time_p95_seconds=2.0))
    assert need_of(fleet(1), waited=9.8).because == (
        "requests wait up to 9.8 s in the queue, the limit is 3 s: 1 replica more than the 1 that serves"
    )
    assert (
        "queueTimeP95 is 2 s: 1 replica more than the 4 that serve" in need_of(fleet(4, policy=mine), waited=3).because
    )


def test_a_queue_that_stays_grows_the_fleet_and_is_the_reported_reason() -> None:
    """Ten streams on eight slots: two wait, which the queue's target allows, and nothing is learnt yet."""
    recommendation, memory = recommender.recommend(fleet(1), ScalingState(), AT)
    for second in range(1, 7):
        recommendation, memory = recommender.recommend(_later(fleet(1), second), memory, AT + second)
    assert (recommendation.replicas, recommendation.reason) == (2, ScalingReason.QUEUE_TIME)
    assert figure(recommendation, "queue.seconds") > 3.0


def test_the_longest_wait_of_all_routers_counts() -> None:
    both = facts(routers=(router(oldest_seconds=1.0), RouterPod(name="router-2", figures=_oldest(6.0))))
    assert looked(both).seconds == 6.0


def figure(recommendation: Recommendation, name: str) -> float:
    """One figure of the queue-time signal."""
    (late,) = (one for one in recommendation.candidates if one.signal is ScalingSignal.QUEUE_TIME)
    return next(one.value for one in late.figures if one.name == name)


def _later(seen: ScalingFacts, seconds: float) -> ScalingFacts:
    """The same facts later, without any progress."""
    pods = tuple(replace(one, figures=replace(one.figures, at=AT + seconds)) for one in seen.pods if one.figures)
    return replace(seen, pods=pods, routers=(RouterPod(name="router-1", figures=_oldest(0.0, AT + seconds)),))


def _oldest(seconds: float, at: float = AT - 1.0) -> RouterFigures:
    return RouterFigures(at=at, arrivals=1000.0, prompt_tokens=100_000.0, oldest_seconds=seconds)
