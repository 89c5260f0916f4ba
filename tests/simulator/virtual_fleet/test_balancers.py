from dataclasses import dataclass

from fairlead.simulator.traffic.arrivals import RequestArrival
from fairlead.simulator.virtual_fleet import balancers
from fairlead.simulator.virtual_fleet.balancers import (
    Balancer,
    FewestRequests,
    LeastTokens,
    PrefixAffinity,
    PrefixAffinitySettings,
    RoundRobin,
)


@dataclass
class Seen:
    """A replica as a router sees it."""

    ordinal: int
    requests: int = 0
    prompt_tokens: int = 0


ARRIVAL = RequestArrival(time=0.0, prompt_tokens=10, output_tokens=10)


def arrival_of(*prefix: int) -> RequestArrival:
    return RequestArrival(time=0.0, prompt_tokens=16 * len(prefix), output_tokens=10, prefix=prefix)


def chosen(balancer: Balancer, ready: list[Seen], *arrivals: RequestArrival) -> list[int]:
    return [balancer.choose(one, ready).ordinal for one in arrivals]


def test_round_robin_takes_turns_and_goes_on_when_a_replica_leaves() -> None:
    balancer, ready = RoundRobin(), [Seen(0), Seen(1), Seen(2)]

    assert chosen(balancer, ready, ARRIVAL, ARRIVAL, ARRIVAL, ARRIVAL) == [0, 1, 2, 0]
    assert chosen(balancer, ready[:2], ARRIVAL, ARRIVAL) == [0, 1]


def test_the_shortest_queue_wins_whatever_is_in_it() -> None:
    assert chosen(FewestRequests(), [Seen(0, 3, 30), Seen(1, 2, 90_000), Seen(2, 2, 10)], ARRIVAL) == [1]


def test_fewest_tokens_win_with_an_estimate_for_each_reply() -> None:
    assert chosen(LeastTokens(), [Seen(0, 1, 5000), Seen(1, 4, 100), Seen(2, 4, 100)], ARRIVAL) == [1]


def test_a_prompt_goes_where_its_beginning_was_read() -> None:
    balancer, ready = PrefixAffinity(PrefixAffinitySettings(stride_pages=2)), [Seen(0), Seen(1)]
    first = chosen(balancer, ready, arrival_of(1, 2, 3, 4))
    ready[0].prompt_tokens = 200

    assert first == [0]
    assert chosen(balancer, ready, arrival_of(1, 2, 3, 4, 5, 6), arrival_of(11, 12, 13, 14)) == [0, 1]


def test_unless_that_replica_is_much_busier_than_the_rest() -> None:
    balancer, ready = PrefixAffinity(PrefixAffinitySettings(stride_pages=2)), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(1, 2))
    ready[0].requests, ready[0].prompt_tokens = 9, 90_000

    assert chosen(balancer, ready, arrival_of(1, 2)) == [1]


def test_or_is_no_longer_there() -> None:
    balancer, ready = PrefixAffinity(PrefixAffinitySettings(stride_pages=2)), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(1, 2))

    assert chosen(balancer, ready[1:], arrival_of(1, 2)) == [1]


def test_what_is_remembered_is_bounded_and_the_oldest_goes_first() -> None:
    balancer, ready = PrefixAffinity(PrefixAffinitySettings(stride_pages=1)), [Seen(0), Seen(1)]
    chosen(balancer, ready, arrival_of(-1))
    chosen(balancer, ready, arrival_of(*range(balancers.REMEMBERED_BLOCKS)))
    ready[0].prompt_tokens = 50

    assert chosen(balancer, ready, arrival_of(-1)) == [1]
