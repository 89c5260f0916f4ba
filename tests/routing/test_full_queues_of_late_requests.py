"""A queue that late requests fill, while an engine has a slot: limits apply to what waits after the next turns."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.lanes import LaneAvailability
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import refused_at, terms, waits
from tests.routing.test_late_requests import end
from tests.routing.test_late_requests_of_several_tenants import NOW, came, full_fleet_of

NAMES = ("a", "b", "c", "filler")
TENANTS = RoutingSettings(tenants=tuple(Tenant(name=name, keys=()) for name in NAMES))
SIZE = 1000
"""Bytes of each body."""


def most(queued: int) -> RoutingSettings:
    """Four tenants, of which so many requests may wait."""
    return replace(TENANTS, limits=TrafficLimits(max_queued=queued))


def one_slot_free(routing: RoutingSettings, *late: str) -> tuple[Dispatcher, list[RoutingRequest]]:
    """Four of five slots in use, and a late request of each of these tenants, which leave the fifth to others."""
    at, running = full_fleet_of(routing)
    waiting = [waits(at, sized(came(at, name, 0.0)), NOW) for name in late]
    end(at, running[0], NOW)
    assert list(at.turns(NOW)) == []
    return at, waiting


def sized(one: RoutingRequest) -> RoutingRequest:
    """With a body."""
    one.body_bytes = SIZE
    return one


def submitted(at: Dispatcher, one: RoutingRequest) -> dict[RoutingRequest, Endpoint | Refusal]:
    """What becomes of which requests as this one comes."""
    endpoint = at.submit(sized(one), NOW)
    if endpoint is not None:
        return {one: endpoint}
    return dict(at.turns(NOW)) if at.order.may_be_next(one) else {}


def test_a_request_in_time_gets_the_free_slot_though_late_ones_fill_the_queue() -> None:
    at, late = one_slot_free(most(2), "a", "b")
    new = came(at, "c", NOW)

    assert list(submitted(at, new)) == [new]
    assert isinstance(new.endpoint, Endpoint)
    assert all(one.waiting for one in late)


def test_it_pushes_no_other_out_of_the_queue_through_which_it_only_passes() -> None:
    at, late = one_slot_free(most(3), "a", "a", "b")
    new = came(at, "c", NOW)

    assert list(submitted(at, new)) == [new]
    assert all(one.waiting for one in late)


def test_nor_does_a_bands_own_limit_or_that_of_bytes_stand_in_its_way() -> None:
    band = RoutingSettings(
        tenants=tuple(replace(one, band="all") for one in TENANTS.tenants),
        bands=(Band(name="all", priority=1, max_queued=2),),
    )
    at, _ = one_slot_free(band, "a", "b")
    assert list(submitted(at, new := came(at, "c", NOW))) == [new]
    assert isinstance(new.endpoint, Endpoint)

    at, _ = one_slot_free(TENANTS, "a", "b")
    at.apply(terms(TENANTS, objective=2.0, max_bytes=2 * SIZE), NOW)
    assert list(at.turns(NOW)) == []
    assert list(submitted(at, new := came(at, "c", NOW))) == [new]
    assert isinstance(new.endpoint, Endpoint)


@pytest.mark.parametrize(("queued", "late"), [(2, ("a", "b")), (3, ("a", "b", "b")), (2, ("a", "a"))])
def test_nor_does_a_late_request_of_its_own_tenant(queued: int, late: tuple[str, ...]) -> None:
    at, waiting = one_slot_free(most(queued), *late)
    new = came(at, "a", NOW)

    assert list(submitted(at, new)) == [new]
    assert isinstance(new.endpoint, Endpoint)
    assert all(one.waiting for one in waiting)


def test_a_long_job_takes_the_place_of_a_late_request_that_goes_before_it() -> None:
    at, late = one_slot_free(replace(most(2), long_lane=LongLaneLimits(min_prompt_tokens=500)), "a", "b")
    job = came(at, "c", NOW, prompt=600)

    (sent,) = submitted(at, job)
    assert sent in late
    assert isinstance(sent.endpoint, Endpoint)
    assert job.waiting


def test_limits_apply_to_a_request_that_has_no_room_after_all() -> None:
    at, late = one_slot_free(most(2), "a", "b")
    at.table.sized(at.table.endpoints[0], None, 4)
    new = came(at, "c", NOW)

    (no,) = submitted(at, new).values()
    assert isinstance(no, Refusal)
    assert no.reason is RefusalReason.QUEUE_FULL
    assert all(one.waiting for one in late)


def test_a_request_that_has_no_room_after_all_pushes_out_one_of_a_tenant_with_more() -> None:
    at, late = one_slot_free(most(3), "a", "a", "b")
    at.table.sized(at.table.endpoints[0], None, 4)
    new = came(at, "c", NOW)

    ((lost, no),) = submitted(at, new).items()
    assert lost is late[1]
    assert isinstance(no, Refusal)
    assert [one.waiting for one in (late[0], late[2], new)] == [True, True, True]


def test_several_that_have_no_room_after_all_are_limited_as_if_they_came_one_after_the_other() -> None:
    at, late = one_slot_free(most(2), "a", "b")
    first, second = (sized(came(at, name, NOW)) for name in ("c", "a"))
    assert (at.submit(first, NOW), at.submit(second, NOW)) == (None, None)
    at.table.sized(at.table.endpoints[0], None, 4)

    refused = [one for one, _ in refused_at(at, NOW)]
    assert refused == [first, late[0]], "c has as many as the others; a's new one takes its late one's place"
    assert [one.waiting for one in (late[1], second)] == [True, True]


def test_a_lane_stays_blocked_when_its_only_request_took_the_place_of_another_lanes() -> None:
    at, late = one_slot_free(replace(most(3), long_lane=LongLaneLimits(min_prompt_tokens=500)), "a", "a", "b")
    at.table.sized(at.table.endpoints[0], None, 4)
    job = came(at, "c", NOW, prompt=600)

    assert list(submitted(at, job)) == [late[1]]
    assert job.waiting
    assert at.queue.lanes.long.availability is LaneAvailability.FULL


@given(st.integers(1, 6), st.lists(st.sampled_from(NAMES), min_size=1, max_size=6), st.integers(4, 5), st.data())
def test_always_no_more_wait_than_the_limit_and_what_is_refused_finds_no_slot(
    limit: int, late: list[str], slots: int, data: st.DataObject
) -> None:
    at, _ = one_slot_free(most(limit), *late[:limit])
    at.table.sized(at.table.endpoints[0], None, slots)
    for _ in range(8):
        one = came(at, data.draw(st.sampled_from(NAMES)), NOW)
        found = submitted(at, one)
        assert at.queue.lanes.waiting(at.queue.lanes.interactive) <= limit
        if at.inflight < slots:
            assert not isinstance(found.get(one), Refusal), "a slot is free"
