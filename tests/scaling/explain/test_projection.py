"""How facts evolve when traffic goes on: counters move as on a real engine, pods stay as they are."""

from dataclasses import replace

import pytest

from fairlead.scaling.explain import projection
from fairlead.scaling.explain.projection import ProjectedTraffic
from fairlead.scaling.facts import (
    EngineFigures,
    EnginePodPhase,
    LatencyTotals,
    RouterFigures,
    SampleProblem,
    ScalingFacts,
)
from tests.cli.decisions import AT, engine, facts, pod, router

TRAFFIC = ProjectedTraffic(requests=2.0, prompt_tokens=400.0, output_tokens=200.0, cached_share=0.25)


def _engine(seen: ScalingFacts, number: int = 0) -> EngineFigures:
    figures = seen.pods[number].figures
    assert figures is not None
    return figures


def _router(seen: ScalingFacts) -> RouterFigures:
    figures = seen.routers[0].figures
    assert figures is not None
    return figures


def test_traffic_is_shared_by_the_engines_that_serve_and_counted_by_the_pods_that_report() -> None:
    start = facts(
        pods=(pod(), pod("chat-2"), pod("starting", phase=EnginePodPhase.STARTING)), routers=(router(), router())
    )
    seen = projection.later(start, TRAFFIC, 10.0)
    assert _engine(seen).prompt_tokens == 5000.0 + 2000.0
    assert _engine(seen).cached_tokens == 1000.0 + 500.0
    assert _engine(seen).output_tokens == 5000.0 + 1000.0
    assert _engine(seen).finished == 50.0 + 10.0
    assert _engine(seen, 2).output_tokens == 5000.0
    assert _router(seen).arrivals == 1000.0 + 10.0
    assert _router(seen).at == AT + 9.0


def test_the_time_per_token_stays_what_it_is_while_as_many_run() -> None:
    start = facts(pods=(pod(figures=_with_latency(engine(running=4.0))),))
    before, after = _engine(start), _engine(projection.later(start, TRAFFIC, 50.0))
    assert before.per_token is not None
    assert after.per_token is not None
    count = after.per_token.count - before.per_token.count
    assert (after.per_token.total - before.per_token.total) / count == pytest.approx(4.0 / 200.0)
    assert after.steps is not None
    assert after.steps - 5000.0 == pytest.approx(50.0 * 200.0 / 4.0)


def _with_latency(figures: EngineFigures) -> EngineFigures:
    latency = LatencyTotals(count=10.0, total=5.0, kept=8.0)
    return replace(figures, first_token=latency, per_token=LatencyTotals(count=0.0, total=0.0, kept=0.0))


def test_first_tokens_go_on_as_they_were_on_average() -> None:
    start = facts(pods=(pod(figures=_with_latency(engine())),))
    totals = _engine(projection.later(start, TRAFFIC, 5.0)).first_token
    assert totals == LatencyTotals(count=20.0, total=10.0, kept=16.0)


def test_without_requests_nothing_runs_and_no_counter_moves() -> None:
    seen = projection.later(facts(routers=(router(waiting=3.0, oldest_seconds=2.0),)), TRAFFIC.times(0.0), 30.0, 0.0)
    figures = _engine(seen)
    assert (figures.running, figures.waiting, figures.kv_usage) == (0.0, 0.0, 0.0)
    assert (figures.output_tokens, figures.steps, figures.at) == (5000.0, 5000.0, AT + 29.0)
    assert (_router(seen).waiting, _router(seen).oldest_seconds) == (0.0, 0.0)


def test_figures_that_were_not_reported_stay_absent_and_those_with_a_sample_problem_stay_old() -> None:
    bare = EngineFigures(at=AT)
    start = facts(
        pods=(pod(figures=bare), pod("b", figures=None), pod("c", problem=SampleProblem.NO_ANSWER)),
        routers=(router(), router()),
    )
    seen = projection.later(start, TRAFFIC, 10.0)
    assert _engine(seen) == EngineFigures(at=AT + 10.0)
    assert seen.pods[1:] == start.pods[1:]


def test_a_router_with_a_sample_problem_stays_unchanged() -> None:
    silent = replace(router(), problem=SampleProblem.NO_ANSWER)
    assert projection.later(facts(routers=(silent,)), TRAFFIC, 10.0).routers == (silent,)


def test_more_requests_wait_at_a_router_where_one_reports_and_otherwise_in_an_engine() -> None:
    mute = replace(router(), figures=None)
    assert _router(projection.with_waiting(facts(), 5.0)).waiting == 5.0
    assert _engine(projection.with_waiting(facts(routers=(mute,)), 5.0)).waiting == 5.0
    scaling_facts = facts(pods=(pod(phase=EnginePodPhase.STARTING),), routers=())
    assert projection.with_waiting(scaling_facts, 5.0) == scaling_facts
