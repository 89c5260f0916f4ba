"""Who has most waiting in one band, over the lanes that share a limit."""

from fairlead.routing.band_shares import BandShares
from fairlead.routing.fair_queue import FairQueue
from tests.routing.accounted import request_of, tenant


def test_the_tenant_with_most_for_its_weight_is_chosen_and_its_newest_request_by_time() -> None:
    queue, gold, iron = FairQueue(), tenant("g", weight=4), tenant("i")
    band = BandShares([queue])
    assert (band.longest(), band.largest()) == (None, None)
    for _ in range(4):
        queue.add(request_of(gold))
    last = [request_of(iron, adapter=name) for name in ("a", "b")]
    for request in last:
        queue.add(request)
    assert band.longest() == (2.0, last[1])
    assert (band.part(gold), band.part(tenant("new"))) == (5 / 4, 1.0)


def test_a_tenant_counts_with_what_it_has_in_all_lanes() -> None:
    interactive, long, flood, small = FairQueue(), FairQueue(), tenant("f"), tenant("s")
    band = BandShares([interactive, long])
    few = [request_of(small) for _ in range(3)]
    many = [request_of(flood) for _ in range(4)]
    for place, request in enumerate((*few, *many)):
        request.body_bytes, request.queued_at = 10, float(place)
    for request in (*few, many[3]):
        interactive.add(request)
    for request in many[:3]:
        long.add(request)
    assert (band.waiting, band.bytes) == (7, 70)
    assert band.longest() == (4.0, many[3])
    assert (band.part(flood), band.part(small)) == (5.0, 4.0)
    assert band.largest() == (40.0, many[3])
    assert (band.part_of_bytes(few[0]), band.bytes_beyond(30.0), band.bytes_beyond(25.0)) == (40.0, 10.0, 20.0)
