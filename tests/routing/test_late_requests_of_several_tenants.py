"""A late request leaves its turn to others' requests that can be in time, as long as its tenant gets it back."""

from itertools import cycle

from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Tenant
from fairlead.routing.dispatch_order import MOST_ASIDE
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import placed, send, sent, waits
from tests.routing.test_late_requests import dispatcher_with, end

NOW = 9.0
PACE = 100.0
"""Tokens a second that engines are measured to get: an objective of two seconds makes a credit of 100 for each of two
tenants."""


def full_fleet(*names: str) -> tuple[Dispatcher, list[RoutingRequest]]:
    """Five slots, all in use, and tenants of these names."""
    at = dispatcher_with(RoutingSettings(tenants=tuple(Tenant(name=one, keys=()) for one in names)), slots=5)
    running = [came(at, names[0], 0.0) for _ in range(5)]
    for one in running:
        sent(at, one)
        at.first_token(one, 0.1)
    assert placed(at, NOW) == []
    at.outlook.pace.per_second = PACE
    return at, running


def came(at: Dispatcher, name: str, arrived: float, prompt: int = 90) -> RoutingRequest:
    """A request of 100 tokens, its reply included, unless its prompt is another."""
    one = send(at, name, prompt=prompt)
    one.arrived = arrived
    return one


def turn(at: Dispatcher, running: list[RoutingRequest]) -> RoutingRequest | None:
    """The request that gets the slot of the one that has run longest."""
    end(at, running.pop(0), NOW)
    for one in placed(at, NOW):
        at.first_token(one, NOW)
        running.append(one)
        return one
    return None


def test_a_late_request_waits_for_others_that_are_in_time_and_its_tenant_gets_the_turn_back() -> None:
    at, running = full_fleet("bank", "shop")
    late = waits(at, came(at, "shop", 0.0), NOW)
    served = []
    for _ in range(4):
        waits(at, came(at, "bank", NOW), NOW)
        served.append(turn(at, running))

    assert [one is late for one in served] == [False, False, True, False]


def test_a_request_in_time_of_a_tenant_whose_late_ones_gave_way_goes_first() -> None:
    at, running = full_fleet("bank", "shop")
    late = waits(at, came(at, "shop", 0.0), NOW)
    first, second = (waits(at, came(at, "bank", NOW, prompt=40), NOW) for _ in range(2))

    assert turn(at, running) is first
    new = waits(at, came(at, "shop", NOW), NOW)
    assert [turn(at, running), turn(at, running)] == [new, second]
    assert late.waiting


def test_no_more_tenants_give_way_in_one_turn_than_can_be_searched_at_every_event() -> None:
    names = ("bank", *(f"shop-{place}" for place in range(MOST_ASIDE + 1)))
    at, running = full_fleet(*names)
    late = [waits(at, came(at, name, 0.0), NOW) for name in names[1:]]
    waits(at, came(at, "bank", NOW), NOW)

    assert turn(at, running) is late[-1]


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
)
def test_always_a_tenant_of_late_requests_alone_falls_behind_by_its_credit_at_most(
    in_time: list[int], late: list[int]
) -> None:
    at, running = full_fleet("bank", "shop")
    sizes, late_sizes = cycle(in_time), cycle(late)
    for _ in range(60):
        waits(at, came(at, "shop", 0.0, prompt=next(late_sizes)), NOW)
    served = {"bank": 0, "shop": 0}
    credit = 2.0 * PACE / 2
    for _ in range(60):
        waits(at, came(at, "bank", NOW, prompt=next(sizes)), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += one.cost
        assert served["bank"] - served["shop"] <= credit + 2 * (max(*in_time, *late) + 10)
