"""A long job goes first after half of its queue time, also where interactive work waits at every moment."""

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.reasons import AttemptEnding
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import dispatcher_of, placed, send, sent, waits

LONG = LongLaneLimits(min_prompt_tokens=1000, min_output_tokens=500, max_share=0.5, max_queue_seconds=100.0)


def next_after(at: Dispatcher, running: RoutingRequest, now: float) -> RoutingRequest:
    """What a full fleet starts when this one ends and another chat comes."""
    waits(at, send(at, "shop"), now)
    at.ended(running, AttemptEnding.DONE, None, now)
    (found,) = placed(at, now)
    return found


def test_a_long_job_goes_first_after_half_its_time_while_chats_wait_all_the_time() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG, tenants=(Tenant(name="shop", keys=()),)))
    running = send(at, "shop")
    sent(at, running)
    waits(at, send(at, "shop"))
    job = waits(at, send(at, "shop", prompt=9000), 1.0)

    running = next_after(at, running, 50.0)
    assert running is not job
    assert next_after(at, running, 51.0) is job


def test_long_jobs_that_have_waited_still_take_no_more_than_their_share() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG, tenants=(Tenant(name="shop", keys=()),)), slots=2)
    running, job = send(at, "shop"), send(at, "shop", prompt=9000)
    sent(at, running)
    sent(at, job)
    waits(at, send(at, "shop"))
    second = waits(at, send(at, "shop", prompt=9000), 1.0)

    assert next_after(at, running, 60.0) is not second
    assert next_after(at, job, 61.0) is second


def test_a_fresh_job_holds_up_no_chat_for_one_whose_tenant_is_at_its_concurrency() -> None:
    tenants = (Tenant(name="bank", keys=(), max_concurrency=1), Tenant(name="shop", keys=()))
    at = dispatcher_of(RoutingSettings(long_lane=LONG, tenants=tenants), slots=2)
    running, other = send(at, "bank"), send(at, "shop")
    sent(at, running)
    sent(at, other)
    parked = waits(at, send(at, "bank", prompt=9000), 1.0)
    fresh, chat = waits(at, send(at, "shop", prompt=9000), 60.0), waits(at, send(at, "shop"), 60.0)

    assert placed(at, 60.0) == []
    assert not at.queue.lanes.long_job_overdue
    at.ended(other, AttemptEnding.DONE, None, 61.0)
    assert placed(at, 61.0) == [chat]
    assert (parked.waiting, fresh.waiting) == (True, True)
