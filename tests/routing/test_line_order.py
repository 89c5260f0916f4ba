"""Which goes first when not all can be in time: one tenant's queue, with engines of a thousand tokens a second."""

import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.accounts import Account
from fairlead.routing.fair_queue import FairQueue, TenantQueue
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.line_order import OWED, LineOrder
from fairlead.routing.ordered_request import OrderedRequest, Timeliness, TimelinessHeap
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.accounted import tenant
from tests.routing.outlooks import outlook_of, request_at, turn, turns


def paced(outlook: FirstTokenOutlook) -> tuple[FairQueue, Account]:
    """A queue that served a thousand tokens in the last second, and its account."""
    queue, shop = FairQueue(outlook), tenant()
    for _ in range(10):
        queue.add(request_at(shop, 100, 0.0))
    for _ in range(9):
        turn(queue)
    outlook.now = 1.0
    turn(queue)
    return queue, shop


@pytest.mark.parametrize(
    "outlook", [outlook_of(None), outlook_of(learnt=False)], ids=["no objective", "nothing learnt"]
)
def test_a_queue_without_an_objective_or_measurements_serves_in_order_of_arrival(outlook: FirstTokenOutlook) -> None:
    queue, shop = FairQueue(outlook), tenant()
    came = [request_at(shop, 100 * place, float(place)) for place in (9, 5, 7)]
    came.sort(key=lambda one: one.arrived)
    again = request_at(shop, 100, 8.0)
    for one in came:
        queue.add(one)
    queue.add(again, first=True)
    outlook.now = 100.0
    assert turns(queue) == [again, *came]
    assert not any(one.late for one in came)


def test_who_can_still_be_in_time_goes_before_who_cannot() -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    late, timely = request_at(shop, 100, 0.0), request_at(shop, 100, 2.5)
    queue.add(late)
    queue.add(timely)
    outlook.now = 3.0
    assert turns(queue) == [timely, late]
    assert (late.late, timely.late) == (True, False)


def test_a_long_prompt_is_late_sooner_than_a_short_one() -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    long, short = request_at(shop, 1500, 0.0), request_at(shop, 100, 0.1)
    queue.add(long)
    queue.add(short)
    outlook.now = 1.0
    assert turns(queue) == [short, long]


def test_the_largest_is_set_aside_where_not_all_can_be_in_time() -> None:
    outlook = outlook_of()
    queue, shop = paced(outlook)
    large, first, last = (request_at(shop, tokens, 1.0) for tokens in (900, 800, 850))
    for one in (large, first, last):
        queue.add(one)
    tenant_queue = queue.first()
    assert tenant_queue is not None
    assert not tenant_queue.needs_room_to_spare(tenant_queue.next)
    assert turns(queue) == [first, last, large]


def test_one_that_is_too_large_to_be_counted_on_waits_for_room_to_spare() -> None:
    outlook = outlook_of()
    queue, shop = paced(outlook)
    others = [request_at(shop, 500, 1.0), request_at(shop, 500, 1.0)]
    large, small = request_at(shop, 499, 1.0), request_at(shop, 90, 1.0)
    for one in (*others, large, small):
        queue.add(one)
    assert turns(queue) == [*others, small, large]


def test_one_that_an_engine_failed_goes_before_all_that_can_be_in_time() -> None:
    outlook = outlook_of()
    queue, shop = paced(outlook)
    others = [request_at(shop, 100, 1.0) for _ in range(3)]
    for one in others:
        queue.add(one)
    failed = request_at(shop, 1000, 0.9)
    queue.add(failed, first=True)
    assert turns(queue) == [failed, *others]


def test_late_ones_are_owed_a_fiftieth_and_wait_for_room_to_spare_otherwise() -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    late = request_at(shop, 100, 0.0)
    queue.add(late)
    outlook.now = 10.0
    tenant_queue = queue.first()
    assert tenant_queue is not None
    assert tenant_queue.needs_room_to_spare(tenant_queue.next)
    passed = 0
    for _ in range(1000):
        queue.add(request_at(shop, 100, 10.0))
        if tenant_queue.next is late:
            break
        passed += turn(queue).expected_tokens
    assert passed == pytest.approx(100 / OWED)
    assert not tenant_queue.needs_room_to_spare(late)
    assert turn(queue) is late
    assert turn(queue) is not late


def test_the_one_that_became_late_last_is_known_and_others_are_not() -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    assert queue.newest_late(shop) is None
    early, late, timely = request_at(shop, 100, 0.0), request_at(shop, 100, 1.0), request_at(shop, 100, 9.5)
    for one in (early, late, timely):
        queue.add(one)
    outlook.now = 10.0
    assert queue.newest_late(shop) is late
    queue.withdraw(late, queue_line(late))
    assert queue.newest_late(shop) is early
    assert queue.newest_late(tenant("other")) is None


def queue_line(request: RoutingRequest) -> TenantQueue:
    """The line in which it waits."""
    assert isinstance(request.queue, TenantQueue)
    return request.queue


def test_those_that_are_hopeless_are_given_up_where_late_ones_are_refused() -> None:
    outlook = outlook_of(refuses=True)
    queue, shop = FairQueue(outlook), tenant()
    one, other = request_at(shop, 100, 0.0), request_at(shop, 100, 0.5)
    queue.add(one)
    queue.add(other)
    queue.withdraw(other, queue_line(other))
    outlook.now = 10.0
    queue.first()
    assert turn(queue) is one
    assert outlook.given_up == [one]


def test_an_order_without_anybody_has_no_next_one() -> None:
    with pytest.raises(AssertionError, match="nobody waits in this queue"):
        LineOrder(outlook_of()).next()


def test_a_heap_forgets_those_that_left_it_long_before_they_come_up() -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    kept = request_at(shop, 100, 0.0)
    queue.add(kept)
    gc.collect()
    before = sum(type(one) is OrderedRequest for one in gc.get_objects())
    for _ in range(1000):
        gone = request_at(shop, 100, 1.0)
        queue.add(gone)
        queue.withdraw(gone, queue_line(gone))
    gc.collect()
    assert sum(type(one) is OrderedRequest for one in gc.get_objects()) - before < 200
    assert turns(queue) == [kept]
    assert TimelinessHeap(Timeliness.LATE).first() is None


class Counted(FirstTokenOutlook):
    """Counts how often a request is checked."""

    judged = 0

    def latest_start(self, request: RoutingRequest) -> float:
        """As the base class does."""
        Counted.judged += 1
        return super().latest_start(request)


def test_ten_thousand_that_wait_are_each_judged_a_few_times_whatever_happens() -> None:
    outlook = Counted(outlook_of().speed)
    outlook.objective_seconds = 2.0
    queue, shop = FairQueue(outlook), tenant()
    Counted.judged = 0
    for place in range(10_000):
        outlook.now = place / 1000
        queue.add(request_at(shop, 100 + place % 7, outlook.now))
        if place % 10 == 0:
            turn(queue)
    outlook.now = 100.0
    turns(queue)
    assert Counted.judged < 10 * 10_000


ACTS = st.lists(st.tuples(st.sampled_from(["add", "add", "serve", "leave"]), st.integers(1, 3000), st.floats(0.0, 1.5)))


@given(ACTS)
def test_always_everybody_who_waits_has_a_turn_and_a_late_one_goes_first_only_when_it_is_owed(
    acts: list[tuple[str, int, float]],
) -> None:
    outlook = outlook_of()
    queue, shop = FairQueue(outlook), tenant()
    waiting: list[RoutingRequest] = []
    for act, tokens, seconds in acts:
        outlook.now += seconds
        if act == "add":
            waiting.append(request_at(shop, tokens, outlook.now))
            queue.add(waiting[-1])
        elif waiting and act == "leave":
            one = waiting.pop(tokens % len(waiting))
            queue.withdraw(one, queue_line(one))
        elif waiting:
            tenant_queue = queue.first()
            assert tenant_queue is not None
            one = tenant_queue.next
            spare = tenant_queue.needs_room_to_spare(one)
            hopeful = [other for other in waiting if outlook.latest_start(other) >= outlook.now]
            assert not (hopeful and one.late and spare)
            assert queue.serve(tenant_queue) is one
            waiting.remove(one)
    outlook.now += 100.0
    assert sorted(turns(queue), key=id) == sorted(waiting, key=id)
    assert queue.waiting == 0


@given(st.lists(st.integers(1, 2000), min_size=1, max_size=30), st.integers(1, 2000))
def test_always_a_late_one_is_served_after_fifty_times_its_tokens_and_one_largest_request(
    flood: list[int], cost: int
) -> None:
    outlook = outlook_of(objective=1000.0)
    queue, shop = FairQueue(outlook), tenant()
    late = request_at(shop, cost, -2000.0)
    queue.add(late)
    passed = 0
    for place in range(200_000):
        queue.add(request_at(shop, flood[place % len(flood)], 0.0))
        served = turn(queue)
        if served is late:
            break
        passed += served.expected_tokens
    assert passed <= cost / OWED + max(flood)
