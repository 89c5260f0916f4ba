"""Peers' published algorithms, as far as they are specified."""

from dataclasses import dataclass, replace

from bench.balancers.cache_aware import SGLANG_ROUTER, VLLM_ROUTER, CacheAwareBalancer
from bench.balancers.consistent_hashing import ConsistentHashing
from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet.balancers import Balancer


@dataclass
class Seen:
    """A replica as a router sees it."""

    ordinal: int
    requests: int = 0
    prompt_tokens: int = 0


def arrival_of(
    *prefix: int, time: float = 0.0, session: str | None = None, tokens: int | None = None
) -> RequestArrival:
    length = 16 * len(prefix) + 1 if tokens is None else tokens
    return RequestArrival(time=time, prompt_tokens=length, output_tokens=10, prefix=prefix, session=session)


def chosen(balancer: Balancer, ready: list[Seen], *arrivals: RequestArrival) -> list[int]:
    return [balancer.choose(one, ready).ordinal for one in arrivals]


def test_a_prompt_known_by_a_third_goes_where_it_was_sent_and_less_does_not() -> None:
    balancer, ready = CacheAwareBalancer(SGLANG_ROUTER, 16, 1), [Seen(0), Seen(1)]
    assert chosen(balancer, ready, arrival_of(1, 2, 3, 4)) == [0]
    ready[0].requests = 5
    assert chosen(balancer, ready, arrival_of(1, 2, 3, 4, 5, 6), arrival_of(1, 2, *range(20, 30))) == [0, 1]


def test_out_of_balance_the_fewest_requests_win() -> None:
    balancer, ready = CacheAwareBalancer(SGLANG_ROUTER, 16, 1), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(1, 2))
    ready[0].requests = 65
    assert chosen(balancer, ready, arrival_of(1, 2)) == [1]
    ready[1].requests = 64
    ready[0].requests = 129
    assert chosen(balancer, ready, arrival_of(1, 2)) == [1]
    ready[0].requests = 64
    assert chosen(balancer, ready, arrival_of(1, 2)) == [1]


def test_an_unseen_prompt_goes_to_the_smallest_tree_in_vllm_router_and_to_the_least_loaded_in_sglang() -> None:
    for settings, expected in ((VLLM_ROUTER, 1), (SGLANG_ROUTER, 0)):
        balancer, ready = CacheAwareBalancer(settings, 16, 1), [Seen(0), Seen(1)]
        chosen(balancer, ready, arrival_of(1, 2))
        ready[1].requests = 3
        assert chosen(balancer, ready, arrival_of(9)) == [expected]


def test_trees_are_trimmed_to_their_size_periodically_and_a_removed_replica_gets_no_request() -> None:
    settings = replace(SGLANG_ROUTER, tree_characters=4 * 16 * 2)
    balancer, ready = CacheAwareBalancer(settings, 16, 1), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(1, 2, 3))
    ready[0].requests = 1
    assert chosen(balancer, ready, arrival_of(3, time=59.0), arrival_of(1, time=61.0)) == [0, 1]
    assert chosen(balancer, ready[:1], arrival_of(1, time=62.0)) == [0]


def test_a_node_that_two_were_sent_stays_for_the_other_when_one_forgets_it() -> None:
    settings = replace(SGLANG_ROUTER, tree_characters=4 * 16)
    balancer, ready = CacheAwareBalancer(settings, 16, 1), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(1))
    ready[0].requests = 100
    chosen(balancer, ready, arrival_of(1))
    ready[0].requests = 0
    chosen(balancer, ready[:1], arrival_of(2), arrival_of(3))
    assert chosen(balancer, ready, arrival_of(1, time=61.0)) == [1]


def test_hashing_keeps_a_session_or_a_beginning_in_one_place_and_moves_only_what_it_must() -> None:
    balancer, ready = ConsistentHashing(1), [Seen(number) for number in range(4)]
    for key in range(40):
        (before,) = chosen(balancer, ready, arrival_of(key, key + 1))
        assert chosen(balancer, ready, arrival_of(key, key + 2)) == [before]
        rest = [one for one in ready if one.ordinal != (before + 1) % 4]
        assert chosen(balancer, rest, arrival_of(key)) == [before]
    by_session = {balancer.choose(arrival_of(n, session="x"), ready).ordinal for n in range(20)}
    assert len(by_session) == 1
    assert sorted(chosen(balancer, ready, *(arrival_of(tokens=5) for _ in range(4)))) == [0, 1, 2, 3]
