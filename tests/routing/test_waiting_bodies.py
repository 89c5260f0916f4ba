"""Bodies that wait are bounded together, and a few large ones, or batch work, keep no others out."""

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, BatchLaneLimits, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import is_empty, placed, refused, refused_at, seen, send, sent, start, terms, waits

BANDS = (Band(name="gold", priority=9), Band(name="iron", priority=1))
TENANTS = (
    Tenant(name="gold", keys=(), band="gold"),
    Tenant(name="iron", keys=(), band="iron"),
    Tenant(name="rust", keys=(), band="iron"),
)
LANES = {"batch_lane": BatchLaneLimits(), "long_lane": LongLaneLimits(min_prompt_tokens=1000)}


def busy(most_queued: int = 100) -> Dispatcher:
    """A dispatcher whose only engine is busy; a hundred bytes may wait."""
    limits = TrafficLimits(max_queued=most_queued)
    settings = RoutingSettings(tenants=TENANTS, bands=BANDS, limits=limits, **LANES)  # type: ignore[arg-type]
    made = Dispatcher(terms(settings, max_bytes=100))
    start(made, *seen("a"), slots=1)
    sent(made, send(made, "gold"))
    return made


def body(at: Dispatcher, name: str, size: int, now: float = 0.0, **other: object) -> RoutingRequest:
    """A request of this tenant that waits."""
    return waits(at, send(at, name, body_bytes=size, **other), now)  # type: ignore[arg-type]


def lost(at: Dispatcher) -> list[RoutingRequest]:
    """Those that lost their place to others."""
    found = refused_at(at, 9.0)
    assert {no.reason for _, no in found} <= {RefusalReason.QUEUE_FULL}
    return [one for one, _ in found]


def test_batch_work_makes_room_for_others_and_gets_none_from_them() -> None:
    at = busy()
    chat = body(at, "iron", 30)
    jobs = [body(at, "gold", 35, float(place), batch=True) for place in range(2)]

    assert refused(at, send(at, "gold", body_bytes=71, batch=True)).reason is RefusalReason.QUEUE_FULL
    other = body(at, "iron", 20)
    assert lost(at) == [jobs[1]]
    body(at, "rust", 50)
    assert lost(at) == [jobs[0]]
    assert (chat.waiting, other.waiting, at.queue.bytes) == (True, True, 100)


def test_lower_bands_make_room_and_only_as_much_as_is_needed() -> None:
    at = busy()
    small = [body(at, "rust", 10, float(place)) for place in range(4)]
    large = [body(at, "iron", 30, float(place)) for place in range(2)]

    body(at, "gold", 55)
    assert lost(at) == [large[1], small[3], small[2], large[0]]
    assert at.queue.bytes == 20 + 55
    body(at, "gold", 35)
    assert lost(at) == [small[1]]
    body(at, "gold", 10)
    assert lost(at) == [small[0]]
    assert refused(at, send(at, "gold", body_bytes=1)).reason is RefusalReason.QUEUE_FULL


def test_in_one_band_those_with_more_bytes_for_their_weight_make_room_in_both_lanes() -> None:
    at = busy()
    jobs = [body(at, "iron", 30, prompt=2000), body(at, "iron", 30, 1.0)]
    long = body(at, "iron", 40, prompt=2000)

    mine = body(at, "rust", 20)
    assert lost(at) == [long]
    body(at, "rust", 29)
    assert lost(at) == [jobs[1]]
    assert refused(at, send(at, "rust", body_bytes=50)).reason is RefusalReason.QUEUE_FULL
    assert (jobs[0].waiting, mine.waiting, at.queue.bytes) == (True, True, 79)


def test_a_tenant_that_fills_the_long_lane_takes_no_bytes_from_others_in_the_interactive_one() -> None:
    at = busy()
    jobs = [body(at, "iron", 20, float(place), prompt=2000) for place in range(3)]
    small = body(at, "rust", 30)
    assert refused(at, send(at, "iron", body_bytes=25)).reason is RefusalReason.QUEUE_FULL
    assert lost(at) == []

    body(at, "rust", 15)
    assert lost(at) == [jobs[2]]
    assert (small.waiting, at.queue.bytes) == (True, 40 + 30 + 15)


def test_a_tenant_that_fills_the_long_lane_takes_no_places_from_others_in_the_interactive_one() -> None:
    at = busy(most_queued=10)
    jobs = [body(at, "iron", 1, float(place), prompt=2000) for place in range(7)]
    small = [body(at, "rust", 1, 7.0 + place) for place in range(3)]
    assert refused(at, send(at, "iron", body_bytes=1)).reason is RefusalReason.QUEUE_FULL
    assert lost(at) == []

    small.append(body(at, "rust", 1))
    assert lost(at) == [jobs[6]]
    assert all(one.waiting for one in small)


def test_a_body_that_finds_no_place_anyway_pushes_out_none() -> None:
    at = busy(most_queued=1)
    first, job = body(at, "gold", 50), body(at, "gold", 50, batch=True)
    assert refused(at, send(at, "gold", body_bytes=50)).reason is RefusalReason.QUEUE_FULL
    assert lost(at) == []
    at.withdraw(first, 1.0)
    at.withdraw(job, 1.0)
    assert at.queue.bytes == 0


def test_after_all_that_nothing_is_left_behind() -> None:
    at = Dispatcher(terms(RoutingSettings(tenants=TENANTS, bands=BANDS, **LANES), max_bytes=100))  # type: ignore[arg-type]
    start(at, *seen("a"), slots=1)
    running = send(at, "gold")
    sent(at, running)
    for place in range(5):
        body(at, "iron", 20, float(place))
    body(at, "gold", 60)
    assert len(lost(at)) == 3
    while at.waiting:
        at.ended(running, AttemptEnding.DONE, None, 9.0)
        (running,) = placed(at, 9.0)
    at.ended(running, AttemptEnding.DONE, None, 9.0)
    assert is_empty(at)
    assert [queue.bytes for lane in at.queue.lanes.all for queue in lane.bands.queues] == [0] * 6
