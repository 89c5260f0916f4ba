"""Late requests of some tenants among many, or among ever new ones: they wait for one objective at most."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RoutingSettings
from fairlead.routing.dispatch_order import MOST_GIVE_WAY
from tests.routing.dispatchers import placed, seen, terms, waits
from tests.routing.test_late_requests import end
from tests.routing.test_late_requests_of_several_tenants import NOW, TWO, came, full_fleet, full_fleet_of, turn

A_SECOND = 10
"""Turns, each of a request of 100 tokens: the pace is 1,000 tokens a second, and 20 turns are one objective."""
OBJECTIVE = 2 * A_SECOND


def turns_until(count: int, sender: Callable[[int], str], tenants: int, sends: int = 1, most: int = 4000) -> list[int]:
    """In which turns these many late requests of the shop are served, while at each turn others send in time."""
    at, running = full_fleet("shop", *(f"tenant-{place}" for place in range(tenants)), "filler")
    at.outlook.pace.per_second = 100.0 * A_SECOND
    late = [waits(at, came(at, "shop", 0.0), NOW) for _ in range(count)]
    found: list[int] = []
    for number in range(most):
        now = NOW + number / A_SECOND
        for place in range(sends):
            waits(at, came(at, sender(sends * number + place), now), now)
        if turn(at, running, now) in late:
            found.append(number)
        if len(found) == count:
            break
    return found


@pytest.mark.parametrize("tenants", [1, 3, 20, 50, 200])
def test_a_late_request_waits_for_one_objective_however_many_tenants_are_active(tenants: int) -> None:
    (served,) = turns_until(1, lambda number: f"tenant-{number % tenants}", tenants)
    assert served <= OBJECTIVE


def test_a_late_request_waits_for_one_objective_while_each_request_is_of_another_new_tenant() -> None:
    (served,) = turns_until(1, lambda number: f"tenant-{number}", 300, most=300)
    assert served <= OBJECTIVE


@pytest.mark.parametrize("tenants", [3, 20, 50])
def test_a_tenant_of_late_requests_alone_gets_its_share_of_turns_among_many(tenants: int) -> None:
    """It is behind by no more than one objective, and its requests do not come back in one piece."""
    served = turns_until(10, lambda number: f"tenant-{number % tenants}", tenants, sends=2)
    gaps = [later - before for before, later in pairwise(served)]
    assert served[-1] <= 10 * (tenants + 1) + OBJECTIVE
    assert sum(gap <= 1 for gap in gaps) <= 1, gaps


@given(st.integers(1, 40), st.lists(st.integers(0, 39), min_size=1, max_size=20))
def test_always_a_late_request_is_served_within_one_objective_once_its_tenant_is_next(
    tenants: int, order: list[int]
) -> None:
    (served,) = turns_until(1, lambda number: f"tenant-{order[number % len(order)] % tenants}", tenants)
    assert served <= OBJECTIVE + 1


def test_a_late_request_of_a_tenant_that_gave_way_before_waits_for_one_objective_of_its_own() -> None:
    at, running = full_fleet("bank", "shop")
    first = waits(at, came(at, "shop", 0.0), NOW)
    waits(at, came(at, "bank", NOW), NOW)
    assert turn(at, running) is not first
    at.withdraw(first, NOW)

    second = waits(at, came(at, "shop", 0.0), NOW + 3)
    waits(at, came(at, "bank", NOW + 3), NOW + 3)
    assert turn(at, running, NOW + 3) is not second


def test_no_more_tenants_give_way_in_one_turn_than_can_be_searched_at_every_event() -> None:
    names = ("bank", *(f"shop-{place}" for place in range(MOST_GIVE_WAY + 1)))
    at, running = full_fleet(*names)
    late = [waits(at, came(at, name, 0.0), NOW) for name in names[1:]]
    waits(at, came(at, "bank", NOW), NOW)

    assert turn(at, running) is late[-1]


def test_many_adapters_of_one_tenant_give_way_as_one() -> None:
    names = [f"adapter-{place}" for place in range(MOST_GIVE_WAY + 1)]
    at, running = full_fleet_of(TWO, *seen("engine-0", adapters=frozenset(names)))
    late = [waits(at, came(at, "shop", 0.0, adapter=name), NOW) for name in names]
    new = waits(at, came(at, "bank", NOW), NOW)

    assert turn(at, running) is new
    assert all(one.waiting for one in late)


def test_a_weight_that_changes_while_requests_wait_counts_when_their_tenant_waits_again() -> None:
    """A target that is about to leave keeps its queue, with the tenants' new weights."""
    at, running = full_fleet_of(TWO)
    shop, bank = (waits(at, came(at, name, 0.0), NOW) for name in ("shop", "bank"))
    heavier = RoutingSettings(tenants=(TWO.tenants[0], replace(TWO.tenants[1], weight=2)))
    at.accounts.take(terms(heavier), NOW)
    at.leave_queue(shop)

    end(at, running[0], NOW)
    assert placed(at, NOW) == [], "it is late and waits for room to spare"
    for one in running[1:4]:
        end(at, one, NOW)
    assert placed(at, NOW) == [bank]
