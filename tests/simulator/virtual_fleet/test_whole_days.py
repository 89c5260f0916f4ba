"""Whole days in small: real engines, generated and recorded traffic, a fleet that grows and shrinks."""

import random
from collections.abc import Iterator
from dataclasses import replace

from bench import sessions
from bench.sessions import AgentTraffic
from fairlead.fleet.capacity_plan import LatencyObjectives
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic import gaps, lengths, rate_profiles, request_traces
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, LeastTokens, PrefixAffinity, RoundRobin
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.report import SimulationReport, report
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.virtual_fleet.engines import fleet
from tests.simulator.virtual_fleet.excerpts import lines

CACHED = EngineSettings(blocks=20_000, batch_tokens=2048, context_tokens=200_000)
PLAIN = replace(CACHED, prefix_caching=False)


def chance() -> random.Random:
    return random.Random(4)  # noqa: S311  # a recorded seed, not a secret


def lived(one: SimulatedFleet, balancer: Balancer, arrivals: Iterator[RequestArrival]) -> SimulationReport:
    statistics = RunStatistics(LatencyObjectives(ttft_p95_s=5.0))
    world = FleetSimulation(one, balancer, chance(), statistics)
    world.run(arrivals)
    return report(statistics, world.now, world.replicas.gpu_seconds(world.now))


def agents() -> Iterator[RequestArrival]:
    """Sixty sessions of six turns with one system prompt."""
    kind = AgentTraffic(
        system_tokens=4096,
        turns=lambda: 6,
        result=lambda: (500, 100),
        think_s=lambda: 3.0,
        page_tokens=16,
        context_tokens=32_000,
    )
    return sessions.agentic(kind, [0.8 * place for place in range(60)])


def test_agents_find_their_talk_in_the_cache_most_of_all_where_they_return_to() -> None:
    turns, returning = (lived(fleet(CACHED, 4), rule, agents()) for rule in (RoundRobin(), PrefixAffinity()))
    nothing = lived(fleet(PLAIN, 4), PrefixAffinity(), agents())

    assert turns.answered == returning.answered == nothing.answered == 360
    assert nothing.cached_share == 0.0
    assert 0.5 < turns.cached_share < returning.cached_share
    assert returning.ttft.mean < turns.ttft.mean < nothing.ttft.mean


def test_recorded_prefixes_are_found_only_by_an_engine_that_caches() -> None:
    def story(settings: EngineSettings) -> SimulationReport:
        return lived(fleet(settings, 1), LeastTokens(), request_traces.mooncake(lines("mooncake-excerpt.jsonl"), 16))

    assert story(CACHED).cached_share > 0.0
    assert story(PLAIN).cached_share == 0.0


def crowd() -> Iterator[RequestArrival]:
    """Two requests a second, forty in the burst."""
    profile = rate_profiles.flash_crowd(usual=2.0, peak=40.0, at=120.0, lasting=180.0, seconds=900.0)
    return gaps.requests(profile, gaps.poisson(chance()), lengths.fixed_lengths(400, 60))


def by_load(snapshot: FleetSnapshot) -> int:
    """One replica for every twenty requests in the fleet."""
    return max(-(-(snapshot.waiting + snapshot.running + snapshot.held) // 20), 1)


def test_a_fleet_that_follows_a_crowd_pays_less_than_one_that_always_waits_for_it() -> None:
    narrow = replace(CACHED, max_sequences=16)
    six, one = (replace(fleet(narrow, replicas), snapshot_s=10.0) for replicas in (6, 1))
    always, never = lived(six, LeastTokens(), crowd()), lived(one, LeastTokens(), crowd())
    scaling = ScalingHook(wanted=by_load, every_s=10.0)
    following = lived(replace(one, scaling=scaling, cold_starts=FixedColdStarts(20.0)), LeastTokens(), crowd())

    assert always.answered == never.answered == following.answered
    assert always.ttft.p95 < following.ttft.p95 < never.ttft.p95
    assert never.gpu_hours < following.gpu_hours < always.gpu_hours
    assert max(following.gauges.ready) > 1
    assert following.gauges.ready[-1] == 1
