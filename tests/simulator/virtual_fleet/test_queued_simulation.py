"""A simulation with the dispatcher in front: requests that cannot be served wait there, and each ends exactly once."""

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from fairlead.fleet.gateways import HoldLimits, RoutingSettings, TrafficLimits
from fairlead.fleet.policies import ReplicaBounds, ScalingPolicy
from fairlead.fleet.tenants import BatchLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.dispatcher_config import DispatcherConfig
from fairlead.routing.routing_request import RoutingRequest
from fairlead.scaling.facts import RouterFigures
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.cold_starts import FixedColdStarts
from fairlead.simulator.virtual_fleet.observers import FleetSnapshot
from fairlead.simulator.virtual_fleet.queued_simulation import EngineCapacity, QueuedSimulation, SimulatedDispatcher
from fairlead.simulator.virtual_fleet.replicas import ScalingHook, SimulatedFleet
from fairlead.simulator.virtual_fleet.simulated_autoscaler import ScaledDeployment, facts_of
from tests.simulator.virtual_fleet.engines import ONE_AT_A_TIME, ROOMY, fleet
from tests.simulator.virtual_fleet.witness import Witness


def digest(name: str) -> bytes:
    return sha256(name.encode()).digest()


def front(routing: RoutingSettings | None = None) -> SimulatedDispatcher:
    """Every tenant's key is its name; the one called batch is in no hurry."""
    config = DispatcherConfig(
        routing=routing or RoutingSettings(),
        keys={digest(one.name): one.name for one in (routing or RoutingSettings()).tenants},
    )
    return SimulatedDispatcher(Dispatcher(config), digest, batch=("batch",))


def lived(
    one: SimulatedDispatcher,
    rows: list[RequestArrival],
    world_fleet: SimulatedFleet,
    slots: float,
    until: float = float("inf"),
) -> Witness:
    witness = Witness()
    capacity = EngineCapacity(max_running=slots, kv_tokens=10_000)
    world = QueuedSimulation(world_fleet, one, random.Random(3), witness, capacity)  # noqa: S311
    world.run(iter(rows), until)
    return witness


def arrivals(count: int, client: str | None = None, gap: float = 0.001, output: int = 5) -> list[RequestArrival]:
    return [
        RequestArrival(time=gap * place, prompt_tokens=20, output_tokens=output, client=client)
        for place in range(count)
    ]


def test_what_finds_no_seat_waits_at_the_dispatcher_and_is_answered_in_order() -> None:
    one = front()
    rows = arrivals(10)
    witness = lived(one, rows, fleet(ONE_AT_A_TIME, 2), slots=1)
    assert [arrival for arrival, *_ in witness.answers] == rows
    assert (one.dispatcher.inflight, one.dispatcher.waiting) == (0, 0)


def test_what_the_dispatcher_refuses_is_over() -> None:
    one = front(RoutingSettings(limits=TrafficLimits(max_queued=1)))
    witness = lived(one, arrivals(5), fleet(ONE_AT_A_TIME, 1), slots=1)
    assert (len(witness.answers), len(witness.refusals)) == (2, 3)


def test_an_unknown_tenant_is_refused_on_arrival() -> None:
    one = front(RoutingSettings(tenants=(Tenant(name="shop", keys=()),)))
    witness = lived(one, [*arrivals(1, "shop"), *arrivals(1, "thief")], fleet(ROOMY, 1), slots=9)
    assert (len(witness.answers), len(witness.refusals)) == (1, 1)


def test_what_an_engine_refuses_is_given_back() -> None:
    one = front()
    too_long = replace(ROOMY, context_tokens=10)
    witness = lived(one, arrivals(3), fleet(too_long, 1), slots=9)
    assert (len(witness.refusals), one.dispatcher.inflight) == (3, 0)


def test_batch_work_waits_for_people() -> None:
    one = front(RoutingSettings(batch_lane=BatchLaneLimits(below_utilization=0.5)))
    rows = sorted([*arrivals(4, "batch"), *arrivals(4, "anna")], key=lambda arrival: arrival.time)
    witness = lived(one, rows, fleet(ONE_AT_A_TIME, 1), slots=1)
    names = [arrival.client for arrival, *_ in witness.answers]
    assert names[-3:] == ["batch"] * 3


def test_batch_work_is_shown_to_the_autoscaler_apart_as_by_a_real_router() -> None:
    seen: list[RouterFigures] = []

    def wanted(snapshot: FleetSnapshot) -> int:
        scaled = ScaledDeployment(bounds=ReplicaBounds(least=1, most=9), policy=ScalingPolicy())
        (router,) = facts_of(snapshot, scaled, 1).routers
        assert router.figures is not None
        seen.append(router.figures)
        return 1

    one = front(RoutingSettings(batch_lane=BatchLaneLimits(below_utilization=0.5)))
    rows = sorted(
        [*arrivals(40, "batch", output=100), *arrivals(3, "anna", output=100)], key=lambda arrival: arrival.time
    )
    scaled = replace(fleet(ONE_AT_A_TIME, 1), scaling=ScalingHook(wanted=wanted, every_s=1.0, first_s=0.5))
    lived(one, rows, scaled, slots=1, until=2.0)
    assert seen[1] == RouterFigures(
        at=1.0,
        arrivals=3.0,
        prompt_tokens=60.0,
        batch_arrivals=40.0,
        waiting=3.0,
        batch_waiting=39.0,
        held=42.0,
        oldest_seconds=1.0,
    )
    assert seen[2].oldest_seconds == pytest.approx(1.999), "of anna's second request, not of batch work"


def test_what_still_waits_when_the_world_stops_was_left() -> None:
    one = front()
    witness = lived(one, arrivals(5, output=1000), fleet(ONE_AT_A_TIME, 1), slots=1, until=0.5)
    assert len(witness.leftovers) == 5


def test_no_request_is_lost_while_there_is_no_engine() -> None:
    """Held until the scaling loop's first replica has started; some have waited too long by then."""

    def wanted(snapshot: FleetSnapshot) -> int:  # noqa: ARG001  # one, whatever it sees
        return 1

    growing = replace(
        fleet(ROOMY, 0), scaling=ScalingHook(wanted=wanted, every_s=1.0), cold_starts=FixedColdStarts(5.0)
    )
    one = front(RoutingSettings(hold=HoldLimits(max_seconds=4.0)))
    early, late = arrivals(2), [replace(row, time=3.0) for row in arrivals(2)]
    witness = lived(one, [*early, *late], growing, slots=9)
    assert (len(witness.refusals), len(witness.answers)) == (2, 2)


def test_what_is_not_the_worlds_shows_at_once() -> None:
    one = front()
    (row,) = arrivals(1)
    assert one.submit(row) is None
    with pytest.raises(TypeError, match="the dispatcher names one first"):
        one.choose(row, ())
    one.see([0], EngineCapacity())
    stranger = strangers(one)
    assert one.dispatcher.submit(stranger, 0.0) is None
    with pytest.raises(TypeError, match="stands for an arrival"):
        one.turns(0.0)


def strangers(one: SimulatedDispatcher) -> RoutingRequest:
    """A request of another tenant."""
    account = one.dispatcher.accounts.all[0]
    return RoutingRequest(account=account, prompt_tokens=1, max_output_tokens=1, arrived=0.0)
