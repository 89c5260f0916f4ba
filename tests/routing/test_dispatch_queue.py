"""Which requests may wait, for how long, and which lose their place to which."""

from fairlead.fleet.gateways import HoldLimits, Retries, RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from tests.routing.dispatchers import (
    dispatcher_of,
    is_empty,
    placed,
    refused,
    refused_at,
    seen,
    send,
    sent,
    start,
    terms,
    waits,
)

SHOPS = (Tenant(name="shop", keys=()), Tenant(name="bank", keys=()))


def test_a_full_queue_refuses_with_a_time_to_come_again() -> None:
    at = dispatcher_of(RoutingSettings(limits=TrafficLimits(max_queued=1)))
    sent(at, send(at))
    waits(at, send(at))
    no = refused(at, send(at))
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.QUEUE_FULL, 1.0)
    assert no.message == "The queue is full, 1 request waits in it: send the request again in 1 s."


def test_a_flood_loses_its_own_place_to_another_tenant() -> None:
    at = dispatcher_of(RoutingSettings(tenants=SHOPS, limits=TrafficLimits(max_queued=2)))
    sent(at, send(at, "shop"))
    flood = [waits(at, send(at, "shop"), now=place) for place in (1.0, 2.0)]
    quiet = waits(at, send(at, "bank"), now=3.0)
    assert [(one, no.reason) for one, no in refused_at(at, 3.0)] == [(flood[1], RefusalReason.QUEUE_FULL)]
    assert refused(at, send(at, "bank"), 3.0).reason is RefusalReason.QUEUE_FULL
    assert [one.waiting for one in (*flood, quiet)] == [True, False, True]


def test_a_request_that_lost_its_place_may_still_be_withdrawn_before_its_refusal() -> None:
    at = dispatcher_of(RoutingSettings(tenants=SHOPS, limits=TrafficLimits(max_queued=2)))
    running = send(at, "shop")
    sent(at, running)
    flood = [waits(at, send(at, "shop"), now=place) for place in (1.0, 2.0)]
    quiet = waits(at, send(at, "bank"), now=3.0)
    for one in (flood[1], flood[0], quiet):
        at.withdraw(one, 4.0)
    at.ended(running, AttemptEnding.DONE, None, 4.0)
    assert (refused_at(at, 5.0), is_empty(at)) == ([], True)


def test_a_higher_band_takes_the_place_of_a_lower_one() -> None:
    bands = (Band(name="gold", priority=9), Band(name="iron", priority=1))
    tenants = (Tenant(name="shop", keys=(), band="gold"), Tenant(name="bank", keys=(), band="iron"))
    at = dispatcher_of(RoutingSettings(tenants=tenants, bands=bands, limits=TrafficLimits(max_queued=2)))
    sent(at, send(at, "shop"))
    waits(at, send(at, "shop"))
    lower = waits(at, send(at, "bank"))
    waits(at, send(at, "shop"), 1.0)
    assert [one for one, _ in refused_at(at, 1.0)] == [lower]


def test_a_bands_own_bound_keeps_it_from_filling_the_queue() -> None:
    bands = (Band(name="gold", priority=9), Band(name="iron", priority=1, max_queued=1))
    tenants = (Tenant(name="shop", keys=(), band="gold"), Tenant(name="bank", keys=(), band="iron"))
    at = dispatcher_of(RoutingSettings(tenants=tenants, bands=bands))
    sent(at, send(at, "shop"))
    waits(at, send(at, "bank"))
    assert refused(at, send(at, "bank")).reason is RefusalReason.QUEUE_FULL
    waits(at, send(at, "shop"))
    waits(at, send(at, "shop"))


def test_bodies_that_wait_are_bounded_together() -> None:
    at = dispatcher_of()
    sent(at, send(at))
    waits(at, send(at, body_bytes=2**20))
    assert refused(at, send(at, body_bytes=1)).reason is RefusalReason.QUEUE_FULL


def test_a_body_that_alone_is_too_large_to_wait_leaves_the_way_open() -> None:
    at = dispatcher_of()
    running = send(at)
    sent(at, running)
    assert refused(at, send(at, body_bytes=2**21)).reason is RefusalReason.QUEUE_FULL
    at.ended(running, AttemptEnding.DONE, None, 1.0)
    sent(at, send(at))


def test_waiting_ends_when_the_queue_time_is_over() -> None:
    at = dispatcher_of(RoutingSettings(limits=TrafficLimits(max_queue_seconds=30.0)))
    sent(at, send(at))
    late, patient = waits(at, send(at), 10.0), waits(at, send(at), 20.0)
    assert refused_at(at, 39.0) == []
    (gone,) = refused_at(at, 41.0)
    assert gone[0] is late
    assert (gone[1].reason, gone[1].retry_after_seconds) == (RefusalReason.QUEUE_TIME, 1.0)
    assert gone[1].message.startswith("No replica had room; this request waited 31 s, the longest wait in the inter")
    assert (patient.waiting, late.waiting) == (True, False)


def test_a_request_with_an_earlier_give_up_time_is_refused_earlier() -> None:
    at = dispatcher_of()
    sent(at, send(at))
    waits(at, send(at, give_up_at=5.0))
    assert [no.reason for _, no in refused_at(at, 5.0)] == [RefusalReason.QUEUE_TIME]


def test_from_zero_requests_are_held_and_go_in_order_when_an_engine_is_there() -> None:
    at = dispatcher_of(engines=0)
    held = [waits(at, send(at)) for _ in range(3)]
    assert (at.held, at.snapshot(4.0).held, at.snapshot(4.0).lanes[0].oldest_seconds) == (3, 3, 4.0)
    start(at, *seen("new"))
    assert placed(at, 60.0) == held
    assert at.held == 0


def test_once_an_engine_is_there_the_queues_own_limit_holds_at_once() -> None:
    at = dispatcher_of(RoutingSettings(limits=TrafficLimits(max_queued=0)), engines=0)
    assert placed(at, 1.0) == []
    at.table.apply_discovered(seen("new"))
    (engine,) = at.table.endpoints
    at.table.probe_succeeded(engine)
    at.table.sized(engine, None, 1)
    sent(at, send(at), 1.1)
    assert refused(at, send(at), 1.2).reason is RefusalReason.QUEUE_FULL


def test_a_request_beyond_the_hold_limit_is_refused_for_no_ready_replica_not_as_the_clients_fault() -> None:
    at = dispatcher_of(RoutingSettings(hold=HoldLimits(max_requests=1)), engines=0)
    waits(at, send(at))
    no = refused(at, send(at))
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.NO_REPLICA, 10.0)
    assert no.message.startswith("No replica is ready, and 1 request waits for one, which is the limit")


def test_holding_ends_when_its_time_is_over() -> None:
    at = dispatcher_of(RoutingSettings(hold=HoldLimits(max_seconds=100.0)), engines=0)
    waits(at, send(at), 10.0)
    assert refused_at(at, 109.0) == []
    assert [no.message for _, no in refused_at(at, 110.0)] == [
        "No replica was ready within 100 s: send the request again in 10 s."
    ]


def test_in_a_failover_those_that_wait_are_held_and_then_have_their_queue_time_again() -> None:
    at = dispatcher_of(
        RoutingSettings(limits=TrafficLimits(max_queue_seconds=30.0), hold=HoldLimits(max_seconds=100.0))
    )
    running, waiting = send(at), send(at)
    endpoint = sent(at, running)
    waits(at, waiting)
    at.table.failed(endpoint, "refused", at_once=True)
    assert refused_at(at, 20.0) == []
    assert refused_at(at, 60.0) == []
    at.table.probe_succeeded(endpoint)
    assert refused_at(at, 70.0) == []
    assert [no.reason for _, no in refused_at(at, 101.0)] == [RefusalReason.QUEUE_TIME]


def test_the_retry_after_of_a_full_queue_follows_from_how_fast_the_queue_moves() -> None:
    at = dispatcher_of(RoutingSettings(limits=TrafficLimits(max_queued=20)))
    running = send(at)
    sent(at, running)
    for _ in range(20):
        waits(at, send(at))
    for second in range(1, 11):
        at.ended(running, AttemptEnding.DONE, None, float(second))
        (running,) = placed(at, float(second))
    for _ in range(10):
        waits(at, send(at), 10.5)
    no = refused(at, send(at), 10.5)
    assert no.retry_after_seconds is not None
    assert 20 < no.retry_after_seconds < 60


def test_a_tenant_removed_with_its_band_keeps_its_requests_in_the_lowest_band_that_is_left() -> None:
    bands = (Band(name="gold", priority=9), Band(name="iron", priority=1))
    tenants = (Tenant(name="shop", keys=(), band="gold"), Tenant(name="bank", keys=(), band="iron"))
    at = dispatcher_of(RoutingSettings(tenants=tenants, bands=bands))
    running, counted = send(at, "bank"), send(at, "bank")
    engine = sent(at, running)
    waiting = [waits(at, send(at, "bank"), 1.0), waits(at, send(at, "shop"), 2.0)]

    at.apply(terms(RoutingSettings(tenants=tenants[:1], bands=bands[:1])), 3.0)

    waits(at, counted, 4.0)
    at.table.failed(engine, "refused", at_once=True)
    assert at.retry(running, AttemptEnding.FAILED, 5.0) is None
    at.table.probe_succeeded(engine)
    answered = []
    while at.waiting:
        (one,) = placed(at, 6.0)
        at.ended(one, AttemptEnding.DONE, None, 6.0)
        answered.append(one)
    assert {*answered} == {running, counted, *waiting}
    assert is_empty(at)


def test_time_at_engines_that_failed_a_request_is_no_wait() -> None:
    limits = TrafficLimits(max_queue_seconds=30.0)
    at = dispatcher_of(RoutingSettings(limits=limits, retries=Retries(max_attempts=3)), engines=2)
    first, second, patient = send(at), send(at), send(at)
    sent(at, first)
    sent(at, second)
    waits(at, patient, 1.0)
    at.ended(first, AttemptEnding.DONE, None, 3.0)
    assert placed(at, 3.0) == [patient]

    at.ended(second, AttemptEnding.DONE, None, 40.0)
    other = at.retry(patient, AttemptEnding.FAILED, 40.0)
    assert isinstance(other, Endpoint)
    sent(at, send(at), 40.0)
    at.table.failed(other, "gone", at_once=True)
    assert at.retry(patient, AttemptEnding.CUT, 90.0) is None

    assert at.snapshot(100.0).lanes[0].oldest_seconds == 2.0 + 10.0
    assert refused_at(at, 117.0) == []
    assert [no.reason for _, no in refused_at(at, 118.0)] == [RefusalReason.QUEUE_TIME]
