"""Late requests of some tenants among many, or among ever new ones: they wait for one objective at most."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Band, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.due_turns import EVERY
from fairlead.routing.lanes import LaneAvailability
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import account, placed, seen, terms, waits
from tests.routing.test_late_requests import end
from tests.routing.test_late_requests_of_several_tenants import BANDS, NOW, TWO, came, full_fleet, full_fleet_of, turn

A_SECOND = 10
"""Turns, each of a request of 100 tokens: the pace is 1,000 tokens a second, and 20 turns are one objective."""
OBJECTIVE = 2 * A_SECOND

LOWER = RoutingSettings(
    tenants=(
        Tenant(name="flood", keys=(), band="high"),
        Tenant(name="bank", keys=(), band="low"),
        Tenant(name="shop", keys=(), band="low"),
    ),
    bands=(Band(name="high", priority=10), Band(name="low", priority=1)),
)


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


def test_late_requests_give_way_while_virtual_time_stands_still_for_each_turn_is_of_a_new_tenant() -> None:
    at, running = full_fleet("shop", *(f"tenant-{place}" for place in range(100)), "filler")
    at.outlook.pace.per_second = 100.0 * A_SECOND
    late: RoutingRequest | None = None
    for number in range(60):
        now = NOW + number / A_SECOND
        if number == 30:
            late = waits(at, came(at, "shop", 0.0), now)
        submit(at, f"tenant-{number}", now)
        if turn(at, running, now) is late:
            assert number == 30 + OBJECTIVE
            break
    assert late is not None
    assert not late.waiting


def test_of_eight_turns_one_at_most_is_due_because_it_was_left_to_others_for_one_objective() -> None:
    """Else late requests of many tenants that send seldom would all go before those in time, one objective later."""
    shops = [f"shop-{place}" for place in range(100)]
    at, running = full_fleet(*shops, *(f"tenant-{place}" for place in range(200)), "filler")
    at.outlook.pace.per_second = 100.0 * A_SECOND
    late = [waits(at, came(at, name, 0.0), NOW) for name in shops]
    served = []
    for number in range(OBJECTIVE + 20 * EVERY):
        now = NOW + number / A_SECOND
        submit(at, f"tenant-{number}", now)
        served.append(turn(at, running, now))

    assert [one for one in served if one in late] == late[:20], "the longest wait first"
    assert served[OBJECTIVE::EVERY] == late[:20]


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


def test_all_late_requests_give_way_however_many_tenants_have_them() -> None:
    names = ("bank", *(f"shop-{place}" for place in range(100)))
    at, running = full_fleet(*names)
    late = [waits(at, came(at, name, 0.0), NOW) for name in names[1:]]
    new = waits(at, came(at, "bank", NOW), NOW)

    assert turn(at, running) is new
    assert all(one.waiting for one in late)


def test_late_requests_for_many_adapters_give_way_too() -> None:
    names = [f"adapter-{place}" for place in range(100)]
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


def test_a_lower_band_keeps_its_twentieth_though_all_of_its_requests_are_late() -> None:
    at, running = full_fleet_of(LOWER)
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("bank", "shop") * 20]
    served = []
    for _ in range(100):
        waits(at, came(at, "flood", NOW), NOW)
        served.append(turn(at, running))

    assert sum(one in late for one in served) in {4, 5}


def test_while_all_engines_are_full_nothing_is_tried_for_one_tenant_after_the_other() -> None:
    names = [f"tenant-{place}" for place in range(20)]
    at, running = full_fleet(*names)
    new = [waits(at, came(at, name, NOW), NOW) for name in names]
    assert all(one.yields for one in new), "each has a twentieth, which is less than its request"
    assert placed(at, NOW) == []
    assert at.queue.lanes.interactive.availability is LaneAvailability.FULL

    assert turn(at, running) is new[0]


def test_a_late_request_of_a_tenant_at_its_limit_does_not_hold_up_a_lower_band() -> None:
    limited = tuple(replace(one, max_concurrency=1) if one.name == "shop" else one for one in BANDS.tenants)
    at, running = full_fleet_of(replace(BANDS, tenants=limited))
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("shop", "bank")]
    assert turn(at, running) is None, "they give way"

    account(at, "shop").inflight += 1  # another target of the router has sent one
    low = [waits(at, came(at, "flood", NOW), NOW) for _ in range(2)]
    assert placed(at, NOW) == [late[1]], "the last free slot"
    assert turn(at, running) is low[0]
    assert late[0].waiting


def test_tenants_that_give_way_again_after_a_turn_have_the_same_share_as_those_that_had_none() -> None:
    at, running = full_fleet("mall", "shop", "bank")
    at.outlook.pace.per_second = 100.0 * A_SECOND
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("mall", "shop") * 60]
    served: list[RoutingRequest] = []
    for number in range(120):
        now = NOW + number / A_SECOND
        waits(at, came(at, "bank", now), now)
        if number in {2, 4}:
            waits(at, came(at, "shop", now), now)
        one = turn(at, running, now)
        assert one is not None
        served.append(one)

    turns = Counter(one.account.name for one in served)
    assert abs(turns["mall"] - turns["shop"]) <= 1
    assert turns["mall"] >= 120 / 3 - OBJECTIVE
    assert sum(one in late for one in served) == turns["mall"] + turns["shop"] - 2


def test_a_tenant_without_a_turn_for_one_objective_does_not_wait_for_one_that_is_further_behind() -> None:
    at, running = full_fleet("mall", "shop", "bank")
    at.outlook.pace.per_second = 1e6
    waits(at, came(at, "mall", 0.0), NOW)
    for _ in range(2):
        turn(at, running, submit(at, "bank", NOW))
    late = waits(at, came(at, "shop", 0.0), NOW + 0.1)
    turn(at, running, submit(at, "bank", NOW + 0.1))
    turn(at, running, submit(at, "mall", NOW + 0.2, prompt=1))
    turn(at, running, submit(at, "bank", NOW + 0.3))

    assert turn(at, running, submit(at, "bank", NOW + 2.15)) is late


def submit(at: Dispatcher, name: str, now: float, prompt: int = 90) -> float:
    """A request in time, and when it came."""
    waits(at, came(at, name, now, prompt=prompt), now)
    return now
