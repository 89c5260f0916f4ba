"""Prompts whose report takes several datagrams: other routers forget them in an engine's order, and know their load."""

from itertools import permutations

import pytest

from tests.routing import engines
from tests.routing.engines import request_of, sent
from tests.routing.peers.groups import World

BLOCKS = range(400)
"""Of one prompt; a datagram has room for 166."""


def test_a_long_prompt_is_forgotten_from_its_end_by_all_routers() -> None:
    """As engines do; with its first block another router would lose sight of all the others."""
    world = World("a", "b")
    where = sent(world.tables["a"], request_of(*BLOCKS))
    world.live(0.1)
    theirs = world.tables["b"].index.blocks(world.endpoint("b", where.pod).slot)
    assert theirs == world.tables["a"].index.blocks(where.slot) == list(reversed(BLOCKS))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_load_of_a_long_prompt_counts_in_whatever_order_its_datagrams_arrive(order: tuple[int, ...]) -> None:
    world = World("a", "b")
    sent(world.tables["a"], request_of(*BLOCKS))
    world.cut = {"a"}
    before = len(world.recorded)
    world.live(0.05)
    datagrams = [one for name, one in world.recorded[before:] if name == "b"]
    assert [world.deliver("b", datagrams[place]) for place in order] == [None] * len(datagrams)
    assert world.loads("b") == world.own("a")


def test_prompts_that_no_receivers_socket_could_hold_at_once_follow_each_other_each_end_before_its_beginning() -> None:
    world = World("a", "b")
    prompts = [range(10_000 * turn, 10_000 * turn + 1_000) for turn in range(1, 6)]
    slots = [sent(world.tables["a"], request_of(*blocks)).pod for blocks in prompts]
    most = 0
    for _ in range(12):
        before = len(world.recorded)
        world.live(0.05)
        most = max(most, sum(1 for name, _ in world.recorded[before:] if name == "b"))
    assert 0 < most <= 20
    for pod, blocks in zip(slots, prompts, strict=True):
        theirs = world.tables["b"].index.blocks(world.endpoint("b", pod).slot)
        assert [one for one in theirs if one in blocks] == list(reversed(blocks))


def test_a_prompt_whose_end_was_reported_is_reported_whole_whatever_else_comes_meanwhile() -> None:
    """Its end alone is of no use to others; a target that is listed before it used to take its place."""
    world = World("a", "b")
    busy, long = world.tables["a"], engines.table("f-0", routers=2)
    theirs = engines.table("f-0", routers=2)
    world.groups["a"].follow({"busy": busy, "long": long})
    world.groups["b"].follow({"busy": world.tables["b"], "long": theirs})
    for turn in range(1, 30):
        if turn == 14:
            sent(long, request_of(*range(4_000)))
        sent(busy, request_of(*range(10_000 * turn, 10_000 * turn + 2_000)))
        world.live(0.05)
    world.live(0.5)
    assert theirs.index.blocks(theirs.endpoints[0].slot) == list(reversed(range(4_000)))


def test_what_was_left_for_the_next_report_is_dropped_when_no_router_is_left_to_read_it() -> None:
    world = World("a", "b")
    where = sent(world.tables["a"], request_of(*range(4_000)))
    world.live(0.05)
    world.groups["a"].take(("a",), 1)
    world.live(0.1)
    world.groups["a"].take(("a", "b"), 2)
    world.live(0.5)
    theirs = world.tables["b"].index.blocks(world.endpoint("b", where.pod).slot)
    assert 0 < len(theirs) < 4_000
