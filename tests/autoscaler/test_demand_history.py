"""The past weeks from a Prometheus that has them: hours of the week of which nothing is known yet."""

import asyncio
import threading
from dataclasses import replace
from math import nan
from typing import Final

from fairlead.autoscaler import demand_history
from fairlead.autoscaler.samples.prometheus import PrometheusSampleSource
from fairlead.autoscaler.samples.prometheus_api import PrometheusServer
from fairlead.autoscaler.samples.prometheus_queries import PodName
from fairlead.autoscaler.samples.query_turns import QueryTurns
from fairlead.autoscaler.samples.sample_source import SampleSource
from fairlead.autoscaler.samples.scraper import Scraper
from fairlead.scaling.decide.scaling_state import ScalingState
from fairlead.scaling.learn.demand_forecast import HOUR, UNSEEN, WEEK
from tests.autoscaler.weeks import Weeks

ROUTERS: Final = PodName("demo", "chat-router")
NOW: Final = 1_795_176_000.0 + 700
TIMEOUT_S: Final = 10.0
"""Seconds that a thread gets; it needs a thousandth."""


def seeded(weeks: Weeks, memory: ScalingState | None = None) -> ScalingState:
    async def story() -> ScalingState:
        source = PrometheusSampleSource(
            PrometheusServer(url="http://prometheus"), QueryTurns(), connect=lambda _: weeks
        )
        return await demand_history.seeded(memory or ScalingState(), source, ROUTERS, NOW)

    return asyncio.run(story())


def hours_of(memory: ScalingState) -> tuple[float, ...]:
    return memory.estimates.forecasts.hours


def test_an_hour_is_the_mean_of_what_it_was_in_each_week() -> None:
    eight = 8 * HOUR
    hours = demand_history.hours([(eight + HOUR, 2.0), (eight + HOUR + WEEK * HOUR, 4.0), (eight + 2 * HOUR, nan)])

    assert hours[8] == 3.0
    assert set(hours) == {3.0, UNSEEN}
    assert len(hours) == WEEK


def test_a_deployment_without_history_starts_from_the_past_weeks_in_prometheus() -> None:
    weeks = Weeks([(HOUR, 2.0)])

    assert hours_of(seeded(weeks))[0] == 2.0
    end = NOW - 700
    query = (
        'sum(max by (namespace, pod, model, lane) (rate(fairlead_router_arrivals_total{namespace="demo", '
        'pod=~"chat-router-.+", lane!="batch"}[1h])))'
    )
    assert weeks.queries == [(query, end - 4 * WEEK * HOUR, end, HOUR)]


def test_hours_learned_here_take_precedence_over_those_from_prometheus() -> None:
    weeks = Weeks([(HOUR, 2.0)])
    estimates = ScalingState().estimates
    memory = ScalingState(estimates=replace(estimates, forecasts=replace(estimates.forecasts, hours=(7.0,) * WEEK)))

    assert (seeded(weeks, memory), weeks.queries) == (memory, [])


def test_a_prometheus_without_a_past_or_without_an_answer_leaves_the_hours_unknown() -> None:
    assert hours_of(seeded(Weeks([]))) == hours_of(seeded(Weeks(None))) == ()


class SlowWeeks(Weeks):
    """Answers only once the test says so."""

    def __init__(self, course: list[tuple[float, float]]) -> None:
        super().__init__(course)
        self.entered, self.answers = threading.Event(), threading.Event()

    def course(self, query: str, start: float, end: float, step_seconds: float) -> list[tuple[float, float]]:
        self.entered.set()
        assert self.answers.wait(TIMEOUT_S)
        return super().course(query, start, end, step_seconds)


def test_who_waits_too_long_for_its_turn_goes_without_and_the_next_is_answered() -> None:
    weeks = SlowWeeks([(HOUR, 2.0)])

    async def story() -> tuple[ScalingState, ScalingState]:
        source = PrometheusSampleSource(
            PrometheusServer(url="http://prometheus"), QueryTurns(), connect=lambda _: weeks, timeout_seconds=0.01
        )
        slow = asyncio.create_task(demand_history.seeded(ScalingState(), source, ROUTERS, NOW))
        await asyncio.to_thread(weeks.entered.wait, TIMEOUT_S)
        without = await demand_history.seeded(ScalingState(), source, ROUTERS, NOW)
        weeks.answers.set()
        await slow
        return without, await demand_history.seeded(ScalingState(), source, ROUTERS, NOW)

    without, seen = asyncio.run(story())
    assert (hours_of(without), hours_of(seen)[0]) == ((), 2.0)


def test_pods_that_are_scraped_directly_provide_no_past_weeks() -> None:
    async def story() -> ScalingState:
        source: SampleSource = Scraper()
        return await demand_history.seeded(ScalingState(), source, ROUTERS, NOW)

    assert asyncio.run(story()) == ScalingState()
