"""Where routers agree that a conversation belongs, and by which of its blocks."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from fairlead.routing import prefix_popularity, rendezvous
from fairlead.routing.endpoint import Endpoint
from fairlead.routing.prefix_popularity import PrefixPopularity

SYSTEM = tuple(range(1, 21))


def engines(*names: str) -> list[Endpoint]:
    """By their pods."""
    return [Endpoint(name, name, slot, place=rendezvous.number(name)) for slot, name in enumerate(names)]


def test_the_number_of_a_pod_is_the_same_everywhere() -> None:
    assert rendezvous.number("chat-0") == 0xB65C23A7CE19ECFA
    assert rendezvous.number("chat-0") != rendezvous.number("chat-1")
    assert rendezvous.rendezvous_endpoint(1, []) is None


@given(st.integers(-(2**63), 2**64 - 1))
def test_when_an_engine_goes_only_its_own_keys_ever_move(key: int) -> None:
    all_of_them = engines("a", "b", "c", "d")
    before = rendezvous.rendezvous_endpoint(key, all_of_them)
    rest = [one for one in all_of_them if one.pod != "b"]
    after = rendezvous.rendezvous_endpoint(key, rest)
    assert before is not None
    assert after is before if before.pod != "b" else after in rest


def test_keys_are_spread_evenly() -> None:
    eight = engines(*(f"engine-{number}" for number in range(8)))
    counts = Counter(one.pod for key in range(8000) if (one := rendezvous.rendezvous_endpoint(key, eight)) is not None)
    assert min(counts.values()) > 900
    assert max(counts.values()) < 1100


def test_a_talk_is_named_by_its_first_block_while_few_begin_so() -> None:
    made = PrefixPopularity()
    assert made.key((5, 6, 7), 8) == 5
    made.saw((5, 6, 7))
    assert made.key((5, 6, 7), 8) == 5


def test_a_crowd_that_all_share_is_parted_where_its_talks_begin() -> None:
    made = PrefixPopularity()
    for user in range(40):
        for turn in range(3):
            made.saw(SYSTEM + tuple(100 * user + 1000 + number for number in range(2 + turn)))
    assert made.key((*SYSTEM, 1100, 1101, 1102), 8) == 1100
    assert made.key((*SYSTEM, 4300, 4301), 8) == 4300
    assert made.key(SYSTEM, 8) == 1
    assert made.key((*SYSTEM, 77_777), 8) == 77_777


def test_the_key_is_the_first_block_after_both_levels_of_shared_instructions() -> None:
    made = PrefixPopularity()
    for kind in (50, 60):
        for user in range(20):
            made.saw((*SYSTEM, kind, 1000 * kind + user))
    assert made.key((*SYSTEM, 50, 50_007), 8) == 50_007


def test_one_talk_that_is_most_of_the_traffic_keeps_its_name_while_it_grows() -> None:
    made = PrefixPopularity()
    session = tuple(range(1, 101))
    for length in range(60, 101):
        made.saw(session[:length])
    assert {made.key(session[:length], 8) for length in (60, 80, 100)} == {1}


def test_counts_are_bounded_and_what_was_met_once_goes_first() -> None:
    made = PrefixPopularity()
    for _ in range(4):
        made.saw((1, 2, 3))
    for number in range(prefix_popularity.MOST):
        made.saw((1000 + number,))
    assert len(made.times) < prefix_popularity.MOST
    assert made.times[1] == 2
