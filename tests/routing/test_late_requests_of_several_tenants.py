"""A late request leaves its turn to others' requests that can be in time, as long as its tenant gets it back."""

from collections import Counter
from dataclasses import replace
from itertools import cycle

from hypothesis import example, given
from hypothesis import strategies as st

from fairlead.fleet.endpoints import DiscoveredEndpoint
from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Band, BatchLaneLimits, Tenant
from fairlead.routing.bands import OWED as BAND_OWED
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.reasons import RefusalReason
from fairlead.routing.refusal import Refusal
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import placed, seen, send, sent, start, waits
from tests.routing.test_late_requests import dispatcher_with, end

NOW = 9.0
PACE = 100.0
"""Tokens a second that engines are measured to get: an objective of two seconds makes a credit of 100 for each of two
tenants."""
CREDIT = 2.0 * PACE / 2
X = frozenset({"x"})
TWO = RoutingSettings(tenants=(Tenant(name="bank", keys=()), Tenant(name="shop", keys=())))
BANDS = RoutingSettings(
    tenants=(
        Tenant(name="bank", keys=(), band="high"),
        Tenant(name="shop", keys=(), band="high"),
        Tenant(name="flood", keys=(), band="low"),
    ),
    bands=(Band(name="high", priority=10), Band(name="low", priority=1)),
)


def limited(most: int) -> RoutingSettings:
    """A tenant that may have this many requests in flight, beside one without a limit whose requests run."""
    return RoutingSettings(tenants=(Tenant(name="shop", keys=(), max_concurrency=most), Tenant(name="bank", keys=())))


def full_fleet(*names: str) -> tuple[Dispatcher, list[RoutingRequest]]:
    """Five slots, all in use, and tenants of these names."""
    return full_fleet_of(RoutingSettings(tenants=tuple(Tenant(name=one, keys=()) for one in names)))


def full_fleet_of(
    routing: RoutingSettings, *found: DiscoveredEndpoint, slots: int = 5, running: int = 5
) -> tuple[Dispatcher, list[RoutingRequest]]:
    """These engines, or one with five slots, with requests of the last tenant that run since long ago."""
    at = dispatcher_with(routing, slots=slots)
    if found:
        start(at, *found, slots=slots)
    before = [came(at, routing.tenants[-1].name, 0.0) for _ in range(running)]
    for one in before:
        sent(at, one)
        at.first_token(one, 0.1)
    assert placed(at, NOW) == []
    at.outlook.pace.per_second = PACE
    return at, before


def came(
    at: Dispatcher, name: str, arrived: float, prompt: int = 90, adapter: str | None = None, *, batch: bool = False
) -> RoutingRequest:
    """A request of 100 tokens, its reply included, unless its prompt is another."""
    one = send(at, name, prompt=prompt, adapter=adapter, batch=batch)
    one.arrived = arrived
    return one


def turn(at: Dispatcher, running: list[RoutingRequest], now: float = NOW) -> RoutingRequest | None:
    """The request that gets the slot of the one that has run longest."""
    end(at, running.pop(0), now)
    for one in placed(at, now):
        at.first_token(one, now)
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


def test_a_tenant_is_active_while_its_request_waits_and_for_a_while_after_it_left() -> None:
    at, _ = full_fleet("shop", "bank")
    late, tenants = waits(at, came(at, "shop", 0.0), NOW), at.occupancy.tenants
    waits(at, came(at, "bank", 99.0), 99.0)
    assert tenants.of(late.account, 99.0) is late.tenant_use
    at.withdraw(late, 120.0)
    waits(at, came(at, "bank", 120.0), 120.0)
    assert tenants.of(late.account, 120.0) is late.tenant_use
    waits(at, came(at, "bank", 199.0), 199.0)
    assert tenants.of(late.account, 199.0) is not late.tenant_use


def test_small_requests_for_an_adapter_do_not_cost_a_tenant_the_turns_that_its_late_ones_are_owed() -> None:
    at, running = full_fleet_of(TWO, *seen("engine-0", adapters=X))
    for _ in range(40):
        waits(at, came(at, "shop", 0.0), NOW)
    served = {"bank": 0, "shop": 0}
    for place in range(60):
        waits(at, came(at, "bank", NOW), NOW)
        if place % 2 == 0:
            waits(at, came(at, "shop", NOW, prompt=1, adapter="x"), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += one.expected_tokens

    assert served["bank"] - served["shop"] <= CREDIT + 2 * 100


def test_a_request_that_waits_for_its_adapters_engine_does_not_cost_the_late_ones_their_turns_either() -> None:
    at, running = full_fleet_of(TWO, *seen("engine-0", adapters=X), *seen("engine-1"), slots=3, running=6)
    elsewhere = [one for one in running if one.endpoint is not None and not one.endpoint.adapters]
    adapted = waits(at, came(at, "shop", NOW, adapter="x"), NOW)
    for _ in range(40):
        waits(at, came(at, "shop", 0.0), NOW)
    served = {"bank": 0, "shop": 0}
    for _ in range(40):
        waits(at, came(at, "bank", NOW), NOW)
        one = turn(at, elsewhere)
        assert one is not None
        served[one.account.name] += 1

    assert adapted.waiting
    assert served["bank"] - served["shop"] <= (CREDIT + 2 * 100) / 100


def test_late_requests_of_a_band_give_way_to_those_of_their_own_band_alone() -> None:
    at, running = full_fleet_of(BANDS)
    for name in ("bank", "shop") * 40:
        waits(at, came(at, name, 0.0), NOW)
    served = Counter[str]()
    for _ in range(60):
        low = waits(at, came(at, "flood", NOW), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += 1
        if low.waiting:
            at.withdraw(low, NOW)

    assert served["flood"] <= 60 * BAND_OWED
    assert abs(served["bank"] - served["shop"]) <= 1


def test_batch_work_does_not_pass_late_requests_of_several_tenants() -> None:
    at, running = full_fleet_of(replace(TWO, batch_lane=BatchLaneLimits()))
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("bank", "shop") * 5]
    assert (turn(at, running), turn(at, running)) == (None, None), "late requests wait for room to spare"

    batch = [waits(at, came(at, "bank", NOW, batch=True), NOW) for _ in range(5)]
    (first,) = placed(at, NOW)
    running.append(first)
    served = [first, *(turn(at, running) for _ in range(5))]
    assert all(one in late for one in served), "what batch work could have, they get"
    assert all(one.waiting for one in batch)


def test_a_new_request_of_a_lower_band_does_not_take_the_room_that_late_ones_left_for_others_of_their_own() -> None:
    at, running = full_fleet_of(BANDS)
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("bank", "shop")]
    assert turn(at, running) is None

    low = waits(at, came(at, "flood", NOW), NOW)
    (first,) = placed(at, NOW)
    assert first in late
    assert low.waiting


def test_late_requests_that_have_room_nowhere_keep_lower_bands_waiting() -> None:
    at, running = full_fleet_of(BANDS)
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("bank", "shop")]
    assert turn(at, running) is None
    at.table.sized(at.table.endpoints[0], None, 4)

    low = waits(at, came(at, "flood", NOW), NOW)
    assert placed(at, NOW) == []
    assert [one.waiting for one in (*late, low)] == [True, True, True]


def test_late_requests_for_an_adapter_whose_engine_is_full_do_not_hold_up_a_lower_band() -> None:
    at, running = full_fleet_of(BANDS, *seen("engine-0", adapters=X), *seen("engine-1"), running=10)
    elsewhere = [one for one in running if one.endpoint is not None and not one.endpoint.adapters]
    adapted = [waits(at, came(at, name, 0.0, adapter="x"), NOW) for name in ("bank", "shop")]
    low = waits(at, came(at, "flood", NOW), NOW)

    assert turn(at, elsewhere) is low
    assert all(one.waiting for one in adapted)


def test_late_requests_for_an_adapter_that_no_engine_has_any_more_are_refused() -> None:
    at, running = full_fleet_of(BANDS, *seen("engine-0", adapters=X))
    late = [waits(at, came(at, name, 0.0, adapter="x"), NOW) for name in ("bank", "shop")]
    assert turn(at, running) is None
    at.table.apply_discovered(seen("engine-0"))

    waits(at, came(at, "flood", NOW), NOW)
    turns = dict(at.turns(NOW))
    refused = [turns[one] for one in late if one in turns]
    assert [one.reason for one in refused if isinstance(one, Refusal)] == [RefusalReason.NO_ADAPTER]


def test_late_requests_of_a_tenant_with_few_slots_get_as_many_turns_as_these_slots_allow() -> None:
    at, running = full_fleet_of(limited(1))
    at.outlook.pace.per_second = 10 * PACE
    for _ in range(20):
        waits(at, came(at, "shop", 0.0), NOW)
    served = Counter[str]()
    for _ in range(100):
        waits(at, came(at, "bank", NOW), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += 1

    assert served["shop"] >= (100 - 10 * CREDIT / 100) / 5 - 1, "one of five slots, once it is behind by the credit"


@given(
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
    st.lists(st.integers(1, 1000), min_size=1, max_size=20),
    st.lists(st.integers(0, 3), min_size=1, max_size=20),
)
@example([1, 179], [412], [0])  # its next request alone is more than its share of what is in flight
def test_always_a_tenant_of_late_requests_alone_falls_behind_by_its_credit_at_most(
    in_time: list[int], late: list[int], adapted: list[int]
) -> None:
    """Whatever it sends for an adapter meanwhile, and whatever a lower band sends."""
    at, running = full_fleet_of(BANDS, *seen("engine-0", adapters=X))
    sizes, late_sizes, small = cycle(in_time), cycle(late), cycle(adapted)
    for _ in range(60):
        waits(at, came(at, "shop", 0.0, prompt=next(late_sizes)), NOW)
    served = {"bank": 0, "shop": 0, "flood": 0}
    largest = max(*in_time, *late) + 10
    for _ in range(60):
        waits(at, came(at, "flood", NOW), NOW)
        waits(at, came(at, "bank", NOW, prompt=next(sizes)), NOW)
        for _ in range(next(small)):
            waits(at, came(at, "shop", NOW, prompt=1, adapter="x"), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += one.expected_tokens
        assert served["bank"] - served["shop"] <= CREDIT + 2 * largest
        assert served["flood"] <= BAND_OWED * (served["bank"] + served["shop"]) + 100


@given(st.integers(1, 5), st.integers(0, 2000))
def test_always_late_requests_of_a_limited_tenant_get_what_its_slots_allow_after_its_credit(
    most: int, pace: int
) -> None:
    """As many turns as its part of the slots, or half of all."""
    at, running = full_fleet_of(limited(most))
    at.outlook.pace.per_second = pace
    served = Counter[str]()
    for _ in range(60):
        waits(at, came(at, "shop", 0.0), NOW)
        waits(at, came(at, "bank", NOW), NOW)
        one = turn(at, running)
        assert one is not None
        served[one.account.name] += 1
    assert served["shop"] >= (60 - pace / 100 - 3) * min(most / 5, 0.5) - 1
