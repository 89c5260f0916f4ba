"""Late requests of a lower band: turns that they left come back to them, but no capacity that a higher one reserves."""

from fairlead.fleet.gateways import RoutingSettings
from fairlead.fleet.tenants import Band, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import placed, sent, waits
from tests.routing.test_late_requests import end
from tests.routing.test_late_requests_of_several_tenants import NOW, came, full_fleet_of

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
