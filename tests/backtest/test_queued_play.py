"""The routers' own queue in the simulation: requests wait in routers, and go while they can still be in time."""

from collections.abc import Iterator
from dataclasses import replace

from fairlead.backtest import baselines
from fairlead.backtest import play as playing
from fairlead.backtest.play import PlayedTraffic, PlaySettings
from fairlead.fleet.gateways import HoldLimits, LateAction, RoutingSettings, TrafficLimits
from fairlead.fleet.policies import ReplicaBounds
from fairlead.fleet.tenants import Tenant
from fairlead.simulator.traffic.arrivals import RequestArrival
from tests.backtest.test_levers import prompts_of
from tests.backtest.test_pinned_plays import SLOW
from tests.backtest.test_play import SETTINGS, candidate, steady, streams
from tests.simulator.engine.engines import PlainTimes

PLAIN = PlaySettings(streams=streams)
QUEUED = PlaySettings(streams=streams, queued=True)
SMALL = replace(SETTINGS, max_sequences=4)


def burst(calm: int, crowd: int) -> PlayedTraffic:
    """Requests for half of what four replicas can serve, then a burst, then as before."""

    def arrivals(_: int) -> Iterator[RequestArrival]:
        for number in range(calm):
            yield RequestArrival(time=float(number), prompt_tokens=200, output_tokens=20)
        for _number in range(crowd):
            yield RequestArrival(time=float(calm), prompt_tokens=200, output_tokens=20)
        for number in range(calm):
            yield RequestArrival(time=float(calm + 1 + number), prompt_tokens=200, output_tokens=20)

    return PlayedTraffic(arrivals=arrivals, seconds=2.0 * calm)


def test_with_room_for_all_nothing_waits_and_nothing_differs() -> None:
    plain, queued = (playing.play(candidate(3, routers=1), steady(1.0, 300), one) for one in (PLAIN, QUEUED))
    assert (queued.report.ttft, queued.report.kept) == (plain.report.ttft, plain.report.kept)
    assert queued.keeps


def test_in_a_crowd_those_go_first_that_can_still_be_in_time() -> None:
    made = candidate(2, settings=SMALL, times=SLOW, routers=1)
    plain, queued = (playing.play(made, burst(200, 120), one).report for one in (PLAIN, QUEUED))
    assert queued.answered == plain.answered == 520
    assert queued.kept > plain.kept, "in engines the crowd makes everybody late who comes after it"


def test_limits_of_its_routers_hold() -> None:
    late = RoutingSettings(limits=TrafficLimits(late=LateAction.REFUSE), tenants=(Tenant(name="shop", keys=()),))
    made = candidate(2, settings=SMALL, times=SLOW, routing=late)
    refused = playing.play(made, burst(200, 120), QUEUED).report
    assert refused.answered + refused.refused == 520
    assert refused.refused > 0, "and nobody asks for a key"
    few = replace(made, routing=RoutingSettings(hold=HoldLimits(max_requests=3, max_seconds=5.0)), replicas=1)
    bounds = ReplicaBounds(least=0, most=2, policy="chat")
    cold = playing.play(replace(few, replicas=bounds), steady(1.0, 60), replace(QUEUED, start=0)).report
    assert cold.answered + cold.refused == cold.arrived


def test_prefixes_are_found_again_as_without_a_queue() -> None:
    both = [playing.play(candidate(2, times=PlainTimes()), prompts_of(7), one).report for one in (PLAIN, QUEUED)]
    assert min(one.cached_share for one in both) > 0.9


def test_several_ranks_of_a_replica_are_one_engine_to_its_routers() -> None:
    found = playing.play(candidate(2, ranks=2, settings=SMALL, times=SLOW), burst(60, 40), QUEUED)
    assert found.report.answered == 160


def test_another_projects_autoscaler_and_a_service_without_a_router_have_no_such_queue() -> None:
    bounds = ReplicaBounds(least=1, most=4, policy="chat")
    for made in (candidate(2, in_turn=True), candidate(bounds).under(baselines.HPA)):
        plain, queued = (playing.play(made, burst(60, 20), one) for one in (PLAIN, QUEUED))
        assert plain.report == queued.report


def test_where_the_queue_is_played_it_is_decided_each_second_as_in_the_product() -> None:
    bounds = ReplicaBounds(least=1, most=4, policy="chat")
    made = candidate(bounds, settings=SMALL, times=SLOW)
    crowd = 201
    plain, queued = (
        playing.play(made, burst(crowd, 120), replace(one, start=1)).decisions[0].at - crowd for one in (PLAIN, QUEUED)
    )
    assert queued < 3 < plain, "seconds after the crowd came"
