"""A decision in summary: what is summed, what is a mean, and what stays absent when unknown."""

from dataclasses import replace

import pytest

from fairlead.scaling.explain.decision_summary import summarize
from fairlead.scaling.facts import EnginePodPhase
from tests.cli.decisions import decided, engine, facts, pod, router
from tests.scaling.busy_fleets import steady


def test_replicas_are_summed_and_their_cache_is_a_mean() -> None:
    two = (pod(figures=engine(kv_usage=0.2, running=3.0, waiting=1.0)), pod("b", figures=engine(kv_usage=0.6)))
    seen = summarize(decided(facts(pods=two, routers=(router(waiting=4.0, held=4.0),), price_per_hour=1.5)))
    assert (seen.running, seen.waiting, seen.held) == (5.0, 5.0, 4.0)
    assert seen.kv_usage == pytest.approx(0.4)
    assert seen.price_per_hour == 3.0
    assert seen.phases == {"ready": 2}


def test_figures_that_no_pod_or_router_reports_are_absent_and_not_zero() -> None:
    seen = summarize(decided(facts(pods=(pod(figures=None),), routers=())))
    assert (seen.running, seen.waiting, seen.held, seen.kv_usage, seen.price_per_hour) == (None,) * 5


def test_only_pods_on_a_node_are_paid_for() -> None:
    pods = (
        pod(),
        pod("starting", phase=EnginePodPhase.STARTING),
        pod("pending", phase=EnginePodPhase.PENDING),
        pod("unplaceable", phase=EnginePodPhase.UNPLACEABLE),
        pod("dead", phase=EnginePodPhase.DEAD),
    )
    assert summarize(decided(facts(pods=pods, price_per_hour=2.0))).price_per_hour == 4.0


def test_latencies_are_those_of_the_last_seconds() -> None:
    seen = summarize(steady())
    assert seen.tpot_seconds == pytest.approx(0.04)
    assert seen.ttft_kept == pytest.approx(0.962)
    assert seen.demand == pytest.approx(10.0)


def test_supply_is_the_forecast_demand_times_the_replicas_there_are_over_those_it_needs() -> None:
    figures = {
        "demand.requestsPerSecond": 6.0,
        "demand.forecastFactor": 1.5,
        "supply.replicas": 4.0,
        "need.replicas": 3.0,
    }
    assert replace(summarize(steady()), figures=figures).supply == pytest.approx(12.0)


def test_a_decision_after_the_first_scrape_has_no_latency() -> None:
    seen = summarize(decided())
    assert (seen.ttft_kept, seen.tpot_seconds, seen.supply) == (None, None, None)
