"""What missing, late and long-interval metrics do to the count of a fleet whose traffic stays the same."""

import copy
import functools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from fairlead.fleet.policies import ScalingPace, ScalingPolicy
from fairlead.scaling.facts import EnginePod, RouterPod, SampleProblem, ScalingFacts
from fairlead.scaling.learn import slo_correction
from fairlead.scaling.learn.estimates import Estimates
from tests.scaling.fluid_fleets import POLICY, QUEUE_ONLY, Fluid, only

RATE: Final = 40.0
EVERY: Final = 2.0
OUTAGE: Final = 400
"""Seconds: longer than a stabilization window."""
FAST: Final = replace(POLICY, pace=ScalingPace(down_max_step=4))


def settled(policy: ScalingPolicy = POLICY) -> Fluid:
    """A fleet that has served the same traffic for a while."""
    return copy.deepcopy(_settled(policy))


@functools.cache
def _settled(policy: ScalingPolicy) -> Fluid:
    """Played once for each policy: 1,500 decisions take a second."""
    fleet = Fluid(policy=policy).grown(10, at_once=True)
    fleet.lived(3000.0, RATE, every=EVERY)
    return fleet


def counts(fleet: Fluid, seconds: int) -> set[int]:
    """All counts during this time, with every sample at hand."""
    found = set()
    for _ in range(int(seconds / EVERY)):
        fleet.passed(EVERY, RATE)
        fleet.follow(fleet.decided())
        found.add(len(fleet.engines))
    return found


def without(facts: ScalingFacts, last: ScalingFacts, *, engines: bool) -> ScalingFacts:
    """The facts if routers do not answer, and perhaps engines neither; of both, the last figures are still there."""
    silent = tuple(replace(one, problem=SampleProblem.NO_ANSWER) for one in last.routers)
    figures = {one.name: one.figures for one in last.pods}
    pods = tuple(replace(one, figures=figures[one.name], problem=SampleProblem.NO_ANSWER) for one in facts.pods)
    return replace(facts, routers=silent, pods=pods if engines else facts.pods)


@pytest.mark.parametrize("policy", [POLICY, FAST])
@pytest.mark.parametrize("engines", [False, True])
def test_after_minutes_without_metrics_the_fleet_is_as_large_as_before(policy: ScalingPolicy, engines: bool) -> None:
    fleet = settled(policy)
    before, last = len(fleet.engines), fleet.facts()
    for _ in range(int(OUTAGE / EVERY)):
        fleet.passed(EVERY, RATE)
        fleet.follow(fleet.decided(without(fleet.facts(), last, engines=engines)))
    assert counts(fleet, 1200) == {before}


def halves(facts: ScalingFacts, silent: RouterPod | None = None) -> ScalingFacts:
    """The same traffic at two routers, of which the second one may be silent."""
    figures = facts.routers[0].figures
    assert figures is not None
    half = replace(figures, arrivals=figures.arrivals / 2, prompt_tokens=figures.prompt_tokens / 2)
    return replace(
        facts,
        routers=(RouterPod(name="router-1", figures=half), silent or RouterPod(name="router-2", figures=half)),
    )


def test_one_of_two_routers_without_metrics_neither_shrinks_the_fleet_afterwards_nor_teaches_it_anything() -> None:
    fleet = Fluid().grown(10, at_once=True)
    for _ in range(1500):
        fleet.passed(EVERY, RATE)
        fleet.follow(fleet.decided(halves(fleet.facts())))
    before, estimates = len(fleet.engines), fleet.memory.estimates
    silent = replace(halves(fleet.facts()).routers[1], problem=SampleProblem.NO_ANSWER)
    seen = set()
    for number in range(800):
        fleet.passed(EVERY, RATE)
        is_silent = number < OUTAGE / EVERY
        fleet.follow(fleet.decided(halves(fleet.facts(), silent if is_silent else None)))
        seen.add(len(fleet.engines))
    assert seen == {before}
    after = fleet.memory.estimates
    assert correction(after) == pytest.approx(correction(estimates), rel=0.05)
    assert after.forecasts.scatter == pytest.approx(estimates.forecasts.scatter, rel=0.5)


def correction(estimates: Estimates) -> float:
    """The SLO correction."""
    return slo_correction.factor(slo_correction.fit_misses(estimates.slo_correction), 0.15)


def test_a_queue_that_could_not_be_seen_for_minutes_counts_as_one_that_needed_every_replica() -> None:
    fleet = Fluid(policy=only(QUEUE_ONLY), waiting=30.0).grown(10, at_once=True)
    fleet.lived(400.0, RATE, every=EVERY)
    before, last = len(fleet.engines), fleet.facts()
    for _ in range(int(OUTAGE / EVERY)):
        fleet.passed(EVERY, RATE)
        fleet.follow(fleet.decided(without(fleet.facts(), last, engines=False)))
    fleet.waiting = 0.0
    assert counts(fleet, 250) == {before}
    assert min(counts(fleet, 120)) < before


@pytest.mark.parametrize("seconds", [60.0, 120.0, OUTAGE])
def test_a_pause_of_all_decisions_changes_nothing(seconds: float) -> None:
    fleet = settled()
    before = len(fleet.engines)
    fleet.passed(seconds, RATE)
    assert counts(fleet, 1200) == {before}


@dataclass
class Prometheus:
    """Scrapes at an interval; a query finds the last sample, with its own time."""

    fleet: Fluid
    interval: float
    delay: float = 2.0
    _scraped: list[ScalingFacts] = field(default_factory=list)

    def live(self, seconds: int, rate: float) -> Iterator[int]:
        """Decide each second by what it finds; yields the counts."""
        for _ in range(seconds):
            self.fleet.passed(1.0, rate)
            if not self._scraped or self.fleet.now - _at(self._scraped[-1]) >= self.interval:
                self._scraped.append(self.fleet.facts())
            found = next(one for one in reversed(self._scraped) if one is self._scraped[0] or self._is_there(one))
            figures = {one.name: one.figures for one in found.pods}
            pods = tuple(self._found(one, figures.get(one.name) is not None, found) for one in self.fleet.facts().pods)
            self.fleet.follow(self.fleet.decided(replace(self.fleet.facts(), pods=pods, routers=found.routers)))
            yield len(self.fleet.engines)

    def _is_there(self, scrape: ScalingFacts) -> bool:
        return self.fleet.now - _at(scrape) >= self.delay

    def _found(self, pod: EnginePod, is_there: bool, scrape: ScalingFacts) -> EnginePod:
        figures = next((one.figures for one in scrape.pods if one.name == pod.name), None) if is_there else None
        return replace(pod, figures=figures)


def _at(facts: ScalingFacts) -> float:
    figures = facts.routers[0].figures
    assert figures is not None
    return figures.at


@pytest.mark.parametrize(("interval", "stale"), [(15.0, 30.0), (30.0, 30.0), (30.0, 75.0), (60.0, 130.0)])
def test_a_long_scrape_interval_needs_no_more_replicas_and_sees_a_step_soon(interval: float, stale: float) -> None:
    fleet = Fluid(policy=replace(POLICY, stale_after_seconds=stale)).grown(10, at_once=True)
    prometheus = Prometheus(fleet, interval)
    assert max(prometheus.live(1800, RATE)) <= 13
    calm = list(prometheus.live(1200, RATE))
    assert 10 <= min(calm) <= max(calm) <= 12
    stepped = list(prometheus.live(2 * int(interval), 3 * RATE))
    assert stepped[-1] >= 17


@pytest.mark.parametrize("seconds", [20.0, 90.0, 600.0])
def test_a_clock_that_is_set_back_changes_no_count(seconds: float) -> None:
    fleet = settled()
    before = len(fleet.engines)
    fleet.now -= seconds
    for one in fleet.engines:
        one.ready_at = min(one.ready_at, fleet.now - 1.0)
    assert counts(fleet, int(seconds) + 600) == {before}
