"""More adapters than slots: an adapter waits no longer than a stream lives, and others do not wait for that."""

import random
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.routing.adapter_slots import TURN_SECONDS
from fairlead.routing.slot_claims import LAPSES_SECONDS
from tests.routing.adapter_worlds import STEP_S, AdapterWorld, Stream

LONGEST_S: Final = 2.0
SWEEP_S: Final = 0.3
"""Until a peer's report has arrived, and waiting requests are checked."""


def crowded(world: AdapterWorld, *hot: str, seconds: float, every: float = 0.2) -> None:
    """A stream for each hot adapter at each router in turn, repeatedly, so that some of them always run."""
    until, turn = world.now + seconds, 0
    while world.now < until:
        for name in hot:
            world.stream(name, LONGEST_S, turn % world.routers)
            turn += 1
        world.live(every)


def waited(stream: Stream) -> float:
    assert stream.began is not None, f"a request for {stream.adapter} never began"
    return stream.began - stream.came


@pytest.mark.parametrize("routers", [1, 3])
def test_a_cold_adapter_begins_when_the_streams_have_ended_that_ran_when_it_came(routers: int) -> None:
    world = AdapterWorld(routers)
    crowded(world, "a", "b", seconds=4)
    cold = world.stream("c", router=routers - 1)
    crowded(world, "a", "b", seconds=4)
    assert 0 < waited(cold) <= LONGEST_S + SWEEP_S
    assert len(world.active()) == 2, "the slots are taken again by those that always have requests"


def test_the_base_model_and_the_other_adapter_do_not_wait_for_it() -> None:
    world = AdapterWorld()
    crowded(world, "a", "b", seconds=3)
    for _ in range(3):
        world.stream("a", 0.5)
    cold = world.stream("c")
    world.live(0.2)
    base, other = world.stream(None), world.stream("a")
    assert not cold.has_begun()
    assert (waited(base), waited(other)) == (0.0, 0.0), "a has more to end than b, whose slot was claimed"
    kept_out = world.stream("b")
    world.live(LONGEST_S + SWEEP_S)
    assert waited(cold) <= LONGEST_S + SWEEP_S
    assert not kept_out.has_begun() or waited(kept_out) >= waited(cold) - 0.2


def test_an_adapter_that_waits_for_engines_goes_before_its_own_later_requests() -> None:
    world = AdapterWorld()
    crowded(world, "a", "b", seconds=2)
    first = world.stream("c")
    later = world.stream("c")
    world.live(LONGEST_S + SWEEP_S)
    assert waited(first) == pytest.approx(waited(later), abs=STEP_S), "one slot is enough for both"


def test_who_leaves_while_it_waits_takes_its_claim_along() -> None:
    world = AdapterWorld()
    crowded(world, "a", "b", seconds=2)
    cold = world.stream("c")
    world.live(0.1)
    (ceding,) = (one for one in "ab" if not world.dispatchers[0].table.endpoints[0].slots.has(one))
    kept_out = world.stream(ceding)
    assert not kept_out.has_begun()
    world.leave(cold)
    world.live(LAPSES_SECONDS + SWEEP_S)
    assert kept_out.has_begun(), "its adapter gave its slot to nobody"
    assert len(world.active()) == 2


def test_three_hot_adapters_share_two_slots_by_turns_and_not_by_single_requests() -> None:
    world = AdapterWorld()
    crowded(world, "a", "b", "c", seconds=20)
    world.live(3 * (LONGEST_S + TURN_SECONDS))
    waits = {name: max(waited(one) for one in world.streams if one.adapter == name) for name in "abc"}
    assert all(one <= 2 * (LONGEST_S + TURN_SECONDS + SWEEP_S) for one in waits.values()), waits
    turns = {(one.began, one.adapter) for one in world.streams}
    assert len(turns) < len(world.streams) / 2, "those that waited together begin together"


def test_a_claim_goes_to_the_engine_where_the_fewest_requests_have_to_end() -> None:
    world = AdapterWorld(engines=2, slots=1, adapters="ab")
    for _ in range(5):
        world.stream("a", 6.0)
    world.live(TURN_SECONDS + 2 * STEP_S)
    world.stream("a", 0.5)
    loads = {pod: world.active(pod)["a"] for pod in ("e-0", "e-1")}
    cold = world.stream("b")
    fewest = min(loads, key=lambda pod: loads[pod])
    claimed = [one.pod for one in world.dispatchers[0].table.endpoints if one.slots.waiting]
    assert claimed == [fewest]
    world.live(7.0)
    assert waited(cold) <= 6.0 + SWEEP_S


def test_an_engine_that_goes_takes_the_claim_on_it_along() -> None:
    world = AdapterWorld(engines=2, slots=1, adapters="ab")
    for _ in range(4):
        world.stream("a", 4.0)
    world.live(TURN_SECONDS + 2 * STEP_S)
    cold = world.stream("b", 1.0)
    table = world.dispatchers[0].table
    claimed = next(one for one in table.endpoints if one.slots.waiting)
    table.loaded(claimed, frozenset("a"))
    world.live(0.3)
    assert not claimed.slots.waiting
    world.live(4.0 + SWEEP_S)
    assert waited(cold) <= 4.0 + SWEEP_S


def test_two_routers_that_fill_the_last_slot_at_once_let_the_engine_empty_one() -> None:
    world = AdapterWorld(routers=2, slots=1, adapters="ab")
    first, second = world.stream("a", 1.0, router=0), world.stream("b", 1.0, router=1)
    world.live(0.3)
    assert first.has_begun() != second.has_begun(), "one of them waits inside the engine"
    more = [world.stream("a", 1.0, router=0), world.stream("b", 1.0, router=1)]
    assert not any(one.has_begun() for one in more)
    world.live(5.0)
    assert all(waited(one) <= 3.5 for one in (first, second, *more))


def test_a_turn_that_follows_its_own_ceding_at_once_is_one_for_all_routers() -> None:
    """Router 1 orders adapter a to cede; at router 0 its last stream ends, and the longest wait starts its next one.

    Router 1 never sees a moment without it: it would cede forever, one stream at a time at router 0.
    """
    dice = random.Random(60)  # noqa: S311  # traffic, of which a waited 28 s
    world = AdapterWorld(routers=2, slots=2, adapters="abcde")
    for _ in range(200):
        name = dice.choice("aaaabbbbcde")
        world.stream(name, dice.uniform(0.1, LONGEST_S), dice.randrange(2))
        world.live(dice.choice((0.05, 0.1, 0.2)))
    world.live(15 * (LONGEST_S + TURN_SECONDS))
    assert max(waited(one) for one in world.streams) <= 3 * (LONGEST_S + TURN_SECONDS + SWEEP_S)


@settings(max_examples=settings.get_profile("house").max_examples * 5 // 8)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 2), st.integers(1, 3))
def test_no_adapter_ever_starves_and_every_slot_is_given_back(
    seed: int, routers: int, engines: int, slots: int
) -> None:
    dice = random.Random(seed)  # noqa: S311  # traffic
    world = AdapterWorld(routers, engines, slots, adapters="abcde")
    for _ in range(200):
        name = dice.choice("aaaabbbbcde")
        world.stream(name, dice.uniform(0.1, LONGEST_S), dice.randrange(routers))
        world.live(dice.choice((0.05, 0.1, 0.2)))
    world.live(15 * (LONGEST_S + TURN_SECONDS))
    longest = max(waited(one) for one in world.streams)
    turns = 5 if slots > 1 else 10  # two routers may fill the only slot at once, which costs a turn
    assert longest <= turns * (LONGEST_S + TURN_SECONDS + SWEEP_S), "each of five adapters takes one turn at most"
    for dispatcher in world.dispatchers:
        assert dispatcher.waiting == 0
        for endpoint in dispatcher.table.endpoints:
            assert endpoint.slots.uses(world.now) == ()
            assert endpoint.slots.has("z")
