"""Requests that cannot be in time, in a whole dispatcher: served last or refused, and no other pays for them."""

import gc

import pytest

from fairlead.fleet.gateways import LateAction, RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.routing_request import RoutingRequest
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
from tests.routing.outlooks import teach

REFUSE = RoutingSettings(limits=TrafficLimits(late=LateAction.REFUSE))


def dispatcher_with(routing: RoutingSettings | None = None, slots: float = 1) -> Dispatcher:
    """With an objective of two seconds, and engines that compute a thousand tokens a second."""
    at = dispatcher_of(routing, slots=slots)
    at.apply(terms(routing or RoutingSettings(), objective=2.0), 0.0)
    teach(at.table.expectations.first_token)
    return at


def came(at: Dispatcher, now: float, prompt: int = 100, name: str = "") -> RoutingRequest:
    """A request that arrived now."""
    one = send(at, name, prompt=prompt)
    one.arrived = now
    return one


def running_in(at: Dispatcher, name: str = "") -> RoutingRequest:
    """A request that arrived first and had its first token in a tenth of a second."""
    one = came(at, 0.0, name=name)
    sent(at, one)
    at.first_token(one, 0.1)
    return one


def end(at: Dispatcher, one: RoutingRequest, now: float) -> None:
    """Complete it."""
    at.first_token(one, now)
    at.ended(one, AttemptEnding.DONE, None, now)


def test_who_can_be_in_time_goes_first_and_who_cannot_is_served_with_what_is_left_over() -> None:
    at = dispatcher_with()
    running = running_in(at)
    late, timely = came(at, 0.0), came(at, 3.0)
    waits(at, late)
    waits(at, timely, 3.0)
    end(at, running, 3.1)
    assert placed(at, 3.1) == [timely]
    end(at, timely, 3.2)
    assert placed(at, 3.2) == [late]


def test_a_late_one_waits_while_the_fleet_has_no_room_to_spare_and_is_overtaken_by_new_ones() -> None:
    at = dispatcher_with(slots=5)
    running = [running_in(at) for _ in range(5)]
    late = waits(at, came(at, 0.0))
    end(at, running[0], 9.0)
    assert (placed(at, 9.0), at.queue.lanes.interactive.bands.waiting) == ([], 1)
    new = waits(at, came(at, 9.0), 9.0)
    assert at.order.may_be_next(new)
    assert placed(at, 9.0) == [new]
    for one in running[1:4]:
        end(at, one, 9.5)
    assert placed(at, 9.5) == [late]


def test_late_requests_do_not_count_in_the_oldest_wait_and_so_call_for_no_replicas() -> None:
    at = dispatcher_with()
    sent(at, came(at, 0.0))
    waits(at, came(at, 0.0), 0.5)
    assert [one.oldest_seconds for one in at.snapshot(1.5).lanes] == [1.0, 0.0, 0.0]
    assert placed(at, 5.0) == []
    assert [one.oldest_seconds for one in at.snapshot(5.0).lanes] == [0.0, 0.0, 0.0]
    assert at.waiting == 1


def test_a_queue_that_is_full_of_late_ones_has_a_place_for_one_that_can_be_in_time() -> None:
    at = dispatcher_with(RoutingSettings(limits=TrafficLimits(max_queued=2)))
    sent(at, came(at, 0.0))
    late = [waits(at, came(at, 0.0)) for _ in range(2)]
    assert refused(at, came(at, 1.0), 1.0).reason is RefusalReason.QUEUE_FULL
    timely = waits(at, came(at, 9.0), 9.0)
    assert [(one, no.reason) for one, no in refused_at(at, 9.0)] == [(late[1], RefusalReason.QUEUE_FULL)]
    assert (late[0].waiting, timely.waiting) == (True, True)


def test_a_late_request_is_refused_with_a_retry_after_where_refusal_is_configured() -> None:
    at = dispatcher_with(REFUSE)
    running = running_in(at)
    late, timely = waits(at, came(at, 0.0)), waits(at, came(at, 1.0), 1.0)
    end(at, running, 2.5)
    assert placed(at, 2.5) == [timely]
    ((one, no),) = refused_at(at, 2.75)
    assert (one, no.reason, no.retry_after_seconds) == (late, RefusalReason.TOO_LATE, 1.0)
    assert no.message == (
        "Too many requests at once: the first token would come later than 2 s, the objective here: send the "
        "request again in 1 s."
    )
    end(at, timely, 3.0)
    assert is_empty(at)


def test_one_that_others_leave_no_time_for_is_refused_when_it_comes() -> None:
    at = dispatcher_with(REFUSE)
    running = running_in(at)
    first = waits(at, came(at, 0.0))
    end(at, running, 1.0)
    assert placed(at, 1.0) == [first]
    waits(at, came(at, 1.0), 1.0)
    no = refused(at, came(at, 1.0, prompt=1990), 1.0)
    assert no.reason is RefusalReason.TOO_LATE
    assert at.waiting == 1


def test_one_that_is_held_for_a_first_replica_is_late_and_not_refused() -> None:
    at = dispatcher_with(REFUSE)
    at.table.apply_discovered([])
    held = waits(at, came(at, 0.0))
    assert (refused_at(at, 30.0), held.waiting) == ([], True)
    start(at, *seen("engine-0"), slots=1)
    assert placed(at, 30.0) == [held]


def test_a_refusal_that_was_not_delivered_yet_may_still_be_withdrawn() -> None:
    at = dispatcher_with(REFUSE)
    running = running_in(at)
    late, other = waits(at, came(at, 0.0)), waits(at, came(at, 1.0), 1.0)
    end(at, running, 2.5)
    assert placed(at, 2.5) == [other]
    at.withdraw(late, 2.6)
    assert refused_at(at, 2.7) == []
    end(at, other, 3.0)
    assert is_empty(at)


def test_an_engine_gets_the_next_prompt_when_it_has_computed_the_one_before() -> None:
    """The engine's own queue is not reordered; it may hold a tenth of the objective."""
    at = dispatcher_with(slots=100)
    assert placed(at, 0.0) == []
    first = came(at, 0.0, prompt=300)
    sent(at, first)
    second = waits(at, came(at, 0.0))
    assert (placed(at, 0.1), at.order.waits_for_first_tokens) == ([], True)
    at.first_token(first, 0.3)
    assert placed(at, 0.3) == [second]
    at.ended(second, AttemptEnding.CLIENT_LEFT, None, 0.4)
    at.ended(first, AttemptEnding.DONE, None, 0.5)
    assert is_empty(at)


def test_replies_that_do_not_stream_neither_teach_nor_count_as_prompts_to_compute() -> None:
    at = dispatcher_with(slots=100)
    assert placed(at, 0.0) == []
    whole = [came(at, 0.0, prompt=300) for _ in range(3)]
    for one in whole:
        one.streams = False
        sent(at, one)
    before = at.table.expectations.first_token.estimate(300)
    for one in whole:
        end(at, one, 50.0)
    assert at.table.expectations.first_token.estimate(300) == before
    assert not at.order.waits_for_first_tokens


def test_no_request_waits_beyond_the_queue_time_whether_late_or_not() -> None:
    at = dispatcher_with(RoutingSettings(limits=TrafficLimits(max_queue_seconds=10.0)))
    sent(at, came(at, 0.0))
    late = waits(at, came(at, 0.0))
    assert refused_at(at, 9.9) == []
    assert [(one, no.reason) for one, no in refused_at(at, 10.0)] == [(late, RefusalReason.QUEUE_TIME)]


def test_a_queue_that_turns_over_ten_thousand_times_holds_few_of_those_that_left() -> None:
    at = dispatcher_with(RoutingSettings(limits=TrafficLimits(max_queue_seconds=10.0)))
    sent(at, came(at, 0.0))
    gc.collect()
    before = sum(type(one) is RoutingRequest for one in gc.get_objects())
    for _ in range(10_000):
        one = waits(at, came(at, 0.0))
        at.withdraw(one, 0.0)
    gc.collect()
    assert sum(type(one) is RoutingRequest for one in gc.get_objects()) - before < 100
    late = waits(at, came(at, 0.0))
    assert [one for one, _ in refused_at(at, 10.0)] == [late]


@pytest.mark.parametrize("blocks", [(), (1, 2)], ids=["unknown", "held"])
def test_what_a_cache_holds_need_not_be_computed(blocks: tuple[int, ...]) -> None:
    at = dispatcher_with()
    first = came(at, 0.0, prompt=300)
    first.blocks = (1, 2, 3)
    sent(at, first)
    again = came(at, 0.0, prompt=300)
    again.blocks = blocks
    waits(at, again)
    assert again.uncached == 300 - len(blocks) * 128


def test_a_request_that_an_engine_failed_keeps_its_deadline() -> None:
    at = dispatcher_with()
    one = came(at, 0.0)
    sent(at, one)
    other = waits(at, came(at, 0.0))
    at.table.failed(at.table.endpoints[0], "broke", at_once=True)
    assert at.retry(one, AttemptEnding.FAILED, 0.5) is None
    at.table.probe_succeeded(at.table.endpoints[0])
    assert placed(at, 0.6) == [one]
    assert other.waiting
    assert isinstance(one.endpoint, Endpoint)


def test_a_tenants_turn_is_its_own_though_its_request_is_late_while_others_wait() -> None:
    """Spare room is kept for the tenant's own later requests; its share is what others would take instead."""
    shops = (Tenant(name="shop", keys=()), Tenant(name="bank", keys=()))
    at = dispatcher_with(RoutingSettings(tenants=shops), slots=5)
    running = [running_in(at, "bank") for _ in range(5)]
    late = waits(at, came(at, 0.0, name="shop"))
    others = [waits(at, came(at, 9.0, name="bank"), 9.0) for _ in range(3)]
    end(at, running[0], 9.0)
    (first,) = placed(at, 9.0)
    at.first_token(first, 9.1)
    end(at, running[1], 9.1)
    (second,) = placed(at, 9.1)
    assert late in (first, second)
    assert others[0] in (first, second)
