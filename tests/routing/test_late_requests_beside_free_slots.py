"""Late requests of several tenants while slots are free: whoever comes and finds one has turns like all others."""

from collections import Counter
from itertools import cycle

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import placed, sent, terms, waits
from tests.routing.test_late_requests import dispatcher_with, end
from tests.routing.test_late_requests_of_several_tenants import BANDS, NOW, PACE, came, full_fleet_of, limited

THREE = RoutingSettings(tenants=tuple(Tenant(name=name, keys=()) for name in ("shop", "mall", "bank")))
LATE = 20
"""Requests of each tenant that are late."""


def submitted(at: Dispatcher, one: RoutingRequest, now: float) -> list[RoutingRequest]:
    """What is sent as this request comes."""
    if isinstance(at.submit(one, now), Endpoint):
        return [one]
    return placed(at, now) if at.order.may_be_next(one) else []


def test_requests_that_find_a_free_slot_do_not_take_the_turns_of_late_tenants() -> None:
    at = dispatcher_with(THREE, slots=5)
    running = [came(at, "bank", 0.0) for _ in range(5)]
    for one in running:
        sent(at, one)
        at.first_token(one, 0.1)
    assert placed(at, NOW) == []
    at.outlook.pace.per_second = PACE
    for name in ("shop", "mall") * LATE:
        waits(at, came(at, name, 0.0), NOW)
    end(at, running.pop(), NOW)
    assert placed(at, NOW) == [], "four of five slots in use leave no room to spare"

    served = Counter[str]()
    for now in (NOW + number / 10 for number in range(200)):
        for one in submitted(at, came(at, "bank", now), now):
            served[one.account.name] += 1
            at.first_token(one, now)
            running.append(one)
        while len(running) > 3:
            end(at, running.pop(0), now)
            fresh = placed(at, now)
            for one in fresh:
                served[one.account.name] += 1
                at.first_token(one, now)
            running += fresh
            if len(running) == 4:
                break
    assert min(served["shop"], served["mall"]) > LATE // 2, served
    assert served["bank"] > LATE


def test_who_gave_way_is_forgotten_with_the_settings() -> None:
    at, running = full_fleet_of(BANDS)
    late = [waits(at, came(at, name, 0.0), NOW) for name, _ in zip(cycle(("bank", "shop")), range(2), strict=False)]
    end(at, running.pop(), NOW)
    assert placed(at, NOW) == [], "they give way"
    at.apply(terms(BANDS), NOW)
    for one in late:
        at.withdraw(one, NOW)

    sent(at, came(at, "flood", NOW), NOW)


def test_late_requests_that_were_set_aside_for_their_tenants_limit_before_have_one_place_in_their_queue() -> None:
    """The tenant's limit was raised while they waited, in a target that is about to leave and keeps its queue."""
    at, running = full_fleet_of(limited(1))
    end(at, running.pop(), NOW)
    sent(at, first := came(at, "shop", NOW), NOW)
    at.first_token(first, NOW)
    late = [waits(at, came(at, "shop", 0.0), NOW)]
    assert placed(at, NOW) == []
    at.accounts.take(terms(limited(3)), NOW)
    late.append(waits(at, came(at, "shop", 0.0), NOW))
    waits(at, came(at, "bank", NOW), NOW)
    assert placed(at, NOW) == []

    end(at, first, NOW)
    (queue,) = at.queue.lanes.interactive.bands.queues
    queue.take_back(spare=True)
    places = []
    while (tenant_queue := queue.first()) is not None:
        queue.step_aside(tenant_queue)
        places.append(tenant_queue.share.account.name)
    assert sorted(places) == ["bank", "shop"]
