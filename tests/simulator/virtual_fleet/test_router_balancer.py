"""The real routing in front of simulated engines, and several routers of it."""

import random
from dataclasses import replace
from typing import Final

import pytest

from fairlead.routing.endpoint import EndpointSample
from fairlead.simulator.engine.core import EngineCore
from fairlead.simulator.engine.settings import EngineSettings
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer, FewestRequests
from fairlead.simulator.virtual_fleet.peer_network import PeerLinks, PeerNetwork, RouterFault
from fairlead.simulator.virtual_fleet.replica import ReplicaEngines
from fairlead.simulator.virtual_fleet.replicas import SimulatedFleet
from fairlead.simulator.virtual_fleet.router_balancer import RouterBalancer, RouterSettings
from fairlead.simulator.virtual_fleet.run_statistics import RunStatistics
from fairlead.simulator.virtual_fleet.simulation import FleetSimulation
from tests.simulator.engine.engines import PlainTimes

SETTINGS: Final = EngineSettings(blocks=101, block_tokens=16, batch_tokens=256, max_sequences=8, context_tokens=1200)
ROUTERS: Final = RouterSettings(block_pages=2, kv_tokens=1600, max_output=64)


class Lab:
    """Four small engines, accessible to the tests."""

    def __init__(self) -> None:
        self.cores: dict[int, EngineCore] = {}

    def fleet(self) -> SimulatedFleet:
        return SimulatedFleet(inside=self._inside, replicas=4)

    def _inside(self, ordinal: int) -> ReplicaEngines:
        chance = random.Random(ordinal)  # noqa: S311  # a recorded seed, not a secret
        self.cores[ordinal] = EngineCore(SETTINGS, PlainTimes(), chance)
        return ReplicaEngines((self.cores[ordinal],))

    def figures(self, ordinal: int, now: float) -> EndpointSample | None:
        core = self.cores[ordinal]
        return EndpointSample(at=now, running=core.running, waiting=core.waiting, kv_usage=core.usage)


def conversations(many: int = 11, turns: int = 6) -> list[RequestArrival]:
    """Each turn repeats its conversation; turns of all are interleaved, and one prompt is too long for any engine."""
    found = [
        RequestArrival(
            time=2.0 * turn + 0.1 * session,
            prompt_tokens=96 + 32 * turn,
            output_tokens=8,
            prefix=tuple(1000 * session + page for page in range(6 + 2 * turn)),
            session=f"talk-{session}",
        )
        for turn in range(turns)
        for session in range(1, many + 1)
    ]
    return [*found, RequestArrival(time=60.0, prompt_tokens=5000, output_tokens=8)]


def hits(lab: Lab, balancer: Balancer) -> float:
    statistics = RunStatistics()
    FleetSimulation(lab.fleet(), balancer, random.Random(1), statistics).run(iter(conversations()))  # noqa: S311  # as above
    assert (statistics.counts.answered, statistics.counts.refused) == (66, 1)
    return statistics.counts.cached_tokens / statistics.counts.prompt_tokens


def test_a_talk_stays_where_it_was_and_every_load_comes_back() -> None:
    lab = Lab()
    routed = RouterBalancer(ROUTERS, lab.figures)
    assert hits(lab, routed) > hits(Lab(), FewestRequests())
    (table,) = routed.tables
    assert [(one.inflight, one.load) for one in table.endpoints] == [(0, 0)] * 4


@pytest.mark.parametrize(("by_session", "named"), [(False, False), (True, False), (False, True)])
def test_three_routers_without_gossip_agree_well_enough(by_session: bool, named: bool) -> None:
    lab = Lab()
    routed = RouterBalancer(replace(ROUTERS, count=3, by_session=by_session, named=named), lab.figures)
    assert hits(lab, routed) > 0.4
    assert all(one.inflight == 0 for table in routed.tables for one in table.endpoints)


def test_three_routers_that_report_find_what_one_finds_although_talks_have_no_name() -> None:
    alone, lab = hits(one := Lab(), RouterBalancer(ROUTERS, one.figures)), Lab()
    routed = RouterBalancer(replace(ROUTERS, count=3, peers=PeerLinks()), lab.figures)
    assert hits(lab, routed) > 0.9 * alone
    assert routed.network is not None
    assert routed.network.sent_bytes > routed.network.sent > 0
    assert all(group.is_together for group in routed.network.groups)
    assert all(one.inflight == 0 for table in routed.tables for one in table.endpoints)


def test_a_router_that_is_killed_and_starts_anew_is_one_of_them_again() -> None:
    def restart(network: PeerNetwork) -> None:
        network.list_routers()
        network.restart(1)

    faults = (
        RouterFault(2.5, lambda network: network.kill(1)),
        RouterFault(5.0, restart),
        RouterFault(6.0, lambda network: network.admit(1)),
    )
    links = PeerLinks(delays=lambda *_: (0.001, 0.002), clocks=lambda router: 60.0 * router, faults=faults)
    lab = Lab()
    routed = RouterBalancer(replace(ROUTERS, count=3, peers=links), lab.figures)
    assert hits(lab, routed) > 0.4
    network = routed.network
    assert network is not None
    assert sorted(network.serving) == [0, 1, 2]
    assert all(group.is_together for group in network.groups)


def test_a_router_without_figures_still_chooses() -> None:
    assert hits(Lab(), RouterBalancer(ROUTERS, lambda _ordinal, _now: None)) > 0.4


def test_what_updates_the_table_before_a_choice_finds_every_ready_engine_in_it() -> None:
    lab, sizes = Lab(), []
    hits(lab, RouterBalancer(ROUTERS, lab.figures, lambda table: sizes.append(len(table.endpoints))))
    assert sizes == [4] * 67


def test_without_an_engine_there_is_nothing_to_choose() -> None:
    with pytest.raises(TypeError, match="no engine for a request"):
        RouterBalancer(ROUTERS, lambda _ordinal, _now: None).choose(conversations()[0], [])
