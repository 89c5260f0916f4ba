"""Lanes and bands: which goes first, how much of the fleet each may take, and that none starves by design."""

from fairlead.fleet.gateways import RoutingSettings, TrafficLimits
from fairlead.fleet.tenants import Band, BatchLaneLimits, Lane, LongLaneLimits, Tenant
from fairlead.routing.dispatcher import Dispatcher
from fairlead.routing.endpoint import EndpointSample
from fairlead.routing.reasons import AttemptEnding, RefusalReason
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.dispatchers import dispatcher_of, is_empty, placed, refused_at, send, sent, terms, waits

LONG = LongLaneLimits(min_prompt_tokens=1000, min_output_tokens=500, max_share=0.5, max_queue_seconds=100.0)
BATCH = BatchLaneLimits(below_utilization=0.5, max_queued=5)
BOTH = RoutingSettings(long_lane=LONG, batch_lane=BATCH)
GOLD, IRON = Band(name="gold", priority=9, reserved=0.25), Band(name="iron", priority=1)
BANDED = RoutingSettings(
    tenants=(Tenant(name="shop", keys=(), band="gold"), Tenant(name="bank", keys=(), band="iron")), bands=(IRON, GOLD)
)


def chat(at: Dispatcher) -> RoutingRequest:
    return send(at, prompt=100)


def long(at: Dispatcher) -> RoutingRequest:
    return send(at, prompt=2000)


def batch(at: Dispatcher) -> RoutingRequest:
    return send(at, batch=True)


def end(at: Dispatcher, one: RoutingRequest, now: float = 0.0) -> None:
    at.ended(one, AttemptEnding.DONE, None, now)


def test_a_long_prompt_or_a_long_reply_by_its_own_word_makes_a_long_job() -> None:
    at = dispatcher_of(BOTH, slots=100, engines=4)
    lanes = []
    for one in (chat(at), long(at), send(at, output=500), send(at, output=500, names_output=False), batch(at)):
        sent(at, one)
        lanes.append(one.lane)
    assert lanes == [Lane.INTERACTIVE, Lane.LONG, Lane.LONG, Lane.INTERACTIVE, Lane.BATCH]
    short = send(at, output=8 * 499, answers=8)
    sent(at, short)
    assert short.lane is Lane.INTERACTIVE


def test_without_lanes_everything_is_interactive() -> None:
    at = dispatcher_of(slots=100)
    for one in (long(at), batch(at)):
        sent(at, one)
        assert one.lane is Lane.INTERACTIVE


def test_long_jobs_take_their_share_of_the_seats_and_no_more() -> None:
    at = dispatcher_of(BOTH, slots=1, engines=4)
    jobs = [long(at) for _ in range(3)]
    for one in jobs[:2]:
        sent(at, one)
        at.first_token(one, 0.0)
    waits(at, jobs[2])
    assert placed(at) == []
    sent(at, chat(at))
    end(at, jobs[0])
    assert placed(at) == [jobs[2]]


def test_long_prompts_are_read_by_their_share_of_the_engines_at_a_time() -> None:
    at = dispatcher_of(BOTH, slots=100, engines=4)
    jobs = [long(at) for _ in range(3)]
    for one in jobs[:2]:
        sent(at, one)
    waits(at, jobs[2])
    at.first_token(jobs[0], 1.0)
    assert placed(at) == [jobs[2]]
    for one in jobs:
        end(at, one)
    assert is_empty(at)


def test_long_jobs_take_their_share_of_the_cache() -> None:
    at = dispatcher_of(BOTH, slots=100, engines=4, kv_tokens=1500)
    jobs = [long(at) for _ in range(2)]
    sent(at, jobs[0])
    at.first_token(jobs[0], 1.0)
    waits(at, jobs[1])
    assert placed(at) == []
    end(at, jobs[0])
    assert placed(at) == [jobs[1]]


def test_a_lone_long_job_goes_however_large_it_is() -> None:
    at = dispatcher_of(BOTH, slots=1, engines=1, kv_tokens=10)
    sent(at, long(at))


def test_chat_goes_before_long_jobs_and_long_jobs_before_batch() -> None:
    at = dispatcher_of(BOTH)
    running = chat(at)
    sent(at, running)
    order = [waits(at, one) for one in (batch(at), long(at), chat(at))]
    for expected in reversed(order):
        end(at, running)
        (running,) = placed(at)
        assert running is expected


def test_batch_work_that_waits_can_be_refused_alone() -> None:
    at = dispatcher_of(BOTH)
    sent(at, chat(at))
    jobs, others = [waits(at, batch(at)) for _ in range(2)], [waits(at, one) for one in (long(at), chat(at))]

    at.queue.refuse_batch()

    assert [(one, why.reason) for one, why in refused_at(at)] == [(one, RefusalReason.ROUTER_LEAVING) for one in jobs]
    assert all(one.waiting for one in others)


def test_a_stream_of_chat_does_not_starve_a_long_job() -> None:
    """Of every 2,000 tokens of chat a quarter is owed to long jobs: half of the half that they may have."""
    at = dispatcher_of(BOTH)
    running = chat(at)
    sent(at, running)
    job = waits(at, long(at))
    turns = 0
    while running is not job:
        waits(at, chat(at))
        end(at, running)
        (running,) = placed(at)
        turns += 1
    assert 70 <= turns <= 80


def test_a_long_job_for_which_there_is_never_room_insists_after_half_its_time() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG), slots=2)
    first, second = long(at), chat(at)
    sent(at, first)
    sent(at, second)
    at.first_token(first, 0.0)
    job, request = waits(at, long(at), 1.0), waits(at, chat(at), 1.0)
    end(at, first, 2.0)
    assert placed(at, 2.0) == [request]
    assert placed(at, 52.0) == []
    waits(at, chat(at), 52.0)
    end(at, second, 53.0)
    assert placed(at, 53.0) == [job]


def test_when_the_one_that_insists_leaves_the_way_is_open_again() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG), slots=1)
    running = chat(at)
    sent(at, running)
    job = waits(at, long(at), 1.0)
    assert placed(at, 52.0) == []
    assert at.queue.lanes.long_job_overdue
    at.withdraw(job, 53.0)
    end(at, running, 54.0)
    sent(at, chat(at), 54.0)


def test_a_long_job_that_insists_leaves_no_room_to_newcomers() -> None:
    at = dispatcher_of(RoutingSettings(long_lane=LONG), slots=2)
    first, second = chat(at), chat(at)
    sent(at, first)
    sent(at, second)
    job = waits(at, long(at), 1.0)
    assert placed(at, 52.0) == []
    end(at, first, 53.0)
    waits(at, chat(at), 53.0)
    assert placed(at, 53.0)[0] is job


def test_a_long_job_at_its_cap_leaves_chat_and_batch_their_room() -> None:
    at = dispatcher_of(BOTH, slots=8, engines=1)
    sent(at, long(at))
    waits(at, long(at))
    assert placed(at) == []
    sent(at, chat(at))
    sent(at, batch(at))


def test_batch_fills_what_is_idle_and_no_more() -> None:
    at = dispatcher_of(BOTH, slots=4)
    jobs = [batch(at) for _ in range(3)]
    sent(at, jobs[0])
    sent(at, jobs[1])
    waits(at, jobs[2])
    assert placed(at) == []
    sent(at, chat(at))
    end(at, jobs[0])
    assert placed(at) == []
    end(at, jobs[1])
    assert placed(at) == [jobs[2]]


def test_batch_stops_when_engines_say_their_cache_is_used_by_others() -> None:
    at = dispatcher_of(BOTH, slots=100, kv_tokens=10_000)
    (endpoint,) = at.table.endpoints
    at.table.apply_sample(endpoint, EndpointSample(at=1.0, running=3.0, waiting=0.0, kv_usage=0.6))
    list(at.turns(1.0))
    job = waits(at, batch(at))
    at.table.apply_sample(endpoint, EndpointSample(at=2.0, running=0.0, waiting=0.0, kv_usage=0.1))
    assert placed(at, 2.0) == [job]


def test_what_was_sent_since_the_figures_counts_until_it_ends() -> None:
    at = dispatcher_of(BOTH, slots=1000, kv_tokens=1000)
    (endpoint,) = at.table.endpoints
    at.table.apply_sample(endpoint, EndpointSample(at=1.0, running=0.0, waiting=0.0, kv_usage=0.0))
    list(at.turns(1.0))
    chats = [chat(at) for _ in range(5)]
    for one in chats:
        sent(at, one)
    job = waits(at, batch(at))
    for one in chats:
        end(at, one)
    assert placed(at, 1.1) == [job]


def test_batch_has_a_bound_of_its_own() -> None:
    at = dispatcher_of(RoutingSettings(batch_lane=BATCH, limits=TrafficLimits(max_queued=1)), slots=1)
    sent(at, chat(at))
    for _ in range(5):
        waits(at, batch(at))
    waits(at, chat(at))
    assert at.queue.lanes.batch.bands.waiting == 5
    at.apply(terms(RoutingSettings()), 1.0)
    assert (at.queue.lanes.batch.bands.waiting, at.accounts.all[0].queued) == (0, 6)


def test_while_chat_waits_no_batch_begins() -> None:
    at = dispatcher_of(BOTH, slots=1)
    running = chat(at)
    sent(at, running)
    job, person = waits(at, batch(at)), waits(at, chat(at))
    end(at, running)
    waits(at, batch(at))
    assert placed(at) == [person]
    end(at, person)
    assert placed(at) == [job]


def test_a_higher_band_goes_first() -> None:
    at = dispatcher_of(BANDED)
    running = send(at, "shop")
    sent(at, running)
    low, high = waits(at, send(at, "bank")), waits(at, send(at, "shop"))
    end(at, running)
    assert placed(at) == [high]
    end(at, high)
    assert placed(at) == []
    assert low.waiting


def test_a_lower_band_never_takes_what_is_reserved_above() -> None:
    at = dispatcher_of(BANDED, slots=4)
    jobs = [send(at, "bank") for _ in range(4)]
    for one in jobs[:3]:
        sent(at, one)
    waits(at, jobs[3])
    assert placed(at) == []
    sent(at, send(at, "shop"))
    end(at, jobs[0])
    end(at, jobs[1])
    assert placed(at) == [jobs[3]]


def test_a_lower_band_under_a_flood_still_has_a_twentieth_of_the_turns() -> None:
    bands = (Band(name="gold", priority=9), Band(name="iron", priority=1))
    at = dispatcher_of(RoutingSettings(tenants=BANDED.tenants, bands=bands))
    running = send(at, "shop")
    sent(at, running)
    low = [waits(at, send(at, "bank")) for _ in range(20)]
    turns = 0
    for _ in range(210):
        waits(at, send(at, "shop"))
        end(at, running)
        (running,) = placed(at)
        turns += running in low
    assert turns in {9, 10, 11}


def test_bands_whose_lines_all_stand_aside_leave_the_turn_to_others() -> None:
    routing = RoutingSettings(
        tenants=(Tenant(name="shop", keys=(), band="gold", max_concurrency=1), BANDED.tenants[1]),
        bands=(Band(name="gold", priority=9), IRON),
    )
    at = dispatcher_of(routing, slots=2)
    first, second = send(at, "shop"), send(at, "bank")
    sent(at, first)
    sent(at, second)
    waits(at, send(at, "shop"))
    low = waits(at, send(at, "bank"))
    assert placed(at) == []
    end(at, second)
    assert placed(at) == [low]
