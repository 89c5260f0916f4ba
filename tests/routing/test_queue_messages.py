"""Each refusal of the queue names what kept the request waiting, and which limit was reached."""

from typing import Final

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.reasons import RefusalReason
from tests.routing.dispatchers import dispatcher_of, placed, refused, refused_at, seen, send, sent, start, terms, waits

LIMITS: Final = TrafficLimits(max_queue_seconds=30.0)
SHOP: Final = Tenant(name="shop", keys=(), max_concurrency=2)
LONG: Final = LongLaneLimits(min_prompt_tokens=1000, max_share=0.5, max_queue_seconds=30.0)
BATCH: Final = BatchLaneLimits(below_utilization=0.5, max_queued=1, max_queue_seconds=30.0)
MIB: Final = 2**20
BANDS: Final = (Band(name="gold", priority=9, reserved=0.5), Band(name="iron", priority=1, max_queued=1))
BANK: Final = Tenant(name="bank", keys=(), band="iron")


def message_after(at: Dispatcher, seconds: float = 31.0) -> str:
    """The message for the only request that waits, once its queue time is over."""
    assert placed(at) == []
    ((_, no),) = refused_at(at, seconds)
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.QUEUE_TIME, 1.0)
    return no.message


def test_a_tenant_at_its_concurrency_learns_that_it_has_reached_it_although_a_replica_is_idle() -> None:
    at = dispatcher_of(RoutingSettings(tenants=(SHOP,), limits=LIMITS), slots=2, engines=2)
    for _ in range(2):
        sent(at, send(at, "shop"))
    waits(at, send(at, "shop"))
    assert message_after(at) == (
        "Tenant shop has 2 requests in flight, all that its maxConcurrency allows in this router; this request waited "
        "31 s, the longest wait in the interactive lane: send it again in 1 s."
    )


def test_a_tenant_whose_limits_are_only_counted_learns_that_no_replica_had_room() -> None:
    tenant = Tenant(name="shop", keys=(), max_concurrency=1, shadow=True)
    at = dispatcher_of(RoutingSettings(tenants=(tenant,), limits=LIMITS))
    sent(at, send(at, "shop"))
    waits(at, send(at, "shop"))
    assert message_after(at).startswith("No replica had room; this request waited 31 s, the longest wait")


def test_a_long_job_learns_that_long_jobs_have_their_share() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG), slots=1, engines=2)
    sent(at, send(at, prompt=2000))
    waits(at, send(at, prompt=2000))
    assert message_after(at) == (
        "Long jobs have all of the fleet that the lane's maxShare allows; this request waited 31 s, the longest wait "
        "in the long lane: send it again in 1 s."
    )


def test_batch_work_learns_that_the_fleet_was_too_busy_for_it() -> None:
    at = dispatcher_of(RoutingSettings(batch_lane=BATCH), slots=1, engines=2)
    sent(at, send(at))
    waits(at, send(at, batch=True))
    assert message_after(at).startswith("The fleet is too busy to start batch work, by the lane's belowUtilization; ")


def test_a_lower_band_learns_that_the_free_capacity_is_reserved() -> None:
    at = dispatcher_of(RoutingSettings(tenants=(BANK,), bands=BANDS, limits=LIMITS), slots=1, engines=2)
    sent(at, send(at, "bank"))
    waits(at, send(at, "bank"))
    assert message_after(at).startswith("What is free of the fleet is reserved for bands of higher priority; ")


def test_a_request_whose_total_time_ends_in_the_queue_learns_that_it_did() -> None:
    at = dispatcher_of(RoutingSettings(limits=LIMITS))
    sent(at, send(at))
    waits(at, send(at, give_up_at=5.0))
    assert message_after(at, 5.0) == (
        "No replica had room; this request waited 5 s, until its total time-out: send it again in 1 s."
    )


def test_a_request_that_finds_no_room_for_its_body_learns_the_limit_in_bytes() -> None:
    at = Dispatcher(terms(RoutingSettings(batch_lane=BATCH), max_bytes=4 * MIB))
    start(at, *seen("a"), slots=1)
    sent(at, send(at))
    job = waits(at, send(at, batch=True, body_bytes=3 * MIB))
    no = refused(at, send(at, batch=True, body_bytes=MIB + MIB // 2))
    assert (no.reason, no.retry_after_seconds) == (RefusalReason.QUEUE_FULL, 1.0)
    assert no.message == (
        "Waiting requests hold 3 MiB, and one of 1.5 MiB came; at most 4 MiB may wait in this router: "
        "send the request again in 1 s."
    )
    waits(at, send(at, body_bytes=2 * MIB))
    ((lost, pushed_out),) = refused_at(at)
    assert lost is job
    assert pushed_out.message.startswith("Waiting requests hold 3 MiB, and one of 2 MiB came; at most 4 MiB may wait")


def test_a_full_band_and_a_full_batch_lane_are_named_with_what_waits_in_them_alone() -> None:
    tenants = (BANK, Tenant(name="shop", keys=(), band="gold"))
    at = dispatcher_of(RoutingSettings(tenants=tenants, bands=BANDS, batch_lane=BATCH))
    sent(at, send(at, "shop"))
    for name in ("shop", "shop", "bank"):
        waits(at, send(at, name))
    assert refused(at, send(at, "bank")).message.startswith("The queue of band iron is full, 1 request waits in it: ")
    waits(at, send(at, "shop", batch=True))
    no = refused(at, send(at, "shop", batch=True))
    assert no.message.startswith("The queue of the batch lane is full, 1 request waits in it: ")


def test_batch_work_beyond_its_limit_while_no_replica_is_there_learns_how_much_batch_work_waits() -> None:
    at = dispatcher_of(RoutingSettings(batch_lane=BATCH), engines=0)
    for job in (False, False, True):
        waits(at, send(at, batch=job))
    no = refused(at, send(at, batch=True))
    assert no.message.startswith("No replica is ready, and 1 request waits for one, which is the limit: ")
