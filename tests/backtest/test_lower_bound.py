"""A lower bound for every policy: valid whoever decides and routes, and close to the truth where it can be counted."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.backtest import lower_bound
from fairlead.backtest.lower_bound import BoundQuestion
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.settings import EngineSettings, SpeculationSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, LeastTokens, PrefixAffinity, RoundRobin
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes

GOAL = 0.95
ROOMY = EngineSettings(blocks=400, block_tokens=16, batch_tokens=512, max_sequences=16, context_tokens=2048)
TIGHT = EngineSettings(blocks=60, block_tokens=16, batch_tokens=256, max_sequences=24, context_tokens=768)
CUT = EngineSettings(
    blocks=400, block_tokens=16, batch_tokens=256, max_sequences=8, context_tokens=2048, long_prefill_tokens=64
)
WHOLE = EngineSettings(
    blocks=400, block_tokens=16, batch_tokens=2048, max_sequences=8, context_tokens=2048, chunked_prefill=False
)
LATE = EngineSettings(
    blocks=300, block_tokens=16, batch_tokens=512, max_sequences=12, context_tokens=2048, late_stop=True
)
DRAFTS = EngineSettings(
    blocks=400,
    block_tokens=16,
    batch_tokens=512,
    max_sequences=8,
    context_tokens=2048,
    speculation=SpeculationSettings(tokens=2, acceptance=(0.9, 0.7), lookahead=2),
)
ENGINES = st.sampled_from((ROOMY, TIGHT, CUT, WHOLE, LATE, DRAFTS))
OBJECTIVES = st.builds(
    LatencyObjectives,
    ttft_p95_s=st.sampled_from((0.5, 2.0, 10.0)),
    tpot_p95_s=st.sampled_from((None, 0.015, 0.04, 0.3)),
)
TIMES = PlainTimes(prompt_token_s=0.0008, sequence_s=0.0004)
RULES = st.sampled_from((RoundRobin, LeastTokens, PrefixAffinity))


@st.composite
def traffics(draw: st.DrawFn) -> list[RequestArrival]:
    """Some minutes with a calm and a busy part, of prompts that may share prefixes."""
    seed, shares = draw(st.integers(0, 10_000)), draw(st.booleans())
    rates = draw(st.lists(st.sampled_from((0.2, 1.0, 3.0, 8.0)), min_size=1, max_size=4))
    chance = random.Random(seed)  # noqa: S311  # replayed by its seed
    prompts = draw(st.sampled_from(((1, 40), (100, 500), (300, 700))))
    gaps = [chance.expovariate(rate) for rate in rates for _ in range(int(60 * rate))]
    return [one(chance, time, prompts, shares=shares) for time in accumulate((0.0, *gaps))]


def one(chance: random.Random, time: float, prompts: tuple[int, int], *, shares: bool) -> RequestArrival:
    tokens, family = chance.randint(*prompts), chance.randint(0, 5)
    prefix = tuple(1000 * family + block for block in range(tokens // 16)) if shares else ()
    return RequestArrival(time=time, prompt_tokens=tokens, output_tokens=chance.randint(1, 60), prefix=prefix)


@st.composite
def plans(draw: st.DrawFn) -> "Plan":
    """Any number of replicas at any time."""
    return Plan(draw(st.lists(st.integers(0, 5), min_size=1, max_size=12)), draw(st.sampled_from((7.0, 20.0, 61.0))))


def least(question: BoundQuestion) -> float:
    """The bound if requests that miss their objectives may be left out."""
    return lower_bound.least(question).anyhow


class Plan:
    """Requests one number after the other."""

    def __init__(self, numbers: Sequence[int], every_s: float) -> None:
        self.numbers, self.every_s = numbers, every_s

    def wanted(self, snapshot: FleetSnapshot) -> int:
        return self.numbers[int(snapshot.at / self.every_s) % len(self.numbers)]

    def __repr__(self) -> str:
        return f"{self.numbers} every {self.every_s} s"


def posed(
    traffic: list[RequestArrival], settings: EngineSettings, objectives: LatencyObjectives, cold_s: float, **more: float
) -> BoundQuestion:
    return BoundQuestion(
        settings=settings,
        times=TIMES,
        ranks=int(more.get("ranks", 1)),
        objectives=objectives,
        goal=GOAL,
        least=int(more.get("least", 0)),
        cold_s=cold_s,
        arrivals=lambda: traffic,
        seconds=traffic[-1].time,
        answered_s=more.get("answered_s", 600.0),
    )


def played(question: BoundQuestion, plan: Plan, rule: type[Balancer]) -> tuple[float, float, float]:
    """The share that meets the objectives, the replica-seconds paid while the traffic lasts, and the slowest answer."""

    def inside(ordinal: int) -> ReplicaEngines:
        return ReplicaEngines((EngineCore(question.settings, question.times, random.Random(ordinal)),))  # noqa: S311

    fleet = SimulatedFleet(
        inside=inside,
        replicas=plan.numbers[0],
        cold_starts=FixedColdStarts(question.cold_s),
        scaling=ScalingHook(wanted=plan.wanted, every_s=1.0),
    )
    statistics = RunStatistics(question.objectives)
    world = FleetSimulation(fleet, rule(), random.Random(0), statistics)  # noqa: S311  # nothing secret
    world.run(iter(question.arrivals()), until=question.seconds + 600)
    paid = (
        min(question.seconds if one.gone_at is None else one.gone_at, question.seconds)
        - min(one.wanted_at, question.seconds)
        for one in world.replicas.all
    )
    counts = statistics.counts
    slowest = inf if counts.refused + counts.left else statistics.e2e.most
    return counts.kept / counts.arrived, sum(paid), slowest


@given(
    st.builds(posed, traffics(), ENGINES, OBJECTIVES, st.sampled_from((0.0, 5.0, 40.0))),
    plans(),
    RULES,
)
def test_no_plan_that_keeps_the_objectives_is_ever_cheaper(
    question: BoundQuestion, plan: Plan, rule: type[Balancer]
) -> None:
    kept, paid, _ = played(question, plan, rule)
    if kept >= GOAL:
        assert least(question) <= paid


@given(
    st.builds(posed, traffics(), ENGINES, OBJECTIVES, st.sampled_from((0.0, 5.0, 40.0))),
    plans(),
    RULES,
    st.floats(1.0, 2.0),
)
def test_no_plan_that_also_answers_all_requests_is_ever_cheaper_than_the_higher_bound(
    question: BoundQuestion, plan: Plan, rule: type[Balancer], longer: float
) -> None:
    """However long the slowest answer took, and somewhat longer: the bound for just that time holds."""
    kept, paid, slowest = played(question, plan, rule)
    if kept >= GOAL and slowest < inf:
        found = lower_bound.least(replace(question, answered_s=longer * slowest))
        assert found.anyhow <= found.answering <= paid


@given(traffics(), ENGINES, OBJECTIVES, RULES)
def test_the_smallest_fixed_number_that_keeps_the_objectives_never_costs_less(
    traffic: list[RequestArrival], settings: EngineSettings, objectives: LatencyObjectives, rule: type[Balancer]
) -> None:
    question = posed(traffic, settings, objectives, 0.0)
    for number in range(1, 6):
        kept, paid, slowest = played(question, Plan((number,), 1000.0), rule)
        if kept >= GOAL:
            found = lower_bound.least(replace(question, answered_s=slowest))
            assert found.anyhow <= found.answering <= paid
            return


def steady(a_second: float, seconds: float) -> list[RequestArrival]:
    return [
        RequestArrival(time=number / a_second, prompt_tokens=200, output_tokens=20)
        for number in range(int(a_second * seconds))
    ]


CHAT = LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=0.3)


def test_a_steady_load_needs_nearly_what_it_takes() -> None:
    """A prompt costs 0.16 s: for 9.5 of ten requests a second that is 1.52 replicas, plus their replies."""
    question = posed(steady(10.0, 1200), ROOMY, CHAT, 30.0)
    found = least(question) / question.seconds

    assert 1.6 < found < 2.4


def test_replicas_are_whole_where_a_start_costs_more_than_a_pause_saves() -> None:
    """Ten seconds of work and ten of rest, repeatedly: leaving for so short a time saves nothing."""
    traffic = [one for one in steady(10.0, 1200) if one.time % 20 < 10]
    dear, cheap = (least(posed(traffic, ROOMY, CHAT, cold_s)) for cold_s in (300.0, 0.0))

    assert cheap <= dear


def test_a_start_is_paid_for() -> None:
    """A calm hour with one crowd: replicas for the crowd are paid while they start."""
    crowd = [RequestArrival(time=1500 + number / 20, prompt_tokens=200, output_tokens=20) for number in range(20 * 300)]
    traffic = sorted((*steady(1.0, 3600), *crowd), key=lambda one: one.time)
    slow, quick = (least(posed(traffic, ROOMY, CHAT, cold_s, least=1)) for cold_s in (200.0, 0.0))

    assert slow >= quick + 200.0


def test_what_a_deployment_must_have_anyway_is_part_of_it() -> None:
    question = posed(steady(0.1, 600), ROOMY, CHAT, 30.0, least=2)

    assert least(question) == pytest.approx(2 * question.seconds)


def test_ranks_of_a_replica_work_at_the_same_time() -> None:
    alone, both = (least(posed(steady(10.0, 600), ROOMY, CHAT, 0.0, ranks=ranks)) for ranks in (1, 2))

    assert both == pytest.approx(alone / 2, rel=0.02)


def test_what_is_late_costs_as_much_as_what_is_in_time_unless_it_is_left_out() -> None:
    """One prompt in twenty is five times as long: left out it costs nothing, and answered late nearly all of it."""
    traffic = [
        replace(one, prompt_tokens=1000 if number % 20 == 0 else 200) for number, one in enumerate(steady(2.0, 2400))
    ]
    left_out, late = (
        lower_bound.least(posed(traffic, ROOMY, CHAT, 0.0, answered_s=answered_s)) for answered_s in (1e9, 60.0)
    )

    assert left_out.answering == left_out.anyhow == late.anyhow
    assert late.answering > 1.1 * late.anyhow


def test_a_block_that_must_be_served_has_no_course_with_too_few_replicas() -> None:
    """All is certain but the last minute: two replicas are needed all the time, though requests may be missed."""
    question = posed(steady(10.0, 1200), ROOMY, CHAT, 0.0, answered_s=30.0)

    assert least(question) < lower_bound.least(question).answering < 2.4 * question.seconds


@pytest.mark.parametrize("objectives", [LatencyObjectives(), LatencyObjectives(tpot_p95_s=0.1)])
def test_without_a_first_token_objective_all_may_wait_until_the_end(objectives: LatencyObjectives) -> None:
    assert least(posed(steady(10.0, 60), ROOMY, objectives, 30.0)) == 0.0


def test_what_is_cached_is_computed_once() -> None:
    def alike(prefix: tuple[int, ...]) -> Iterator[RequestArrival]:
        for number in range(1200):
            yield RequestArrival(time=number / 4, prompt_tokens=480, output_tokens=2, prefix=prefix)

    shared, apart = (least(posed(list(alike(prefix)), ROOMY, CHAT, 0.0)) for prefix in (tuple(range(30)), ()))

    assert shared < apart / 4


def test_a_shortest_objective_for_the_pace_makes_a_token_dearer() -> None:
    """Few sequences may decode together where a step must be short, so a step serves fewer."""
    traffic = [RequestArrival(time=number / 4, prompt_tokens=20, output_tokens=60) for number in range(2400)]
    hurried, calm = (
        least(posed(traffic, ROOMY, LatencyObjectives(ttft_p95_s=1.0, tpot_p95_s=pace), 0.0)) for pace in (0.012, 0.3)
    )

    assert hurried > 1.2 * calm


def test_what_came_before_has_filled_the_cache_and_counts_no_more() -> None:
    """Times before zero: part of a trace is evaluated, and the cache holds what came before it."""
    later = [
        RequestArrival(time=number / 4, prompt_tokens=480, output_tokens=2, prefix=tuple(range(number, number + 30)))
        for number in range(-1200, 1200)
    ]
    alone = [one for one in later if one.time >= 0]
    anew = [RequestArrival(time=one.time, prompt_tokens=480, output_tokens=2) for one in alone]
    part, without, nothing = (least(posed(traffic, ROOMY, CHAT, 0.0)) for traffic in (later, alone, anew))

    assert part <= without < nothing


def test_one_request_is_a_traffic_too() -> None:
    question = posed([RequestArrival(time=0.0, prompt_tokens=5, output_tokens=2)], ROOMY, CHAT, 0.0)

    assert least(question) == 0.0


def test_a_budget_too_small_for_prompts_lets_them_ride_for_nothing() -> None:
    """Where a step may be full of decoding requests, no price for prompts is a valid bound."""
    narrow = EngineSettings(blocks=400, block_tokens=16, batch_tokens=32, max_sequences=16, context_tokens=2048)
    question = posed(steady(2.0, 300), narrow, CHAT, 0.0)

    assert 0.0 < least(question) < question.seconds
