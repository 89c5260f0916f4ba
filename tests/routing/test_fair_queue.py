"""Weighted token-fair queueing between tenants."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing.accounts import Account
from fairlead.routing.fair_queue import FairQueue
from fairlead.routing.first_token_outlook import FirstTokenOutlook
from fairlead.routing.first_token_speed import FirstTokenSpeed
from fairlead.routing.queue_place import ASIDE, GIVING_WAY, IN_HEAP, PARKED
from fairlead.routing.routing_request import RoutingRequest
from tests.routing.accounted import request_of, tenant


def served(queue: FairQueue, most: int = 1000) -> list[RoutingRequest]:
    """The requests that are served, in order."""
    order: list[RoutingRequest] = []
    while len(order) < most and (tenant_queue := queue.first()) is not None:
        order.append(queue.serve(tenant_queue))
    return order


def names(requests: list[RoutingRequest]) -> str:
    return "".join(request.account.name for request in requests)


def test_two_tenants_take_turns_no_matter_which_sent_more() -> None:
    queue = FairQueue()
    flood, shop = tenant("f"), tenant("s")
    for _ in range(6):
        queue.add(request_of(flood))
    for _ in range(2):
        queue.add(request_of(shop))
    assert names(served(queue)) == "fsfsffff"


def test_turns_are_counted_in_tokens_not_in_requests() -> None:
    queue = FairQueue()
    large, small = tenant("L"), tenant("s")
    for _ in range(2):
        queue.add(request_of(large, cost=300))
    for _ in range(6):
        queue.add(request_of(small, cost=100))
    assert names(served(queue)) == "LsssLsss"


def test_a_tenant_of_double_weight_gets_double() -> None:
    queue = FairQueue()
    gold, iron = tenant("g", weight=2), tenant("i")
    for _ in range(4):
        queue.add(request_of(gold))
        queue.add(request_of(iron))
    assert Counter(names(served(queue, most=6))) == {"g": 4, "i": 2}


def test_a_tenants_own_requests_keep_their_order() -> None:
    queue = FairQueue()
    mine = [request_of(tenant("m"), cost) for cost in (900, 10, 500)]
    shop = mine[0].account
    for request in mine:
        request.account = shop
        queue.add(request)
    assert served(queue) == mine


def test_one_that_failed_elsewhere_goes_before_its_tenants_others() -> None:
    queue, shop = FairQueue(), tenant()
    first, again = request_of(shop), request_of(shop)
    queue.add(first)
    queue.add(again, first=True)
    assert served(queue) == [again, first]


def test_a_quiet_tenant_is_next_and_saved_nothing_up() -> None:
    queue, busy, quiet = FairQueue(), tenant("b"), tenant("q")
    for _ in range(20):
        queue.add(request_of(busy))
    served(queue, most=10)
    for _ in range(3):
        queue.add(request_of(quiet))
    assert names(served(queue, most=6)) in {"bqbqbq", "qbqbqb"}


def test_many_adapters_are_no_more_of_a_share_than_one() -> None:
    queue, many, one = FairQueue(), tenant("m"), tenant("o")
    for place in range(9):
        queue.add(request_of(many, adapter=f"adapter-{place % 3}"))
        queue.add(request_of(one))
    assert Counter(names(served(queue, most=10))) == {"m": 5, "o": 5}


def test_a_queue_that_stepped_aside_is_skipped_until_it_is_put_back() -> None:
    queue, shop = FairQueue(), tenant("s")
    stuck, other = request_of(shop, adapter="legal"), request_of(shop)
    queue.add(stuck)
    queue.add(other)
    tenant_queue = queue.first()
    assert tenant_queue is not None
    assert tenant_queue.next is stuck
    queue.step_aside(tenant_queue)
    assert served(queue) == [other]
    queue.put_back(tenant_queue)
    queue.put_back(tenant_queue)
    assert served(queue) == [stuck]
    queue.put_back(tenant_queue)
    assert queue.first() is None


def test_a_queue_is_in_one_place_at_a_time() -> None:
    queue, shop, outlook = FairQueue(), tenant("s"), FirstTokenOutlook(FirstTokenSpeed())
    only = request_of(shop)
    queue.add(only)
    tenant_queue = queue.first()
    assert tenant_queue is not None
    places = [tenant_queue.place]
    for place in (ASIDE, PARKED):
        queue.step_aside(tenant_queue, place)
        places.append(tenant_queue.place)
        queue.put_back(tenant_queue)
        places.append(tenant_queue.place)
    queue.give_way(tenant_queue, outlook)
    places.append(tenant_queue.place)
    queue.put_back(tenant_queue)
    places.append(tenant_queue.place)
    queue.withdraw(only, tenant_queue)
    places.append(tenant_queue.place)
    assert places == [IN_HEAP, ASIDE, IN_HEAP, PARKED, IN_HEAP, GIVING_WAY, GIVING_WAY, ASIDE]
    queue.add(only)
    assert served(queue) == [only], "and what was in it before does not keep it from its turn"


def test_queues_that_gave_way_return_in_that_order_in_every_run() -> None:
    queue, shop, outlook = FairQueue(), tenant("s"), FirstTokenOutlook(FirstTokenSpeed())
    requests = [request_of(shop, adapter=f"adapter-{place}") for place in range(30)]
    for one in requests:
        queue.add(one)
    while (tenant_queue := queue.first()) is not None:
        queue.give_way(tenant_queue, outlook)
    queue.add(in_time := request_of(shop))
    assert served(queue) == [in_time, *requests]


def test_queues_that_gave_way_return_in_that_order_if_their_tenants_turn_is_due() -> None:
    outlook = FirstTokenOutlook(FirstTokenSpeed())
    outlook.objective_seconds = 1.0
    queue, shop = FairQueue(outlook), tenant("s")
    requests = [request_of(shop, adapter=f"adapter-{place}") for place in range(6)]
    for one in (request_of(shop), *requests):
        queue.add(one)
    served(queue, most=1)
    while (tenant_queue := queue.first()) is not None:
        queue.give_way(tenant_queue, outlook)
    outlook.now += 5.0
    queue.take_back(spare=False)
    in_turn = []
    while (tenant_queue := queue.first()) is not None:
        in_turn.append(tenant_queue.next)
        queue.step_aside(tenant_queue)
    assert in_turn == requests


def test_withdrawn_ones_have_no_turn() -> None:
    queue, shop = FairQueue(), tenant()
    requests = [request_of(shop) for _ in range(3)]
    for request in requests:
        queue.add(request)
    for request in (requests[0], requests[2]):
        assert request.queue is not None
        request.queue.withdraw(request)
    assert (queue.waiting, queue.requests) == (1, [requests[1]])
    assert served(queue) == [requests[1]]
    assert (queue.waiting, queue.waits(shop, None)) == (0, False)


def test_a_request_passes_those_of_its_tenant_that_wait_for_another_adapter() -> None:
    queue, shop = FairQueue(), tenant()
    queue.add(request_of(shop, adapter="sql"))
    assert [queue.waits(shop, name) for name in ("sql", "law", None)] == [True, False, False]
    queue.add(request_of(shop))
    assert [queue.waits(shop, name) for name in ("sql", "law", None)] == [True, True, True]
    assert not queue.waits(tenant("other"), None)


Story = list[tuple[int, int]]


@given(
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.lists(st.integers(1, 1000), min_size=30, max_size=30),
    st.lists(st.integers(1, 1000), min_size=30, max_size=30),
    st.integers(1, 40),
)
def test_always_two_that_wait_differ_by_at_most_one_largest_request_each(
    weights: tuple[int, int], left: list[int], right: list[int], turns: int
) -> None:
    """Normalised service, over every stretch in which both have waiting requests."""
    queue = FairQueue()
    tenants = [tenant("l", weight=weights[0]), tenant("r", weight=weights[1])]
    for account, costs in zip(tenants, (left, right), strict=True):
        for cost in costs:
            queue.add(request_of(account, cost))
    bound = max(left) / weights[0] + max(right) / weights[1]
    service: dict[Account, float] = dict.fromkeys(tenants, 0.0)
    history = [0.0]
    for _ in range(turns):
        if not all(queue.waits(account, None) for account in tenants):
            break
        request = served(queue, most=1)[0]
        service[request.account] += request.expected_tokens / request.account.tenant.weight
        history.append(service[tenants[0]] - service[tenants[1]])
    assert max(history) - min(history) <= bound + 1e-6


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(1, 500)), max_size=60))
def test_always_everybody_who_waits_is_served_once_or_withdrawn(story: list[tuple[int, int, int]]) -> None:
    """Adding, withdrawing, serving and standing aside in any order loses and duplicates nothing."""
    queue = FairQueue()
    tenants = [tenant(str(place)) for place in range(3)]
    waiting: list[RoutingRequest] = []
    aside = []
    for act, whose, cost in story:
        if act == 0:
            request = request_of(tenants[whose], cost, adapter=str(cost % 2))
            queue.add(request)
            waiting.append(request)
        elif act == 1 and waiting:
            request = waiting.pop(cost % len(waiting))
            assert request.queue is not None
            request.queue.withdraw(request)
        elif act == 2 and (line := queue.first()) is not None:
            waiting.remove(queue.serve(line))
        elif act == 3 and (line := queue.first()) is not None:
            queue.step_aside(line)
            aside.append(line)
        assert queue.waiting == len(waiting) == len(queue.requests)
    for line in aside:
        queue.put_back(line)
    assert set(served(queue)) == set(waiting)
    assert queue.waiting == 0
