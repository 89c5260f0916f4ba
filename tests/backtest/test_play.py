"""Results of a candidate: enough replicas meet objectives, too few do not, and a policy's answers are reported."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from fairlead.backtest import baselines
from fairlead.backtest import play as playing
from fairlead.backtest.candidate import Candidate
from fairlead.backtest.play import PlayedTraffic, PlaySettings
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.fleet.policies import ColdStart, Objectives, ReplicaBounds, ScalingPolicy
from fairlead.fleet.randomness import RandomSource
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from tests.simulator.engine.engines import PlainTimes

SETTINGS = EngineSettings(blocks=2000, block_tokens=16, batch_tokens=2048, max_sequences=64, context_tokens=4096)


def streams(name: str) -> RandomSource:
    return random.Random(name)  # noqa: S311  # a replayable draw


def candidate(replicas: int | ReplicaBounds = 1, **changes: object) -> Candidate:
    made = Candidate(
        name="chat",
        settings=SETTINGS,
        times=PlainTimes(),
        ranks=1,
        gpus=2,
        price_an_hour=3.0,
        replicas=replicas,
        policy=ScalingPolicy(
            objectives=Objectives(ttft_p95_seconds=2.0, tpot_p95_seconds=0.2), cold_start=ColdStart(assume_seconds=30)
        ),
        routers=2,
        notes=("step times: a story's",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # tests name valid fields


def steady(a_second: float, seconds: float, output_tokens: int = 20) -> PlayedTraffic:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for number in range(int(a_second * seconds)):
            yield RequestArrival(time=number / a_second, prompt_tokens=200, output_tokens=output_tokens)

    return PlayedTraffic(arrivals=arrivals, seconds=seconds - 1 / a_second)


def test_a_fleet_with_room_keeps_its_objectives_and_costs_what_it_has() -> None:
    found = playing.play(candidate(3), steady(1.0, 1200), PlaySettings(streams=streams))

    assert found.keeps
    assert found.report.answered == found.report.arrived == 1200
    assert found.worst is not None
    assert found.worst.kept == 1.0
    assert found.report.gpu_hours == pytest.approx(3 * 2 * 1199 / 3600)
    cost = 3.0 * found.report.gpu_hours
    assert found.cost == pytest.approx(cost)
    assert 0 < found.late_cost < 0.001 * cost, "the last answer takes a fraction of a second"
    assert found.cost_of_kept_request == pytest.approx((cost + found.late_cost) / 1200)
    assert found.cost_of_thousand_tokens == pytest.approx((cost + found.late_cost) / 24)
    assert found.decisions == ()
    assert found.mean_replicas == pytest.approx(3.0)
    assert found.max_replicas == 3


def test_too_few_replicas_do_not_keep_them_and_the_worst_ten_minutes_are_named() -> None:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for number in range(600):
            yield RequestArrival(time=float(number), prompt_tokens=200, output_tokens=20)
        for number in range(6_000):
            yield RequestArrival(time=600 + number / 10, prompt_tokens=1000, output_tokens=200)

    found = playing.play(candidate(1), PlayedTraffic(arrivals=arrivals, seconds=1200.0), PlaySettings(streams=streams))

    assert not found.keeps
    assert found.worst is not None
    assert found.worst.since == 600.0
    assert found.worst.kept < found.report.kept
    assert found.report.left > 0, "what is not answered ten minutes after the last request counts as lost"


def test_a_policy_adds_replicas_after_their_cold_start_and_says_why() -> None:
    found = playing.play(
        candidate(ReplicaBounds(least=1, most=8, policy="chat")), steady(30.0, 300), PlaySettings(streams=streams)
    )

    first = found.decisions[0]
    assert (first.before, first.after > 1) == (1, True)
    assert first.message
    assert found.max_replicas > 1
    assert 1 < found.mean_replicas < 8
    assert found.objectives == LatencyObjectives(ttft_p95_s=2.0, tpot_p95_s=0.2)


def test_the_comparison_may_judge_otherwise_start_with_more_and_wait_longer_for_a_replica() -> None:
    bounds = ReplicaBounds(least=0, most=4, policy="chat")
    shown: list[float] = []
    settings = PlaySettings(
        streams=streams,
        objectives=LatencyObjectives(ttft_p95_s=0.001),
        cold_starts=FixedColdStarts(200.0),
        start=9,
        progress=shown.append,
    )
    found = playing.play(candidate(bounds), steady(2.0, 300), settings)

    assert found.objectives == LatencyObjectives(ttft_p95_s=0.001, tpot_p95_s=0.2)
    assert not found.keeps
    assert found.max_replicas == 4, "nine are more than it may have"
    assert found.notes[-1] == "4 replicas at first instead of 9, which spec.replicas or scaling excludes"
    assert shown[:3] == [0.0, 60.0, 120.0]
    least = playing.play(candidate(bounds), steady(2.0, 60), PlaySettings(streams=streams))
    assert least.report.answered == 120, "none is the fewest, and one there is at first"
    assert not [note for note in least.notes if "at first" in note], "--start was left out"


@pytest.mark.parametrize("own", [Objectives(ttft_p95_seconds=2.0, tpot_p95_seconds=0.2), Objectives()])
def test_other_objectives_change_the_verdict_and_not_what_the_policy_decides(own: Objectives) -> None:
    bounds = ReplicaBounds(least=1, most=8, policy="chat")
    made = candidate(bounds, policy=ScalingPolicy(objectives=own, cold_start=ColdStart(assume_seconds=30)))
    strict = LatencyObjectives(ttft_p95_s=0.02, tpot_p95_s=0.005)
    usual, judged = (
        playing.play(made, steady(30.0, 900), PlaySettings(streams=streams, objectives=one))
        for one in (LatencyObjectives(), strict)
    )

    assert usual.decisions, "it does scale"
    assert judged.decisions == usual.decisions
    assert judged.mean_replicas == usual.mean_replicas
    assert judged.report.kept < usual.report.kept


def test_without_an_objective_every_answer_counts() -> None:
    found = playing.play(candidate(2, policy=ScalingPolicy()), steady(30.0, 120), PlaySettings(streams=streams))

    assert found.decisions == ()
    assert found.max_replicas == 2
    assert found.objectives == LatencyObjectives()
    assert found.keeps


def test_ranks_of_one_replica_share_its_requests_and_an_unknown_price_leaves_costs_unknown() -> None:
    found = playing.play(candidate(1, ranks=2, price_an_hour=None), steady(4.0, 120), PlaySettings(streams=streams))

    assert found.report.answered == 480
    assert (found.cost, found.cost_of_thousand_tokens, found.cost_of_kept_request) == (None, None, None)


def test_a_policy_takes_a_replica_of_ranks_for_as_fast_and_as_large_as_all_of_them() -> None:
    """A rank runs eight requests at once, and this traffic needs more."""
    narrow = candidate(ReplicaBounds(least=1, most=8, policy="chat"), settings=replace(SETTINGS, max_sequences=8))
    settings = PlaySettings(streams=streams)

    def most(ranks: int) -> int:
        return playing.play(replace(narrow, ranks=ranks), steady(8.0, 600, output_tokens=100), settings).max_replicas

    assert most(ranks=1) > 1, "which the traffic needs"
    assert (most(ranks=2), most(ranks=4)) == (1, 1)


def test_one_request_is_a_traffic_too() -> None:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        yield RequestArrival(time=0.0, prompt_tokens=5000, output_tokens=2)

    found = playing.play(candidate(1), PlayedTraffic(arrivals=arrivals, seconds=0.0), PlaySettings(streams=streams))

    assert (found.report.arrived, found.report.refused) == (1, 1), "longer than the context"
    assert found.worst is None
    assert found.mean_replicas == 1.0
    assert found.cost_of_kept_request is None


def at_once(requests: int) -> PlayedTraffic:
    def arrivals(_: int) -> Iterator[RequestArrival]:
        for _number in range(requests):
            yield RequestArrival(time=0.0, prompt_tokens=200, output_tokens=20)

    return PlayedTraffic(arrivals=arrivals, seconds=0.0, at_once=True)


def test_what_comes_at_once_lasts_until_its_last_answer_and_replicas_are_paid_for_that_long() -> None:
    found = playing.play(candidate(2), at_once(400), PlaySettings(streams=streams))

    assert found.report.answered == 400
    assert found.report.seconds == found.report.e2e.most > 0
    assert found.mean_replicas == pytest.approx(2.0)
    assert found.report.gpu_hours == pytest.approx(2 * 2 * found.report.seconds / 3600)


def test_what_is_not_answered_in_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(playing, "BATCH_SECONDS", 5.0)
    found = playing.play(candidate(1), at_once(4000), PlaySettings(streams=streams))

    assert found.report.left > 0
    assert found.report.answered + found.report.left == 4000
    assert found.report.seconds == 5.0


def test_the_same_seed_plays_the_same() -> None:
    bounds = ReplicaBounds(least=1, most=8, policy="chat")
    once, again = (playing.play(candidate(bounds), steady(20.0, 300), PlaySettings(streams=streams)) for _ in range(2))

    assert once.report.as_document() == again.report.as_document()
    assert once.decisions == again.decisions


def test_a_warm_up_is_played_and_not_counted() -> None:
    traffic = replace(steady(1.0, 1200), since=600.0)
    found = playing.play(candidate(2), traffic, PlaySettings(streams=streams))

    assert found.report.arrived == 600
    assert found.report.seconds == pytest.approx(599.0)
    assert found.report.gpu_hours == pytest.approx(2 * 2 * 599 / 3600)
    assert found.mean_replicas == pytest.approx(2.0)


def test_a_baseline_scales_the_same_replicas_and_gives_no_reason() -> None:
    bounds = ReplicaBounds(least=1, most=8, policy="chat")
    found = playing.play(
        candidate(bounds).under(baselines.KEDA), steady(1.0, 400), PlaySettings(streams=streams, start=3)
    )

    assert found.name == "chat, KEDA on queue"
    assert [(one.before, one.after, one.reason) for one in found.decisions] == [(3, 1, None)]
    assert found.notes[0] == "scaled by KEDA on queue, 5 waiting a replica as vLLM's production stack has it"


@pytest.mark.parametrize("word", baselines.BASELINES)
def test_every_baseline_can_be_played_between_its_bounds(word: str) -> None:
    bounds = ReplicaBounds(least=0, most=3, policy="chat")
    made = candidate(bounds).under(baselines.BASELINES[word])
    found = playing.play(made, steady(20.0, 300), PlaySettings(streams=streams, start=2))

    assert 0 <= found.max_replicas <= 3


def test_replicas_that_start_or_answer_after_the_traffic_are_none_of_its_most() -> None:
    bounds, late = ReplicaBounds(least=1, most=8, policy="chat"), FixedColdStarts(250.0)
    settings = PlaySettings(streams=streams, cold_starts=late)
    found = playing.play(candidate(bounds), steady(100.0, 200), settings)

    assert found.decisions[0].after > 1
    assert max(found.report.gauges.ready) > 1, "they are ready while the last answers are waited for"
    assert found.max_replicas == 1


def test_answers_after_the_traffic_are_paid_for_where_a_token_has_its_price() -> None:
    """Twenty seconds of more than one replica can do: it works several times as long on the answers."""
    found = playing.play(candidate(1), steady(100.0, 20), PlaySettings(streams=streams))
    tokens, price = 20 * 2000, 2 * 3.0 / 3600

    assert found.report.answered == 2000
    assert found.cost is not None
    assert found.cost == pytest.approx(19.99 * price)
    answered_s = (found.cost + found.late_cost) / price
    assert answered_s > 40
    assert found.cost_of_thousand_tokens == pytest.approx(1000 * answered_s * price / tokens)
    assert found.notes[-1].startswith(f"answers took until {answered_s - 19.99:,.0f} s after the last request: GPU hou")
