"""Late requests of several bands: a lower band's turns are the higher one's first, but no capacity beyond its part."""

from collections import Counter

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Band, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import placed, seen, sent, waits
from tests.routing.test_late_requests import end
from tests.routing.test_late_requests_of_several_tenants import NOW, X, came, full_fleet_of, turn

RESERVED = RoutingSettings(
    tenants=(
        Tenant(name="bank", keys=(), band="low"),
        Tenant(name="shop", keys=(), band="low"),
        Tenant(name="vip", keys=(), band="high"),
    ),
    bands=(Band(name="high", priority=10, reserved=0.2), Band(name="low", priority=1)),
    long_lane=LongLaneLimits(min_prompt_tokens=500),
)
SLOTS = 10
MANY = RoutingSettings(
    tenants=(
        *(Tenant(name=name, keys=(), band="high") for name in ("mall", "bank", "shop")),
        Tenant(name="flood", keys=(), band="low"),
    ),
    bands=(Band(name="high", priority=10), Band(name="low", priority=1)),
)


def late_ones_gave_way(routing: RoutingSettings, ended: int) -> tuple[Dispatcher, list[RoutingRequest]]:
    """Two late requests of a lower band, when so many of the requests that filled all slots have ended."""
    at, running = full_fleet_of(routing, slots=SLOTS, running=SLOTS)
    late = [waits(at, came(at, name, 0.0), NOW) for name in ("bank", "shop")]
    for one in running[:ended]:
        end(at, one, NOW)
    assert placed(at, NOW) == [], "late requests wait for room to spare"
    return at, late


def test_a_long_jobs_turn_is_no_late_requests_whose_band_must_leave_that_slot_to_a_higher_one() -> None:
    at, late = late_ones_gave_way(RESERVED, ended=2)
    job = came(at, "vip", NOW, prompt=600)

    sent(at, job, NOW)
    assert at.inflight == SLOTS - 1
    assert all(one.waiting for one in late)


def test_nor_once_higher_requests_took_what_they_could_have_had() -> None:
    at, late = late_ones_gave_way(RESERVED, ended=4)
    for vip in [came(at, "vip", NOW) for _ in range(3)]:
        sent(at, vip, NOW)
        at.first_token(vip, NOW)
    job = waits(at, came(at, "vip", NOW, prompt=600), NOW)

    assert placed(at, NOW) == [job]
    assert all(one.waiting for one in late)


def test_what_the_higher_band_does_not_reserve_is_theirs_first() -> None:
    at, late = late_ones_gave_way(RESERVED, ended=4)
    waits(at, came(at, "vip", NOW, prompt=600), NOW)

    first, *_ = placed(at, NOW)
    assert first in late


def test_turns_of_a_lower_band_go_to_late_requests_of_equal_tenants_in_turn() -> None:
    """Also while a third one, which is further behind, waits for an engine with its adapter."""
    at, running = full_fleet_of(MANY, *seen("engine-0", adapters=X), *seen("engine-1"), running=10)
    at.outlook.pace.per_second = 1e6
    elsewhere = [one for one in running if one.endpoint is not None and not one.endpoint.adapters]
    adapted = waits(at, came(at, "mall", 0.0, adapter="x"), NOW)
    for name in ("bank", "shop") * 40:
        waits(at, came(at, name, 0.0), NOW)

    served = Counter[str]()
    for _ in range(40):
        low = waits(at, came(at, "flood", NOW), NOW)
        one = turn(at, elsewhere)
        assert one is not None
        served[one.account.name] += 1
        assert abs(served["bank"] - served["shop"]) <= 1
        if low.waiting:
            at.withdraw(low, NOW)
    assert served["bank"] + served["shop"] >= 38, "a lower band has a twentieth"
    assert adapted.waiting
